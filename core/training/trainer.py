"""The trainer process: load, tokenise, train, save. One run is one job of the kind "train"."""

from __future__ import annotations

import os
from dataclasses import asdict, replace

from core.errors import UserError
from core.jobs import JobContext, JobStopped
from core.llm.secrets import load_key
from core.models import resolve
from core.storage.workspace import RunPaths
from core.training import checkpoints, methods, ranks, stages
from core.training.hardware import Device, find_device, keep_heap_small
from core.training.monitors import mirrored
from core.training.notice import SWANLAB, told
from core.training.rows import Rows
from core.training.settings import TrainSettings

_MEMORY_WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory", "bad_alloc",
                 "could not create a primitive", "could not create a memory object", "could not execute a primitive")
"""How libraries say it, the last three oneDNN."""


def run(job: JobContext) -> None:
    """Handler of the job kind "train" (without the command line): settings from the job's parameters."""
    train(job, TrainSettings.load(job.params))


def train(job: JobContext, settings: TrainSettings) -> None:
    """Trains a run to its end, or until it is asked to stop; either way there is a result to try afterwards.

    Raises:
        JobStopped: it was asked to stop; checkpoint and result are saved.
        UserError: model or data cannot be used, memory does not suffice, or the loss is lost.
    """
    key = load_key(job.ws, SWANLAB) if settings.swanlab == "cloud" else None
    alone = ranks.count() == 1  # of several processes the leading one is mirrored, and their launcher tells the end
    if not ranks.leads():
        settings = settings.model_copy(update={"swanlab": "off", "tensorboard": False, "wandb": False})
    try:
        with told(job, settings.dataset, settings.notice and alone), \
                mirrored(job, settings, key.reveal() if key else ""):
            _train(job, settings)
    except (MemoryError, RuntimeError) as error:
        if is_memory(error):
            raise UserError("train.error.memory", batch=settings.batch_size, cutoff=settings.cutoff_len) from error
        raise


def is_memory(error: BaseException) -> bool:
    """Whether an error of a library says that memory did not suffice."""
    return isinstance(error, MemoryError) or any(word in str(error).lower() for word in _MEMORY_WORDS)


def stay_offline() -> None:
    """No library may look for anything on the network: everything is on this disk. Before they are imported."""
    os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", DO_NOT_TRACK="1",
                      TRL_EXPERIMENTAL_SILENCE="1")


def _train(job: JobContext, settings: TrainSettings) -> None:
    stay_offline()
    from transformers import AutoTokenizer

    from core.training.keeping import best_step
    from core.training.results import keep_start, publish
    from core.training.stages.base import Setup
    from core.training.watching import Watcher

    settings = settings.effective()
    methods.check(settings)
    stages.check_rows(job.ws, settings)
    paths = job.ws.run(job.id)
    folder = resolve(job.ws, settings.model)
    job.phase("load")
    resumed = ranks.share(lambda: _resume_point(job, paths))
    device = _device(settings)
    tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    model = methods.load_model(folder, settings, device)
    job.check_stop()
    stage = stages.module(settings.stage)
    job.phase("tokenise")
    data = stage.prepare(job, settings, tokenizer)
    _count(job, settings, data.train)
    job.check_stop()
    trainer, reporter = stage.build(Setup(job, settings, tokenizer, model, device, data))
    if trainer.args.gradient_checkpointing:
        keep_heap_small()
    trainer.add_callback(Watcher(job, settings, trainer, reporter, tokenizer))
    keep_start(trainer.model, settings, paths)
    job.phase("train")
    trainer.train(resume_from_checkpoint=resumed)
    job.phase("save")
    best = best_step(paths) if settings.keep_best and not reporter.stopped else None
    publish(job, settings, trainer.model, tokenizer, best is not None)
    job.result(steps=trainer.state.global_step, total_steps=trainer.state.max_steps, rows=len(data.train.rows),
               held_out_rows=len(data.held_out.rows), device=device.kind, dtype=device.dtype, best=best,
               **({"parts": [asdict(part) for part in data.parts]} if data.parts else {}))
    if reporter.stopped:
        raise JobStopped


def _count(job: JobContext, settings: TrainSettings, rows: Rows) -> None:
    """Says what was cut or left out. Raises UserError when nothing remains."""
    if rows.cut:
        job.warn("train.warning.cut", rows=rows.cut, cutoff=settings.cutoff_len)
    if rows.dropped:
        job.warn("train.warning.dropped", rows=rows.dropped)
    if not rows.rows:
        raise UserError("train.error.no_rows")


def _device(settings: TrainSettings) -> Device:
    """Where this process computes. All take the leading one's free memory as theirs: they must decide alike."""
    found = find_device()
    sharers = settings.processes if ranks.count() > 1 and found.kind == "cpu" else 1
    return replace(found, free_bytes=ranks.share(lambda: found.free_bytes // sharers))


def _resume_point(job: JobContext, paths: RunPaths) -> str | None:
    """The folder of the checkpoint to go on from; None for a fresh start. Damaged ones are reported and put away."""
    found, damaged = checkpoints.last_good(paths)
    if damaged:
        job.warn("train.warning.checkpoint_damaged", steps=", ".join(map(str, damaged)))
        checkpoints.discard(paths, damaged)
    if job.sitting > 1 or found:
        job.item(resumed_from=found[0] if found else 0)
    return str(found[1]) if found else None
