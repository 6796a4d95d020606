"""How long a run will take, from three steps of it: a job that loads, makes the rows, trains three steps and stops."""

from __future__ import annotations

import time
from dataclasses import asdict

from core import jobs
from core.errors import UserError
from core.jobs import JobContext, JobView
from core.storage import Workspace
from core.training import preflight, short
from core.training.measured import KIND, Measured
from core.training.runs import LEASE
from core.training.settings import TrainSettings

STEPS = 3


class Clock:
    """Hears the numbers of a short run and notes what each step took."""

    def __init__(self) -> None:
        self.moments: list[float] = []
        self.tokens: list[float] = []

    def hear(self, numbers: dict[str, float | int | None]) -> None:
        """A step has ended."""
        if "loss" in numbers:
            now = time.monotonic()
            self.tokens.append((numbers.get("tokens_per_second") or 0.0) * (now - (self.moments or [now])[-1]))
            self.moments.append(now)

    def step_seconds(self, usual: float, whole: float) -> float:
        """Seconds of a step over so many tokens.

        The first step, in which everything is set up, does not count. Where no tokens are counted the steps are taken
        as they were; a run of one step took `whole` seconds.
        """
        steps, tokens = len(self.moments) - 1, sum(self.tokens[1:])
        if steps < 1:
            return whole
        seconds = self.moments[-1] - self.moments[0]
        return seconds * usual / tokens if tokens and usual else seconds / steps


def start_measuring(ws: Workspace, settings: TrainSettings) -> JobView:
    """Starts the job; `last_measured` has its result. Raises UserError as the run itself would."""
    if not settings.dataset:
        raise UserError("train.error.no_dataset")
    preflight.require(ws, settings)
    return jobs.start(ws, KIND, settings.model_dump(), lease=LEASE)


def run(job: JobContext) -> None:
    """Handler of the job kind "measure"."""
    settings = TrainSettings.load(job.params)
    job.phase("load")
    measured, _ = measure(job, short.open_bench(job, settings), settings)
    job.result(**asdict(measured))


def measure(job: JobContext, bench: short.Bench, settings: TrainSettings) -> tuple[Measured, short.Outcome]:
    """Three steps of a run and two batches of its held-out rows. Raises JobStopped when the job was asked to stop."""
    clock = Clock()
    job.phase("measure")

    def hear(numbers: dict[str, float | int | None]) -> None:
        clock.hear(numbers)
        job.progress(len(clock.moments), STEPS, "steps")

    def ended() -> bool:
        """Asked after each step, before its numbers are told."""
        return len(clock.moments) >= STEPS - 1 or job.should_stop()

    out = short.train(bench, settings, hear, ended, times_a_row=True)
    short.tidy()
    job.check_stop()
    usual = out.tokens / max(1, out.rows) * min(settings.batch_size * settings.gradient_accumulation, out.rows)
    start = bench.open_s + out.load_s + out.prepare_s
    return Measured(start, clock.step_seconds(usual, out.train_s), out.row_s or 0.0, out.held_out_rows), out
