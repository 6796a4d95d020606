"""The trainer process: load, tokenise, train, save. One run is one job of the kind "train"."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from core.datasets import conversations
from core.errors import UserError
from core.jobs import JobContext, JobStopped
from core.llm.secrets import load_key
from core.models import resolve
from core.storage import publish_dir, remove_dir, write_json
from core.storage.workspace import RunPaths
from core.training import checkpoints
from core.training.general import mix_general
from core.training.hardware import Device, find_device, keep_heap_small, needs_checkpointing
from core.training.key_words import cut_questions
from core.training.monitors import mirrored
from core.training.notice import SWANLAB, told
from core.training.rows import Rows, tokenise
from core.training.settings import TrainSettings

# Checks and checkpoints: six in a run, but not after every step of a short one.
_MOMENTS = 6
_MIN_INTERVAL = 5
_MEMORY_WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory")


def run(job: JobContext) -> None:
    """Handler of the job kind "train" (without the command line): settings from the job's parameters."""
    train(job, TrainSettings.load(job.params))


def train(job: JobContext, settings: TrainSettings) -> None:
    """Trains a run to its end, or until it is asked to stop; either way there is an adapter to try afterwards.

    Raises:
        JobStopped: it was asked to stop; checkpoint and adapter are saved.
        UserError: model or data cannot be used, memory does not suffice, or the loss is lost.
    """
    key = load_key(job.ws, SWANLAB) if settings.swanlab == "cloud" else None
    try:
        with told(job, settings.dataset, settings.notice), mirrored(job, settings, key.reveal() if key else ""):
            _train(job, settings)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, MemoryError) or any(word in str(error).lower() for word in _MEMORY_WORDS):
            raise UserError("train.error.memory", batch=settings.batch_size, cutoff=settings.cutoff_len) from error
        raise


def _train(job: JobContext, settings: TrainSettings) -> None:
    # No library may look for anything on the network: everything is on this disk.
    os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", DO_NOT_TRACK="1")
    from core.training.watching import Watcher

    paths = job.ws.run(job.id)
    folder = resolve(job.ws, settings.model)
    job.phase("load")
    resumed = _resume_point(job, paths)
    device = find_device()
    tokenizer, model = _load(folder, device)
    job.check_stop()
    train_rows, held_out = _rows(job, settings, tokenizer)
    job.check_stop()
    trainer, reporter = _build(job, settings, model, tokenizer, train_rows, held_out, device)
    if trainer.args.gradient_checkpointing:
        keep_heap_small()
    trainer.add_callback(Watcher(job, settings, trainer, reporter, tokenizer))
    job.phase("train")
    trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
    job.phase("save")
    _publish(job, settings, trainer.model, paths)
    job.result(steps=trainer.state.global_step, total_steps=trainer.state.max_steps, rows=len(train_rows.rows),
               held_out_rows=len(held_out.rows), device=device.kind, dtype=device.dtype)
    if reporter.stopped:
        raise JobStopped


def _resume_point(job: JobContext, paths: RunPaths) -> Path | None:
    """The checkpoint to go on from; None for a fresh start. Damaged ones are reported and put away."""
    found, damaged = checkpoints.last_good(paths)
    if damaged:
        job.warn("train.warning.checkpoint_damaged", steps=", ".join(map(str, damaged)))
        checkpoints.discard(paths, damaged)
    if job.sitting > 1 or found:
        job.item(resumed_from=found[0] if found else 0)
    return found[1] if found else None


def _load(folder: Path, device: Device) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    model = AutoModelForCausalLM.from_pretrained(str(folder), dtype=getattr(torch, device.dtype), use_safetensors=True,
                                                 local_files_only=True)
    return tokenizer, model


