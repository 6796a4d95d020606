"""The limited children that read one document at the same time: when to start one, and what the end of one means."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from core.documents.slots import Slots
from core.documents.types import Message
from core.errors import UserError
from core.jobs.sandbox import Limited

DEATHS_IN_A_ROW = 4
WORTH_A_CHILD_S = 6.0
"""Starting a child and loading its libraries takes about half of it."""
_LOOK_S = 0.2


class Stopped(Exception):
    """The person asked to stop; the finished pages are stored."""


@dataclass(eq=False)
class Reading:
    """One child at its work.

    Args:
        pages: what it has begun and not ended; two while it looks ahead.
        opened: it has begun a page, so it could open the file.
        clock: when it last began or ended a page, or was started (monotonic, seconds).
        late: it was ended because a page took too long.
        refused: why it could not read the last page that failed without costing the child.
    """

    pages: list[int] = field(default_factory=list)
    opened: bool = False
    clock: float = field(default_factory=time.monotonic)
    late: bool = False
    refused: Message | None = None
    outcome: Limited = field(default_factory=Limited)
    raised: BaseException | None = None

    @property
    def failure(self) -> str:
        """"" for success, else "time", "memory", "crash", "error" or "stopped"."""
        failure = "time" if self.late else self.outcome.failure
        return failure if failure in ("", "error", "stopped", "time", "memory") else "crash"


@dataclass
class Crew:
    """Everything that reads one document.

    Args:
        read: runs one child to its end.
        left: pages that nobody has begun, None while unknown.
        lost: pages that were begun and neither stored nor given up; they can be begun again afterwards.
        give_up: told of a page that cost its child, and why.
        pace: seconds that a page takes one child, None before the first is done.
        log: for the people who look after the program.
        parallel: whether several children may share the pages.
        deaths: children that died since the last page that was read.
        ahead: children may begin a page while the one before is finished. One that dies over two pages is not told
            which of them was to blame: both are read again, and from then on pages are read one by one.
    """

    read: Callable[[Reading], Limited]
    left: Callable[[], int | None]
    lost: Callable[[], list[int]]
    give_up: Callable[[int, str], None]
    pace: Callable[[], float | None]
    slots: Slots
    should_stop: Callable[[], bool]
    log: Callable[[str], None]
    parallel: bool = True
    deaths: int = 0
    ahead: bool = True
    over: bool = field(default=False, init=False)
    _running: set[Reading] = field(default_factory=set, init=False)
    _ended: queue.Queue[Reading] = field(default_factory=queue.Queue, init=False)

    def work(self) -> Message | None:
        """Reads until no page is left; returns the error that ended it before, else None.

        Raises Stopped, and what storing the pages raises.
        """
        try:
            self._start_first()
            while self._running:
                try:
                    reading = self._ended.get(timeout=_LOOK_S)
                except queue.Empty:
                    self._grow()
                    continue
                self._running.discard(reading)
                if error := self._end(reading):
                    return error
            return None
        finally:
            self.over = True
            for _ in range(len(self._running)):
                self._ended.get()

    def ended_all(self) -> bool:
        """Whether children have to end: the work is over, or the person asked to stop."""
        return self.over or self.should_stop()

    def _end(self, reading: Reading) -> Message | None:
        """Draws the conclusion from the end of a child, and starts another where there is something left."""
        if reading.raised is not None:
            raise reading.raised
        failure = reading.failure
        if failure == "stopped":
            raise Stopped
        if failure == "error":
            return reading.outcome.error
        if failure:
            self.log(f"pages {reading.pages}: {failure}\n{reading.outcome.detail[-4000:]}")
            doubtful, self.ahead = self.ahead and len(reading.pages) > 1, self.ahead and len(reading.pages) < 2
            self.deaths += not doubtful
            if reading.pages and not doubtful:
                self.give_up(reading.pages[-1], failure)
            elif not self._running and not reading.opened:
                return UserError(f"documents.error.{failure}").as_dict()
            if self.deaths >= DEATHS_IN_A_ROW:
                return UserError(f"documents.error.{failure}").as_dict()
        left = self.left()
        if not left:
            left = 0 if self._running else len(self.lost())
        if not self._running and left:
            self._start_first()
        else:
            self._grow()
        return None

    def _grow(self) -> None:
        """Starts a further child where there is enough to do for it, and a slot."""
        left, pace = self.left(), self.pace()
        if not self.parallel or not left or not self._running or pace is None or self.ended_all():
            return
        if left * pace / len(self._running) >= WORTH_A_CHILD_S and self.slots.try_take():
            self._start()

    def _start_first(self) -> None:
        if not self.slots.take(self.should_stop):
            raise Stopped
        self._start()

    def _start(self) -> None:
        reading = Reading()
        self._running.add(reading)
        threading.Thread(target=self._run, args=(reading,), daemon=True).start()

    def _run(self, reading: Reading) -> None:
        try:
            reading.outcome = self.read(reading)
        except BaseException as error:  # raised again in the thread of `work`
            reading.raised = error
        finally:
            self.slots.give()
            self._ended.put(reading)
