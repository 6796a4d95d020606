"""Runs that leave nothing but numbers: trials of tuning, and the few steps that tell how long a run will take.

They are trained by the run's own stage, trainer and rows. torch is imported by the functions that need it.
"""

from __future__ import annotations

import gc
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.jobs import JobContext
from core.models import resolve
from core.training import methods, stages
from core.training.hardware import Device, find_device, keep_heap_small
from core.training.rows import Rows
from core.training.settings import TrainSettings

NEVER = 1_000_000
Hear = Callable[[dict[str, float | int | None]], None]


class QuietJob(JobContext):
    """What a short run reports to: numbers are heard by the one who began it, everything else by nobody."""

    def __init__(self, job: JobContext, hear: Hear, ended: Callable[[], bool]) -> None:
        super().__init__(job.ws, job.id, {})
        self.hear, self.ended = hear, ended

    def phase(self, name: str) -> None:
        """Not told."""

    def progress(self, done: float, total: float | None = None, unit: str = "") -> None:
        """Not told."""

    def part(self, name: str, done: float = 0, total: float | None = None) -> None:
        """Not told."""

    def item(self, **facts: Any) -> None:
        """Not told."""

    def warn(self, key: str, **params: Any) -> None:
        """Not told: the run itself will."""

    def metric(self, **numbers: float | int | None) -> None:
        """Numbers of a step, or of a check on the held-out rows."""
        self.hear(numbers)

    def should_stop(self) -> bool:
        """Whether the short run has seen enough."""
        return self.ended()


@dataclass
class Bench:
    """What all short runs of a job share: the model's folder, its tokenizer, the device; seconds that opening took."""

    job: JobContext
    folder: Path
    tokenizer: Any
    device: Device
    open_s: float


@dataclass
class Outcome:
    """What a short run came to.

    Attributes:
        held_out: loss on the held-out rows at its end; None when it ended early or there are none.
        steps, total: optimiser steps done, and of the whole run.
        load_s, prepare_s, train_s: seconds of loading the model, of making rows and trainer, and of the steps with
            their checks.
        row_s: seconds that one held-out row takes; None when that was not asked.
        tokens, rows: of an epoch.
    """

    held_out: float | None
    steps: int
    total: int
    load_s: float
    prepare_s: float
    train_s: float
    row_s: float | None
    tokens: int
    rows: int
    held_out_rows: int


def open_bench(job: JobContext, settings: TrainSettings) -> Bench:
    """Raises UserError when model, rows and settings do not go together."""
    began = time.monotonic()
    from transformers import AutoTokenizer

    from core.training.trainer import stay_offline

    stay_offline()
    methods.check(settings)
    stages.check_rows(job.ws, settings)
    folder = resolve(job.ws, settings.model)
    tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    return Bench(job, folder, tokenizer, find_device(), time.monotonic() - began)


def numbers_alone(settings: TrainSettings, checks: int = 0) -> TrainSettings:
    """The same settings without anything that writes, asks or ends early; `evaluate_every` is `checks`."""
    return settings.effective().model_copy(update={
        "save_every": NEVER, "evaluate_every": checks, "early_stopping": 0, "keep_best": False, "questions": "",
        "swanlab": "off", "tensorboard": False, "wandb": False, "notice": False})


def train(bench: Bench, settings: TrainSettings, hear: Hear, ended: Callable[[], bool], *, rows: int = NEVER,
          held_out: int = NEVER, checks: int = 0, times_a_row: bool = False) -> Outcome:
    """Trains until the end or until `ended` says so; nothing is saved.

    Args:
        hear: gets the numbers of each step and check.
        rows, held_out: at most so many; which ones depends on the seed alone.
        checks: how often the held-out rows are looked at, evenly, the end included; 0: not at all.
        times_a_row: afterwards measure how long a held-out row takes.
    """
    began = time.monotonic()
    from transformers import set_seed

    from core.training.arguments import steps_in
    from core.training.stages.base import Setup

    settings = numbers_alone(settings)
    set_seed(settings.seed)
    model = methods.load_model(bench.folder, settings, bench.device)
    loaded = time.monotonic()
    stage = stages.module(settings.stage)
    quiet = QuietJob(bench.job, hear, ended)
    data = stage.prepare(quiet, settings, bench.tokenizer)
    whole = sum(map(_tokens, data.train.rows))
    count = len(data.train.rows)
    data.train = part_of(data.train, rows, settings.seed)
    data.held_out = Rows(rows=data.held_out.rows[:held_out])
    total = steps_in(settings, len(data.train.rows))
    settings = numbers_alone(settings, -(-total // checks) if checks else NEVER)
    trainer, _ = stage.build(Setup(quiet, settings, bench.tokenizer, model, bench.device, data))
    # Nothing is written; the library only asks for the folder.
    trainer._save_checkpoint, trainer._staging = lambda *args, **kwargs: None, trainer.run
    if trainer.args.gradient_checkpointing:
        keep_heap_small()
    ready = time.monotonic()
    trainer.train()
    done = time.monotonic()
    losses = [entry["eval_loss"] for entry in trainer.state.log_history if "eval_loss" in entry]
    finished = trainer.state.global_step >= trainer.state.max_steps
    return Outcome(losses[-1] if finished and losses and math.isfinite(losses[-1]) else None,
                   trainer.state.global_step, trainer.state.max_steps, loaded - began, ready - loaded, done - ready,
                   _row_seconds(trainer) if times_a_row else None, whole, count, len(data.held_out.rows))


def tidy() -> None:
    """Frees what the last short run held."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def part_of(rows: Rows, count: int, seed: int) -> Rows:
    """So many of the rows with their other forms, drawn by the seed alone; all when there are no more."""
    if count >= len(rows.rows):
        return rows
    kept = sorted(random.Random(seed).sample(range(len(rows.rows)), count))
    new = {old: place for place, old in enumerate(kept)}
    forms = [(epoch, row, place) for (epoch, row), place in rows.instead.items() if row in new]
    every = rows.every
    return replace(rows, rows=[rows.rows[n] for n in kept], sources=[rows.sources[n] for n in kept if rows.sources],
                   further=[every[place] for _, _, place in forms],
                   instead={(epoch, new[row]): len(kept) + n for n, (epoch, row, _) in enumerate(forms)})


def _tokens(row: dict[str, Any]) -> int:
    """Tokens of all sequences of a row."""
    if "input_ids" in row:
        return len(row["input_ids"])
    return sum(len(ids) for name, ids in row.items() if name.endswith("_ids"))


def _row_seconds(trainer: Any) -> float | None:
    """Seconds of a held-out row, of two batches; None without held-out rows."""
    if trainer.eval_dataset is None or not len(trainer.eval_dataset):
        return None
    some = trainer.eval_dataset.select(range(min(len(trainer.eval_dataset),
                                                 2 * trainer.args.per_device_eval_batch_size)))
    began = time.monotonic()
    trainer.evaluate(eval_dataset=some)
    return (time.monotonic() - began) / len(some)
