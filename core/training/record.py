"""All that a run has told, kept in memory so that looking again reads only what was added since."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from typing import Any

from core import jobs
from core.storage import Workspace

_KEPT = 32


@dataclass(frozen=True)
class Part:
    """Other work within a phase: a check of the held-out rows ("evaluate"), or questions ("answer")."""

    name: str
    done: float = 0
    total: float | None = None


@dataclass
class Record:
    """The sum of a run's events so far; callers must not change it.

    Attributes:
        steps: step → numbers that were reported for it.
        part: what is done beside training right now.
        answers: step → answers to the person's questions; 0 is before training.
        checkpoints: steps of the checkpoints that were written.
    """

    offset: int = 0
    steps: dict[int, dict[str, Any]] = field(default_factory=dict)
    part: Part | None = None
    answers: dict[int, list[str]] = field(default_factory=dict)
    checkpoints: list[int] = field(default_factory=list)

    def take(self, event: dict[str, Any]) -> None:
        """Adds one event."""
        kind = event.get("type")
        if kind == "metric" and is_step(event.get("step")):
            step = int(event["step"])
            self.steps[step] = {**self.steps.get(step, {}), **event}
        elif kind == "part":
            name = str(event.get("name") or "")
            self.part = Part(name, event.get("done") or 0, event.get("total")) if name else None
        elif kind in ("phase", "end", "sitting"):
            self.part = None
        elif kind == "item":
            self._item(event)

    def _item(self, event: dict[str, Any]) -> None:
        if isinstance(event.get("resumed_from"), int):
            # What an earlier sitting did after this checkpoint is lost with it, and is done again.
            last = event["resumed_from"]
            self.steps = {step: values for step, values in self.steps.items() if step <= last}
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
            if size > record.offset:
                events, record.offset = jobs.events(ws, run_id, record.offset)
                for event in events:
                    record.take(event)
            self._records[path, run_id] = record
            while len(self._records) > _KEPT:
                del self._records[next(iter(self._records))]
            return record


RECORDS = Records()


def is_step(value: Any) -> bool:
    """Whether a value can be the number of a step."""
    return isinstance(value, int | float) and math.isfinite(value) and value >= 0