def _rows(job: JobContext, settings: TrainSettings, tokenizer: Any) -> tuple[Rows, Rows]:
    """Training rows (with the general ones) and held-out rows; says what was cut or left out."""
    job.phase("tokenise")
    talks = conversations(job.ws, settings.dataset, "train")
    talks = mix_general(talks, settings.general_share, settings.seed)
    held_out_talks = conversations(job.ws, settings.dataset, "held_out")
    total = len(talks) + len(held_out_talks)
    rows = tokenise(talks, tokenizer, settings.cutoff_len, lambda n: job.progress(n, total, "rows"))
    held_out = tokenise(held_out_talks, tokenizer, settings.cutoff_len,
                        lambda n: job.progress(len(talks) + n, total, "rows"))
    if rows.cut:
        job.warn("train.warning.cut", rows=rows.cut, cutoff=settings.cutoff_len)
    if rows.dropped:
        job.warn("train.warning.dropped", rows=rows.dropped)
    if not rows.rows:
        raise UserError("train.error.no_rows")
    forms = cut_questions([talks[n] for n in rows.sources], settings.epochs, settings.key_word_share, settings.seed)
    rows.add_forms(forms, tokenizer, settings.cutoff_len)
    return rows, held_out


def _build(job: JobContext, settings: TrainSettings, model: Any, tokenizer: Any, rows: Rows, held_out: Rows,
           device: Device) -> tuple[Any, Any]:
    """The trainer with everything passed in, and the callback that reports to the job."""
    from datasets import Dataset
    from peft import LoraConfig

    from core.training.engine import AnswerTrainer, Reporter

    lengths = [len(row["input_ids"]) for row in rows.rows]
    twice = needs_checkpointing(model.config.get_text_config(), settings.batch_size, max(lengths), device)
    if twice:
        job.warn("train.warning.checkpointing")
    lora = LoraConfig(r=settings.lora_rank, lora_alpha=settings.lora_alpha, lora_dropout=settings.lora_dropout,
                      target_modules="all-linear", task_type="CAUSAL_LM")
    reporter = Reporter(job)
    trainer = AnswerTrainer(model, _arguments(job, settings, len(lengths), bool(held_out.rows), device, twice),
                            train_dataset=Dataset.from_list(rows.every),
                            eval_dataset=Dataset.from_list(held_out.rows) if held_out.rows else None,
                            processing_class=tokenizer, peft_config=lora, callbacks=[reporter], job=job,
                            run=job.ws.run(job.id), lengths=lengths, instead=rows.instead, opening=rows.opening(),
                            prompt_loss_weight=settings.prompt_loss_weight)
    reporter.trainer = trainer
    return trainer, reporter


def _arguments(job: JobContext, settings: TrainSettings, rows: int, evaluates: bool, device: Device,
               twice: bool) -> Any:
    """TRL's arguments from our settings; what is not ours to choose is switched off by name."""
    from trl import SFTConfig

    steps = steps_in(settings, rows)
    now_and_then = max(_MIN_INTERVAL, -(-steps // _MOMENTS))
    return SFTConfig(
        output_dir=str(job.ws.run(job.id).checkpoints), num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size, per_device_eval_batch_size=settings.batch_size,
        gradient_accumulation_steps=settings.gradient_accumulation, learning_rate=settings.learning_rate,
        lr_scheduler_type=settings.scheduler, warmup_steps=int(settings.warmup_share * steps),
        weight_decay=settings.weight_decay, max_grad_norm=settings.max_grad_norm, seed=settings.seed,
        data_seed=settings.seed, bf16=device.dtype == "bfloat16", fp16=False, use_cpu=device.kind == "cpu",
        gradient_checkpointing=twice, optim="adamw_torch", logging_strategy="steps", logging_steps=1,
        logging_nan_inf_filter=False, eval_strategy="steps" if evaluates else "no",
        eval_steps=settings.evaluate_every or now_and_then, save_strategy="steps",
        save_steps=settings.save_every or now_and_then, save_total_limit=None, report_to=[], disable_tqdm=True,
        dataloader_pin_memory=device.kind == "cuda", max_length=None, packing=False,
        dataset_kwargs={"skip_prepare_dataset": True}, push_to_hub=False)


def steps_in(settings: TrainSettings, rows: int) -> int:
    """Optimiser steps of a whole run over so many rows."""
    batches = -(-rows // settings.batch_size)
    return settings.epochs * -(-batches // settings.gradient_accumulation)


def _publish(job: JobContext, settings: TrainSettings, model: Any, paths: RunPaths) -> None:
    """Puts the adapter in its place, complete; an adapter of an earlier sitting is replaced."""
    from core.training.engine import save_adapter

    temp = job.ws.tmp_dir()
    save_adapter(model, temp, settings.model)
    write_json(temp / "doctune.json", {"run": job.id, "base_model": settings.model})
    remove_dir(paths.adapter)
    publish_dir(temp, paths.adapter)
