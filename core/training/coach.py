"""What a run's curves say, in one plain sentence: is it learning, and what should be done if not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from core.training.curves import Curves
from core.training.record import Point

EARLY_STEPS = 8
"""Points below which a curve says nothing."""
SETTLED_STEPS = 3 * EARLY_STEPS
"""Points below which a level stretch of a run that goes on may be no more than a few hard batches."""
FELL, FLAT = 0.05, 0.02
"""Share by which the loss of the later half lies below that of the earlier one when the run learns, or is flat."""
ROSE = 1.03
"""The held-out loss counts as risen above this multiple of its best."""
BROKE = 1.5
"""So many times its lowest mean, the loss is on its way up, whatever its noise."""
RECENT = 3000
"""Points that are looked at: a page asks again and again."""
LEARNED = 0.05
"""A training loss below this has nothing left to teach."""


@dataclass(frozen=True)
class Advice:
    """A sentence of the catalogue; `grade` is how it is coloured, `best` the step that held-out rows like best."""

    grade: Literal["ok", "doubt", "blocker", "quiet"]
    key: str
    params: dict[str, Any] = field(default_factory=dict)
    best: int | None = None


def advise(curves: Curves, over: bool = False) -> Advice:
    """What to say about a run.

    Args:
        over: the run has ended, so there is nothing left to wait for.
    """
    train, held_out = curves.train[-RECENT:], curves.held_out
    best = min(held_out, key=lambda point: point[1])[0] if held_out else None
    if curves.lost_steps and (not train or curves.lost_steps[-1] > train[-1][0]):
        return Advice("blocker", "train.coach.lost", {"step": curves.lost_steps[0]}, best)
    if not over and len(train) >= EARLY_STEPS and _warms_up(curves.learning_rate):
        return Advice("quiet", "train.coach.warming", {}, best)
    if len(train) < EARLY_STEPS:
        return Advice("quiet", "train.coach.short" if over else "train.coach.early", {}, best)
    losses = [loss for _, loss in train]
    mean = _mean(losses[-EARLY_STEPS // 2:])
    lowest = min(_mean(losses[n:n + EARLY_STEPS // 2]) for n in range(len(losses) - EARLY_STEPS // 2 + 1))
    if mean > BROKE * lowest and mean > 0.5:
        return Advice("blocker", "train.coach.broke", {"loss": _short(mean), "lowest": _short(lowest)}, best)
    if since := overfits(held_out):
        return Advice("doubt", "train.coach.overfit", {"since": since, "best": best}, best)
    fall = _fall(losses)
    if mean < LEARNED:
        return Advice("ok", "train.coach.learned", {"loss": _short(mean)}, best)
    if fall >= FELL:
        held = _fall([loss for _, loss in held_out]) if len(held_out) >= 3 else None
        key = "train.coach.learning_both" if held is not None and held > 0 else "train.coach.learning"
        return Advice("ok", key, {"percent": round(100 * fall)}, best)
    if fall > FLAT:
        return Advice("ok", "train.coach.slow", {"percent": max(1, round(100 * fall))}, best)
    if not over and len(losses) < SETTLED_STEPS:
        return Advice("quiet", "train.coach.early", {}, best)
    return Advice("doubt", "train.coach.flat", {}, best)


def overfits(held_out: Sequence[Point]) -> int | None:
    """The step since which the held-out loss has been above its best twice or more in a row; None when it has not."""
    if len(held_out) < 3:
        return None
    place = min(range(len(held_out)), key=lambda n: held_out[n][1])
    after = held_out[place + 1:]
    risen = [point for point in after if point[1] > ROSE * held_out[place][1]]
    return after[0][0] if len(after) >= 2 and len(risen) >= 2 and after[-1] in risen else None


def _warms_up(rates: Sequence[Point]) -> bool:
    """Whether the learning rate has only risen so far."""
    return len(rates) > 1 and rates[0][1] < rates[-1][1] >= rates[-2][1] and rates[-1][1] == max(r for _, r in rates)


def _fall(losses: Sequence[float]) -> float:
    """Share by which the later half lies below the earlier one, of the last two thirds: the first steps always fall."""
    recent = losses[len(losses) // 3:]
    half = len(recent) // 2
    before, after = _mean(recent[:half]), _mean(recent[half:])
    return (before - after) / before if before > 0 else 0.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / max(1, len(values))


def _short(loss: float) -> str:
    return f"{loss:.3g}"
