"""What a job's own code is given: its parameters, its folder, and ways to report."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.jobs.history import append_event
from core.storage import Workspace
from core.storage.workspace import JobPaths

_PROGRESS_EVERY_S = 0.25
_ALIVE_EVERY_S = 60.0


class JobStopped(Exception):
    """Raised by a handler that ends because it was asked to stop."""


@dataclass
class JobContext:
    """One sitting of one job, inside its own process. `listeners` hear all numbers; they must return at once."""

    ws: Workspace
    id: str
    params: dict[str, Any]
    sitting: int = 1
    listeners: list[Callable[[dict[str, float | int | None]], None]] = field(default_factory=list, repr=False)
    _terminated: bool = field(default=False, repr=False)
    _last: tuple[float, float | None, float] = field(default=(-1.0, None, float("-inf")), repr=False)
    _last_part: float = field(default=float("-inf"), repr=False)
    _last_sign: float = field(default=float("-inf"), repr=False)

    @property
    def paths(self) -> JobPaths:
        """The job's files."""
        return self.ws.job(self.id)

    @property
    def dir(self) -> Path:
        """The job's folder; results may be written below it."""
        return self.paths.dir

    def phase(self, name: str) -> None:
        """Begins a named part of the work; its progress counts from zero."""
        self._last = (-1.0, None, float("-inf"))
        append_event(self.paths.events, "phase", name=name)

    def progress(self, done: float, total: float | None = None, unit: str = "") -> None:
        """Reports `done` of `total` units; calls may be as frequent as they like, few are written."""
        now = time.monotonic()
        if done != total and now - self._last[2] < _PROGRESS_EVERY_S or (done, total) == self._last[:2]:
            return
        self._last = (done, total, now)
        append_event(self.paths.events, "progress", durable=False, done=done, total=total, unit=unit)

    def part(self, name: str, done: float = 0, total: float | None = None) -> None:
        """A stretch of other work within a phase, such as a check in the midst of training; "" when it is over.

        The progress of the phase stays as it is.
        """
        now = time.monotonic()
        if done and done != total and now - self._last_part < _PROGRESS_EVERY_S:
            return
        self._last_part = now
        append_event(self.paths.events, "part", durable=False, name=name, done=done, total=total)

    def alive(self) -> None:
        """Says that the work goes on although there is nothing to report, for jobs with a limit of silence."""
        now = time.monotonic()
        if now - self._last_sign >= _ALIVE_EVERY_S:
            self._last_sign = now
            append_event(self.paths.events, "alive", durable=False)

    def metric(self, **numbers: float | int | None) -> None:
        """Reports numbers of a curve; give ``step``. Values that are not finite are stored as null."""
        append_event(self.paths.events, "metric", durable=False, **numbers)
        for hear in self.listeners:
            hear(numbers)

    def item(self, **facts: Any) -> None:
        """Reports one finished piece of work, durable on return."""
        append_event(self.paths.events, "item", **facts)

    def warn(self, key: str, **params: Any) -> None:
        """Reports something the person should know, as an entry of the message catalogue."""
        append_event(self.paths.events, "warning", key=key, params=params)

    def result(self, **facts: Any) -> None:
        """Adds facts to the job's result."""
        append_event(self.paths.events, "result", facts=facts)

    def should_stop(self) -> bool:
        """Whether the job was asked to stop; cheap, ask often."""
        return self._terminated or self.paths.stop.exists()

    def check_stop(self) -> None:
        """Raises JobStopped when the job was asked to stop."""
        if self.should_stop():
            raise JobStopped

    def terminate(self) -> None:
        """Counts as a request to stop; called by the handler of SIGTERM."""
        self._terminated = True

    def end(self, state: str, error: UserError | None = None) -> None:
        """Writes the last event of the sitting."""
        append_event(self.paths.events, "end", state=state, error=error.as_dict() if error else None)
