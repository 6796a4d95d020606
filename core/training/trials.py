"""The trials of a tuning as its journal tells them; what the page shows and what a further sitting goes on from."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

from core import jobs
from core.jobs import JobView
from core.storage import Workspace
from core.training.settings import TrainSettings
from core.training.tune_settings import Space, TuneSettings, space

KIND = "tune"
FINISHED = ("done", "pruned", "late", "failed")
"""States of trials that are not begun again."""
CHECKS = 4
"""Looks at the held-out rows in a trial; after each but the last a hopeless one may end."""


@dataclass(frozen=True)
class Plan:
    """What all trials of a tuning share.

    Attributes:
        rows, of: training rows of each trial, of so many.
        held_out, held_out_of: held-out rows that each is judged by, of so many.
        epoch_s, check_s, start_s: seconds of an epoch over the rows, of a check, of loading and preparing, as measured
            before the first trial.
    """

    rows: int
    of: int
    held_out: int
    held_out_of: int
    epoch_s: float
    check_s: float
    start_s: float

    def seconds(self, epochs: float) -> float:
        """Of a trial with so many epochs."""
        return self.start_s + CHECKS * self.check_s + epochs * self.epoch_s


@dataclass(frozen=True)
class Trial:
    """One trial.

    Attributes:
        number: from 1.
        values: its own learning rate, rank, epochs, as far as they are tuned.
        state: "running", "done", "pruned" (worse than the others, ended early), "late" (the time was up), "failed", or
            "cut" (ended with the tuning; it is begun again when that goes on).
        held_out: the last measured loss on the held-out rows.
        checks: check (1, 2, …) → loss there.
        seconds: that it took so far.
        error: why it failed, an entry of the catalogue.
    """

    number: int
    values: dict[str, Any]
    state: str = "running"
    held_out: float | None = None
    checks: dict[int, float] = field(default_factory=dict)
    seconds: float = 0.0
    error: dict[str, Any] | None = None


@dataclass(frozen=True)
class Tuning:
    """A tuning as it is now; `best` is the finished trial of the lowest held-out loss."""

    view: JobView
    trials: tuple[Trial, ...]
    plan: Plan | None
    best: Trial | None

    def count(self, *states: str) -> int:
        """How many trials are in one of these states."""
        return sum(trial.state in states for trial in self.trials)


def tuning(ws: Workspace, job_id: str) -> Tuning:
    """Reads it. Raises UserError for an id that is none."""
    view = jobs.view(ws, job_id)
    trials, plan = told(ws, job_id)
    if view.state.is_terminal:
        trials = [replace(one, state="cut") if one.state == "running" else one for one in trials]
    return Tuning(view, tuple(trials), plan, best_of(trials))


def newest(ws: Workspace) -> JobView | None:
    """The tuning that was started last."""
    return next(iter(jobs.list_jobs(ws, KIND)), None)


def told(ws: Workspace, job_id: str) -> tuple[list[Trial], Plan | None]:
    """The trials in their order, and the plan once it is made."""
    found: dict[int, Trial] = {}
    plan: Plan | None = None
    for event in jobs.events(ws, job_id)[0]:
        if event.get("type") == "item" and isinstance(event.get("plan"), dict):
            plan = Plan(**event["plan"])
        number = event.get("trial")
        if not isinstance(number, int):
            continue
        if event.get("type") == "item":
            found[number] = _trial(number, event)
        elif event.get("type") == "metric" and number in found and event.get("held_out") is not None:
            one = found[number]
            checks = {**one.checks, int(event["check"]): float(event["held_out"])}
            found[number] = replace(one, held_out=float(event["held_out"]), checks=checks,
                                    seconds=float(event.get("seconds") or 0))
    return [found[number] for number in sorted(found)], plan


def _trial(number: int, event: dict[str, Any]) -> Trial:
    checks = {int(check): float(loss) for check, loss in (event.get("checks") or {}).items()}
    return Trial(number, dict(event["values"]), str(event["state"]), event.get("held_out"), checks,
                 float(event.get("seconds") or 0), event.get("error"))


def best_of(trials: list[Trial]) -> Trial | None:
    """The trial to take: of those that came to their end, the one with the lowest held-out loss."""
    ended = [one for one in trials if one.state == "done" and one.held_out is not None and math.isfinite(one.held_out)]
    return min(ended, key=lambda one: one.held_out or 0.0, default=None)


def possible(view: JobView, plan: Plan) -> int:
    """About how many trials of usual length the budget holds."""
    _, tune = asked(view)
    return max(1, int(tune.minutes * 60 / plan.seconds(space_of(view).usual_epochs())))


def asked(view: JobView) -> tuple[TrainSettings, TuneSettings]:
    """What a tuning was started with. Raises UserError when its spec is of another version."""
    return TrainSettings.load(view.params.get("train") or {}), TuneSettings.load(view.params.get("tune") or {})


def space_of(view: JobView) -> Space:
    """What its trials may differ in. Raises UserError as `asked` does."""
    return space(*asked(view))


def settings_of(view: JobView, trial: Trial) -> TrainSettings:
    """The settings to take over from a trial: the person's own with the trial's values."""
    train, _ = asked(view)
    values = space_of(view).settings(trial.values).model_dump()
    return train.model_copy(update={name: values[name] for name in (*trial.values, "lora_alpha")})
