"""Tuning: trials of learning rate, rank and epochs, proposed by Optuna, judged by the loss on the held-out rows.

Optuna's TPE (Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization") proposes, and its median rule ends
hopeless trials. What happened stands in the job's journal alone: Optuna is told it anew at the start of each sitting,
so a tuning that was killed goes on from the trials that were finished.
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict, replace
from typing import Any

from core import datasets, jobs
from core.datasets.reading import typed_rows
from core.errors import UserError
from core.jobs import JobContext, JobStopped, JobView
from core.models import label
from core.storage import Workspace
from core.training import methods, preflight, short, stages
from core.training.measuring import measure
from core.training.runs import LEASE
from core.training.settings import TrainSettings
from core.training.trials import CHECKS, FINISHED, KIND, Plan, Trial, best_of, told
from core.training.tune_settings import Space, TuneSettings, rounded_rate, space

WANTED = 8
"""Trials that a budget should hold: when whole runs are too long for that, each learns from a part of the rows."""
MOST_HELD_OUT, FEWEST_HELD_OUT = 200, 20
CHECKED_SHARE = 0.15
"""Share of a trial that checks may take before they look at fewer rows."""
FEWEST_BATCHES = 4
NEARLY_ALL = 0.8
"""Share of the rows from which on trials learn from all of them."""
RANDOM_FIRST, JUDGED_FROM, ASKED = 4, 3, 20
"""Trials before proposals follow what was found, finished trials before any is ended early, and proposals that may be
too long for the time that is left."""
OVER = 1.2
"""A trial that takes so much longer than the budget has left is ended."""


def start_tuning(ws: Workspace, train: TrainSettings, tune: TuneSettings, title: str = "") -> JobView:
    """Starts a tuning in a process of its own and returns at once.

    Raises:
        UserError: no dataset, one without held-out rows, a stage or settings that cannot be compared, a blocker that
            `preflight` finds for the largest trial, or another job holds the machine.
    """
    if not train.dataset:
        raise UserError("train.error.no_dataset")
    room = space(train, tune)
    methods.check(room.base)
    stages.check_rows(ws, room.base)
    if room.base.stage == "rlhf":
        raise UserError("tune.error.rlhf")
    if not any(has_held_out(ws, dataset) for dataset in train.datasets):
        raise UserError("tune.error.no_held_out")
    largest = room.settings({name: high for name, (_, high) in room.bounds.items()})
    preflight.require(ws, largest)
    return jobs.start(ws, KIND, {"train": train.model_dump(), "tune": tune.model_dump()},
                      title=title or label(train.model), lease=LEASE)


def has_held_out(ws: Workspace, dataset: str) -> bool:
    """Whether a dataset has held-out rows, which trials are judged by. Raises UserError for one that is not there."""
    info = datasets.get_dataset(ws, dataset)  # files of others are not counted
    return info.held_out_rows > 0 if info.own else next(iter(typed_rows(ws, dataset, "held_out")), None) is not None


def run(job: JobContext) -> None:
    """Handler of the job kind "tune": trials until the budget is used up.

    Raises:
        JobStopped: it was asked to stop; finished trials are kept.
        UserError: the budget does not hold a single trial, or every trial failed.
    """
    train, tune = TrainSettings.load(job.params["train"]), TuneSettings.load(job.params["tune"])
    room = space(train, tune)
    trials, plan = told(job.ws, job.id)
    budget = Budget(job, tune.minutes * 60.0, sum(one.seconds for one in trials if one.state in FINISHED))
    job.phase("load")
    bench = short.open_bench(job, room.base)
    if plan is None:
        plan = make_plan(job, bench, room, budget.seconds)
        job.item(plan=asdict(plan))
    series = Series(job, bench, room, plan, budget, [one for one in trials if one.state in FINISHED])
    again = [one.values for one in trials if one.state not in FINISHED]
    job.phase("trials")
    while series.next(again.pop(0) if again else None):
        job.check_stop()
    best = best_of(series.finished)
    if best is None:
        error = next((one.error for one in series.finished if one.error), None)
        if error:
            raise UserError("tune.error.all_failed", reason=error)
        raise UserError("tune.error.none_ended", minutes=tune.minutes)
    job.result(best=best.number, held_out=best.held_out, trials=len(series.finished))


class Budget:
    """The minutes that a tuning has, counted over all its sittings; its progress is told in minutes."""

    def __init__(self, job: JobContext, seconds: float, spent: float) -> None:
        self.job, self.seconds, self.began = job, seconds, time.monotonic() - spent

    @property
    def left(self) -> float:
        """Seconds that are left; negative when more was used."""
        return self.seconds - (time.monotonic() - self.began)

    def tell(self) -> None:
        """Reports the time used."""
        used = min(self.seconds, self.seconds - self.left)
        self.job.progress(round(used / 60, 1), round(self.seconds / 60, 1), "minutes")


def make_plan(job: JobContext, bench: short.Bench, room: Space, seconds: float) -> Plan:
    """How much each trial learns from, so that the budget holds enough of them, by three measured steps.

    Raises:
        UserError: the shortest trial takes longer than the budget.
    """
    found, out = measure(job, bench, room.base)
    at_once = room.base.batch_size * room.base.gradient_accumulation
    each = seconds / WANTED
    rows = min(out.rows, FEWEST_BATCHES * at_once)
    row_s = found.step_s / min(at_once, out.rows)
    start = out.load_s + out.prepare_s
    affordable = int(CHECKED_SHARE * each / CHECKS / found.row_s) if found.row_s else MOST_HELD_OUT
    held_out = min(out.held_out_rows, MOST_HELD_OUT, max(FEWEST_HELD_OUT, affordable))
    check_s = held_out * found.row_s
    shortest = start + CHECKS * check_s + room.fewest_epochs() * rows * row_s
    if shortest > seconds:
        raise UserError("tune.error.too_short", minutes=math.ceil(seconds / 60), needed=math.ceil(shortest / 60 * OVER))
    time_to_learn = each - start - CHECKS * check_s
    rows = max(rows, int(time_to_learn / (room.usual_epochs() * row_s)))
    rows = out.rows if rows > NEARLY_ALL * out.rows else rows
    return Plan(rows, out.rows, held_out, out.held_out_rows, rows * row_s, check_s, start)


class Series:
    """The trials of one sitting, after those of earlier ones."""

    def __init__(self, job: JobContext, bench: short.Bench, room: Space, plan: Plan, budget: Budget,
                 finished: list[Trial]) -> None:
        self.job, self.bench, self.room, self.plan, self.budget = job, bench, room, plan, budget
        self.finished = finished
        self.study = _study(room, finished)

    def next(self, again: dict[str, Any] | None = None) -> bool:
        """Does one more trial; False when there is no time for any.

        Args:
            again: values of a trial that an earlier sitting could not finish.
        """
        found = self._propose(again)
        if found is None:
            return False
        proposal, values = found
        trial = self._train(Trial(1 + max((one.number for one in self.finished), default=0), values), proposal)
        self._forget(proposal)
        self.finished.append(trial)
        self.study.add_trial(_known(self.room, trial))
        return True

    def _propose(self, again: dict[str, Any] | None) -> tuple[Any, dict[str, Any]] | None:
        """A proposal of Optuna and the values to train with; None when nothing new was short enough for the time left.

        Before all proposals come a trial to be begun again and the person's own values.
        """
        first = [values for values in (again, None if self.finished else self.room.own()) if values]
        for _ in range(ASKED):
            proposal = self.study.ask(_distributions(self.room))
            values = first.pop(0) if first else _values(self.room, proposal.params)
            new = all(values != one.values for one in self.finished)
            if new and self.expected(values) <= self.budget.left:
                return proposal, values
            self._forget(proposal)
        return None

    def expected(self, values: dict[str, Any]) -> float:
        """Seconds that a trial will take, by the plan and what the trials so far took against it."""
        ended = [one for one in self.finished if one.state == "done"]
        planned = sum(self._planned(one.values) for one in ended)
        slower = sum(one.seconds for one in ended) / planned if planned else 1.0
        return slower * self._planned(values)

    def _planned(self, values: dict[str, Any]) -> float:
        return self.plan.seconds(values.get("epochs", self.room.base.epochs))

    def _train(self, trial: Trial, proposal: Any) -> Trial:
        """Trains it and writes how it ended. Raises JobStopped when the tuning was asked to stop meanwhile."""
        self.job.item(**_event(trial))
        watch = _Watch(self, trial, proposal)
        try:
            out = short.train(self.bench, self.room.settings(trial.values), watch.hear, watch.ended,
                              rows=self.plan.rows, held_out=self.plan.held_out, checks=CHECKS)
            ended = watch.result(out.held_out)
        except (UserError, MemoryError, RuntimeError) as error:
            ended = replace(watch.trial, state="failed", error=_reason(error, self.room.base).as_dict())
        ended = replace(ended, seconds=round(time.monotonic() - watch.began, 1))
        self.job.item(**_event(ended))
        short.tidy()
        if ended.state == "cut":
            raise JobStopped
        return ended

    def _forget(self, proposal: Any) -> None:
        """A proposal of Optuna's own bookkeeping that is not used: what was done is told to it by our values."""
        from optuna.trial import TrialState

        self.study.tell(proposal, state=TrialState.FAIL)


