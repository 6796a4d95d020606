"""All that a run has told, kept in memory so that looking again reads only what was added since."""

from __future__ import annotations

import math
import threading
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Any

from core import jobs
from core.storage import Workspace

_KEPT = 32
_BLOCK_BYTES = 4 * 1024 ** 2
Point = tuple[int, float]
NUMBERS = ("loss", "held_out_loss", "learning_rate", "grad_norm", "tokens_per_second", "memory")
"""What is reported for steps and drawn over them."""


@dataclass(frozen=True)
class Part:
    """Other work within a phase: a check of the held-out rows ("evaluate"), or questions ("answer")."""

    name: str
    done: float = 0
    total: float | None = None


class Column:
    """One number over the steps: a point for each that had it, in their order."""

    def __init__(self) -> None:
        self.points: list[Point] = []

    def put(self, step: int, value: float | None) -> None:
        """Sets the number of a step; None takes it away. Steps mostly come in their order, which costs nothing."""
        place = len(self.points)
        if self.points and self.points[-1][0] >= step:
            place = bisect_left(self.points, step, key=lambda point: point[0])
        known = place < len(self.points) and self.points[place][0] == step
        self.points[place:place + known] = [] if value is None else [(step, value)]

    def cut(self, last: int) -> None:
        """Takes away what comes after a step."""
        del self.points[bisect_right(self.points, last, key=lambda point: point[0]):]


@dataclass
class Record:
    """The sum of a run's events so far; callers must not change it.

    Attributes:
        columns: each of `NUMBERS` over the steps; "lost" has the steps whose loss was no number.
        newest: what was reported last together with a loss.
        part: what is done beside training right now.
        answers: step → answers to the person's questions; 0 is before training.
        checkpoints: steps of the checkpoints that were written.
    """

    offset: int = 0
    columns: dict[str, Column] = field(default_factory=lambda: {name: Column() for name in (*NUMBERS, "lost")})
    newest: dict[str, Any] = field(default_factory=dict)
    part: Part | None = None
    answers: dict[int, list[str]] = field(default_factory=dict)
    checkpoints: list[int] = field(default_factory=list)

    @property
    def last_step(self) -> int:
        """The last step of which anything was reported; 0 before the first."""
        return max((column.points[-1][0] for column in self.columns.values() if column.points), default=0)

    def take(self, event: dict[str, Any]) -> None:
        """Adds one event."""
        kind = event.get("type")
        if kind == "metric" and is_step(event.get("step")):
            self._metric(int(event["step"]), event)
        elif kind == "part":
            name = str(event.get("name") or "")
            self.part = Part(name, event.get("done") or 0, event.get("total")) if name else None
        elif kind in ("phase", "end", "sitting"):
            self.part = None
        elif kind == "item":
            self._item(event)

    def _metric(self, step: int, event: dict[str, Any]) -> None:
        for name in NUMBERS:
            if name in event:
                self.columns[name].put(step, _number(event[name]))
        if "loss" in event:
            self.columns["lost"].put(step, 0.0 if event["loss"] is None else None)
            self.newest = event

    def _item(self, event: dict[str, Any]) -> None:
        if isinstance(event.get("resumed_from"), int):
            # What an earlier sitting did after this checkpoint is lost with it, and is done again.
            last = event["resumed_from"]
            for column in self.columns.values():
                column.cut(last)
            self.answers = {step: said for step, said in self.answers.items() if step <= last}
            self.checkpoints = [step for step in self.checkpoints if step <= last]
        if isinstance(event.get("answers"), list) and is_step(event.get("step")):
            self.answers[int(event["step"])] = [str(text) for text in event["answers"]]
        if is_step(event.get("checkpoint")):
            self.checkpoints.append(int(event["checkpoint"]))


class Records:
    """Records of the runs that were looked at lately."""

    def __init__(self) -> None:
        self._records: dict[tuple[Any, str], Record] = {}
        self._lock = threading.Lock()

    def of(self, ws: Workspace, run_id: str) -> Record:
        """The record of a run, up to date. Raises UserError for an id that is none."""
        path = ws.job(run_id).events
        with self._lock:
            record = self._records.pop((path, run_id), None)
            size = path.stat().st_size if path.exists() else 0
            if record is None or size < record.offset:
                record = Record()
            before = -1
            while before < record.offset < size:
                before = record.offset
                events, record.offset = jobs.events(ws, run_id, before, _BLOCK_BYTES)
                for event in events:
                    record.take(event)
            self._records[path, run_id] = record
            while len(self._records) > _KEPT:
                del self._records[next(iter(self._records))]
            return record


RECORDS = Records()


def _number(value: Any) -> float | None:
    """A finite number as it is drawn; None for anything else."""
    try:
        number = float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def is_step(value: Any) -> bool:
    """Whether a value can be the number of a step."""
    number = _number(value)
    return number is not None and number >= 0
