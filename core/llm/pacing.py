"""As many requests at once as the service can use: additive increase, halving when it says stop.

The service counts as full when replies take so much longer than at best that requests must be waiting in its queue:
limit × (1 − best / now) is the number waiting, as in TCP Vegas (Brakmo and Peterson, 1995). Times are seconds per
token, averaged over a round of replies, since single replies differ in length and luck.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from core.llm.allowance import Allowance, Request
from core.llm.errors import Throttled

I = TypeVar("I")  # noqa: E741
O = TypeVar("O")  # noqa: E741

MOST_AT_ONCE = 64
"""Requests at once that nobody needs more of; the pacer finds how many a service can use."""
ROUND = 6
_SPREAD = 0.5  # share of the time of a request over which as many as run at once are begun
DRIFT = 1.001
"""Growth of the best time a round, so that a service that became slower is not taken for a full one for ever."""


class Pacer:
    """Limits concurrent requests; thread-safe.

    Args:
        most: never more requests at once than this.
        start: requests at once before anything is known.
        steady: the service is known to take `most` at once (our own model server, which answers them in one batch),
            so nothing is measured; it still may say stop.
        sleep: waits so many seconds; may return earlier, and raise to end the waiting. With it requests are spread over
            the time that one takes, so that the first refusal comes before many others are on their way.
    """

    def __init__(self, most: int = MOST_AT_ONCE, start: int = 1, clock: Callable[[], float] = time.monotonic,
                 steady: bool = False, sleep: Callable[[float], object] | None = None) -> None:
        self.most = most
        self.allowance = Allowance(clock)
        self._sleep, self._usual, self._next = sleep, 0.0, 0.0
        self.limit = float(most if steady else min(start, most))
        self._steady = steady
        self._clock = clock
        self._busy = 0
        self._best = float("inf")
        self._seconds = self._size = 0.0
        self._replies = 0
        self._probing = True
        self._halved_at = float("-inf")
        self._free = threading.Condition()

    def room(self) -> int:
        """Items worth having in work: as many as requests may run, and the next."""
        return int(self.limit) + 1

    @contextmanager
    def slot(self) -> Iterator[Callable[[float], None]]:
        """Waits for a free place; call the value it gives with the size of the reply (tokens) after a success."""
        with self._free:
            self._free.wait_for(lambda: self._busy < int(self.limit))
            self._busy += 1
        try:
            request = self._allowed()
            try:
                yield lambda size: self._succeeded(self._clock() - request.started, max(size, 1.0))
            except Throttled as fault:
                self.allowance.ended(request, refused=fault.status == 429 and not self._steady, wait_s=fault.wait_s)
                raise
            finally:
                if not request.outcome:
                    self.allowance.ended(request)
        finally:
            with self._free:
                self._busy -= 1
                self._free.notify_all()

    def _allowed(self) -> Request:
        """Waits until it is the turn of a request, and the service's allowance lets it begin."""
        sleep = self._sleep or time.sleep
        if self._sleep and not self._steady:
            with self._free:
                now = self._clock()
                self._next = max(now, self._next + _SPREAD * self._usual / self.limit)
                wait = self._next - now
            if wait > 0:
                sleep(wait)
        while isinstance(request := self.allowance.start(), float):
            sleep(request)
        return request

    def throttled(self) -> None:
        """The service refused or timed out: half as many from now on, once per second at most."""
        with self._free:
            now = self._clock()
            if now - self._halved_at >= 1.0:
                self.limit, self._halved_at, self._probing = max(1.0, self.limit / 2), now, False

    def _succeeded(self, seconds: float, size: float) -> None:
        with self._free:
            if self._steady:
                self.limit = min(float(self.most), self.limit + 1)
                self._free.notify_all()
                return
            self._usual = seconds if not self._usual else 0.9 * self._usual + 0.1 * seconds
            self._seconds, self._size, self._replies = self._seconds + seconds, self._size + size, self._replies + 1
            if self._replies >= max(ROUND, int(self.limit)):
                self._end_round(max(self._seconds / self._size, 1e-9))
                self._seconds = self._size = 0.0
                self._replies = 0
            self._free.notify_all()

    def _end_round(self, now: float) -> None:
        self._best = min(self._best * DRIFT, now)
        waiting = self.limit * (1 - self._best / now)
        if waiting > max(2.0, self.limit / 4):
            self.limit, self._probing = max(1.0, self.limit - waiting / 2), False
        elif waiting <= max(0.7, self.limit / 10):
            self.limit = min(float(self.most), self.limit * 1.5 + 0.5 if self._probing else self.limit + 1)
        else:
            self._probing = False


def run_many(
    items: Sequence[I], work: Callable[[I], O], *, workers: int, should_stop: Callable[[], bool] = lambda: False,
    room: Callable[[], int] | None = None
) -> Iterator[tuple[I, Future[O]]]:
    """Runs `work` over `items` in threads and yields each with its finished future, in order of completion.

    No item is started after `should_stop()` is true or after the consumer leaves; those in flight are waited for.

    Args:
        workers: never more items in work at once.
        room: how many may be in work now, so that none waits for its turn in a thread and goes on after a stop.
    """
    queue = iter(items)
    pending: dict[Future[O], I] = {}
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="helper") as pool:
        while True:
            while len(pending) < min(workers, room() if room else workers) and not should_stop():
                try:
                    item = next(queue)
                except StopIteration:
                    break
                pending[pool.submit(work, item)] = item
            if not pending:
                return
            for future in wait(pending, timeout=0.5, return_when=FIRST_COMPLETED).done:
                yield pending.pop(future), future