class _Watch:
    """Hears the numbers of one trial, and ends it when it is hopeless, out of time or not wanted any more."""

    def __init__(self, series: Series, trial: Trial, proposal: Any) -> None:
        self.series, self.trial, self.proposal = series, trial, proposal
        self.began, self.hopeless, self.check = time.monotonic(), False, 0
        self.limit = OVER * max(series.budget.left, series.expected(trial.values))

    def hear(self, numbers: dict[str, float | int | None]) -> None:
        """Numbers of a step, or of a check."""
        self.series.budget.tell()
        loss = numbers.get("held_out_loss")
        if "held_out_loss" not in numbers or loss is None or not math.isfinite(loss):
            return
        self.check += 1
        taken = round(time.monotonic() - self.began, 1)
        self.trial = replace(self.trial, held_out=float(loss), checks={**self.trial.checks, self.check: float(loss)},
                             seconds=taken)
        self.series.job.metric(trial=self.trial.number, check=self.check, held_out=float(loss), seconds=taken)
        self.proposal.report(float(loss), self.check)
        self.hopeless = self.check < CHECKS and self.proposal.should_prune()

    def ended(self) -> bool:
        """Asked after each step."""
        return self.hopeless or self.series.job.should_stop() or time.monotonic() - self.began > self.limit

    def result(self, held_out: float | None) -> Trial:
        """The trial as it ended."""
        if held_out is not None:
            return replace(self.trial, state="done", held_out=held_out)
        if self.hopeless:
            return replace(self.trial, state="pruned")
        if self.ended():
            return replace(self.trial, state="cut" if self.series.job.should_stop() else "late")
        return replace(self.trial, state="failed", error=UserError("tune.error.no_number").as_dict())


