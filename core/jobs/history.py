"""What happened in a job: its events, its metrics, its log, and what all of them add up to."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.jobs.identity import boot_id
from core.storage.journal import journal_append, journal_scan
from core.storage.workspace import Workspace

_KEPT_WARNINGS = 200
_KEPT_JOURNALS = 256
_BLOCK_BYTES = 4 * 1024 ** 2


def append_event(path: Path, type: str, *, durable: bool = True, **facts: Any) -> int:
    """Adds one event; `t` is the wall clock (a label), `m` the monotonic clock in seconds (for durations)."""
    stamp = {"t": round(time.time(), 3), "m": round(time.monotonic(), 3), "type": type}
    return journal_append(path, {**stamp, **facts}, durable=durable)


def events(ws: Workspace, job_id: str, offset: int = 0, limit: int = -1) -> tuple[list[dict[str, Any]], int]:
    """Events from byte `offset` on, about `limit` bytes of them (-1 for all), and the offset for the next call."""
    journal = journal_scan(ws.job(job_id).events, offset, limit)
    return journal.lines, journal.offset


def metrics(ws: Workspace, job_id: str) -> list[dict[str, Any]]:
    """Metric events in the order of their ``step``; of a step that was done again after a resume, the last counts.

    Fields of the same step (training loss and held-out loss) are merged. Events without a step are left out.
    """
    steps: dict[float, dict[str, Any]] = {}
    for event in events(ws, job_id)[0]:
        step = event.get("step")
        if event.get("type") == "metric" and isinstance(step, int | float):
            steps[step] = {**steps.get(step, {}), **event}
    return [steps[step] for step in sorted(steps)]


def log_tail(ws: Workspace, job_id: str, lines: int = 200) -> str:
    """The last lines of a job's log; bytes that are no UTF-8 are replaced, progress bars keep their last state."""
    try:
        with ws.job(job_id).log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 400 * lines))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")[-lines - 1:]).strip("\n")


@dataclass
class Fold:
    """The sum of a journal's events so far."""

    offset: int = 0
    sitting: int = 0
    starter: dict[str, Any] = field(default_factory=dict)
    token: str = ""
    supervisor: dict[str, Any] = field(default_factory=dict)
    phase: str = ""
    done: float = 0
    total: float | None = None
    unit: str = ""
    first: tuple[float, float] | None = None
    last: tuple[float, float] | None = None
    started_at: float | None = None
    started_m: float | None = None
    ended_m: float | None = None
    ended_at: float | None = None
    is_attached: bool = False
    waits_for: str | None = None
    end: dict[str, Any] | None = None
    warnings: list[dict[str, Any]] = field(default_factory=list)
    result: dict[str, Any] = field(default_factory=dict)
    damaged: int = 0

    def take(self, event: dict[str, Any]) -> None:
        """Adds one event."""
        kind = event.get("type")
        handler = {"sitting": self._sitting, "phase": self._phase, "progress": self._progress, "end": self._end}
        if kind in handler:
            handler[kind](event)
        elif kind == "supervisor":
            self.supervisor = event.get("identity") or {}
        elif kind == "attached":
            self.is_attached, self.waits_for = True, None
        elif kind == "waiting":
            self.waits_for = str(event["title"]) if event.get("title") is not None else None
            self.started_m = event.get("m")  # waiting is no work
        elif kind == "result":
            self.result.update(event.get("facts") or {})
        elif kind == "warning" and len(self.warnings) < _KEPT_WARNINGS:
            self.warnings.append({"key": event.get("key"), "params": event.get("params") or {}})

    def eta_s(self) -> float | None:
        """Seconds left, from the speed of this sitting and phase alone; None while that says nothing."""
        if self.total is None or self.first is None or self.last is None:
            return None
        count, seconds = self.last[0] - self.first[0], self.last[1] - self.first[1]
        if count <= 0 or seconds <= 0:
            return None
        pace = seconds / count
        since = max(0.0, time.monotonic() - self.last[1])
        # Something that takes longer than those before it takes nothing off the time of those after it.
        return max(0.0, (self.total - self.last[0]) * pace - min(since, pace))

    def elapsed_s(self) -> float | None:
        """Seconds of work in this sitting, never negative; None when the machine was started again meanwhile."""
        if self.started_m is None:
            return None
        if self.ended_m is None and self.starter.get("boot_id") != boot_id():
            return None
        return max(0.0, (time.monotonic() if self.ended_m is None else self.ended_m) - self.started_m)

    def _sitting(self, event: dict[str, Any]) -> None:
        starter = event.get("starter")
        self.sitting, self.token = self.sitting + 1, str(event.get("token", ""))
        self.starter = starter if isinstance(starter, dict) else {}
        self.started_at = event.get("t") if self.started_at is None else self.started_at
        self.started_m, self.ended_m, self.ended_at, self.end = event.get("m"), None, None, None
        self.first = self.last = None
        self.is_attached, self.waits_for, self.supervisor = False, None, {}

    def _phase(self, event: dict[str, Any]) -> None:
        self.phase = str(event.get("name", ""))
        self.done, self.total, self.unit, self.first, self.last = 0, None, "", None, None

    def _progress(self, event: dict[str, Any]) -> None:
        done, total, moment = event.get("done"), event.get("total"), event.get("m")
        if not isinstance(done, int | float):
            return
        self.done, self.unit = done, str(event.get("unit", ""))
        self.total = total if isinstance(total, int | float) else None
        if isinstance(moment, int | float):
            self.first = self.first or (done, moment)
            self.last = (done, moment)

    def _end(self, event: dict[str, Any]) -> None:
        if self.end is None:
            self.end, self.ended_at, self.ended_m = event, event.get("t"), event.get("m")


class Folds:
    """Folds of journals, kept so that looking at a job again reads only what was added."""

    def __init__(self) -> None:
        self._folds: dict[Path, Fold] = {}
        self._lock = threading.Lock()

    def of(self, path: Path) -> Fold:
        """The fold of a journal, up to date. Callers must not change it."""
        with self._lock:
            fold = self._folds.pop(path, None)
            size = path.stat().st_size if path.exists() else 0
            if fold is None or size < fold.offset:
                fold = Fold()
            while (journal := journal_scan(path, fold.offset, _BLOCK_BYTES)).offset > fold.offset:
                for event in journal.lines:
                    fold.take(event)
                fold.offset = journal.offset
                fold.damaged += len(journal.bad)
            self._folds[path] = fold
            while len(self._folds) > _KEPT_JOURNALS:
                del self._folds[next(iter(self._folds))]
            return fold


FOLDS = Folds()
