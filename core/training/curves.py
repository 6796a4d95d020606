"""The curves of a run, read from its events: one point a step, whatever was interrupted and done again."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from core.storage import Workspace
from core.training.record import RECORDS

Point = tuple[int, float]
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
    ordered = sorted(RECORDS.of(ws, run_id).steps.items())
    return Curves(_points(ordered, "loss"), _points(ordered, "held_out_loss"), _points(ordered, "learning_rate"),
                  _points(ordered, "grad_norm"), _points(ordered, "tokens_per_second"), _points(ordered, "memory"),
                  tuple(step for step, values in ordered if "loss" in values and values["loss"] is None),
                  _last_warmth(ordered))


def _last_warmth(steps: list[tuple[int, dict[str, Any]]]) -> dict[str, float]:
    last = next((values for _, values in reversed(steps) if "loss" in values), {})
    return {name: float(last[name]) for name in _WARMTH if isinstance(last.get(name), int | float)}


def _points(steps: list[tuple[int, dict[str, Any]]], name: str) -> tuple[Point, ...]:
    return tuple((step, float(values[name])) for step, values in steps
                 if isinstance(values.get(name), int | float) and math.isfinite(values[name]))