def _event(trial: Trial) -> dict[str, Any]:
    facts = asdict(trial)
    return {"trial": facts.pop("number"), **facts}


def _reason(error: BaseException, settings: TrainSettings) -> UserError:
    """Why one trial failed while others may not. Raises the error itself when it would befall all of them."""
    from core.training.trainer import is_memory

    if is_memory(error):
        return UserError("train.error.memory", batch=settings.batch_size, cutoff=settings.cutoff_len)
    if isinstance(error, UserError) and error.key == "train.error.loss_lost":
        return error
    raise error


def _study(room: Space, finished: list[Trial]) -> Any:
    """Optuna's study in memory, told of all finished trials."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    seed = room.base.seed + len(finished)
    study = optuna.create_study(direction="minimize",
                                sampler=optuna.samplers.TPESampler(n_startup_trials=RANDOM_FIRST, seed=seed),
                                pruner=optuna.pruners.MedianPruner(n_startup_trials=JUDGED_FROM))
    for trial in finished:
        study.add_trial(_known(room, trial))
    return study


def _distributions(room: Space) -> dict[str, Any]:
    from optuna.distributions import FloatDistribution, IntDistribution

    made: dict[str, Any] = {}
    for name, (low, high) in room.bounds.items():
        if name == "learning_rate":
            made[name] = FloatDistribution(low, high, log=low < high)
        elif name == "lora_rank":
            made[name] = IntDistribution(0, len(room.ranks) - 1)  # by their places: each doubling counts alike
        else:
            made[name] = IntDistribution(low, high)
    return made


def _values(room: Space, params: dict[str, Any]) -> dict[str, Any]:
    """A proposal as settings."""
    found = dict(params)
    if "learning_rate" in found:
        low, high = room.bounds["learning_rate"]
        found["learning_rate"] = min(high, max(low, rounded_rate(found["learning_rate"])))
    if "lora_rank" in found:
        found["lora_rank"] = room.ranks[found["lora_rank"]]
    return found


def _known(room: Space, trial: Trial) -> Any:
    """A finished trial as Optuna knows it: one that failed has no value."""
    from optuna.trial import TrialState, create_trial

    params = {name: room.ranks.index(value) if name == "lora_rank" else value for name, value in trial.values.items()}
    states = {"done": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "late": TrialState.PRUNED}
    state = states.get(trial.state, TrialState.FAIL)
    return create_trial(state=state, value=trial.held_out if trial.state == "done" else None, params=params,
                        distributions=_distributions(room), intermediate_values=dict(trial.checks))
