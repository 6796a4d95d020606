"""The curves of a run, read from its events: one point a step, whatever was interrupted and done again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.storage import Workspace
from core.training.record import NUMBERS, RECORDS, Point

_WARMTH = ("cpu_temperature", "gpu_temperature", "gpu_used", "gpu_total")


@dataclass(frozen=True)
class Curves:
    """Points (step, value) in the order of their steps.

    Attributes:
        train: mean loss per answer token of the step's rows.
        held_out: the same on the held-out rows.
        learning_rate, grad_norm, tokens_per_second: as they were in that step.
        memory: bytes that the trainer held after it.
        lost_steps: steps whose loss was not a finite number.
        warmth: the last readings of `core.training.sensors`.
    """

    train: tuple[Point, ...] = ()
    held_out: tuple[Point, ...] = ()
    learning_rate: tuple[Point, ...] = ()
    grad_norm: tuple[Point, ...] = ()
    tokens_per_second: tuple[Point, ...] = ()
    memory: tuple[Point, ...] = ()
    lost_steps: tuple[int, ...] = ()
    warmth: dict[str, float] = field(default_factory=dict)


def curves(ws: Workspace, run_id: str) -> Curves:
    """The curves of a run so far. Raises UserError for an id that is none; a run without events has empty curves."""
    record = RECORDS.of(ws, run_id)
    points = {name: tuple(record.columns[name].points) for name in NUMBERS}
    return Curves(points["loss"], points["held_out_loss"], points["learning_rate"], points["grad_norm"],
                  points["tokens_per_second"], points["memory"],
                  tuple(step for step, _ in record.columns["lost"].points), _warmth(record.newest))


def _warmth(newest: dict[str, Any]) -> dict[str, float]:
    return {name: float(newest[name]) for name in _WARMTH if isinstance(newest.get(name), int | float)}
