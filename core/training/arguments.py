"""The trainer libraries' arguments from our settings; what is not ours to choose is switched off by name."""

from __future__ import annotations

from typing import Any

from core.errors import UserError
from core.training import low_rank
from core.training.hardware import Device
from core.training.settings import TrainSettings

# Checks and checkpoints: six in a run, but not after every step of a short one.
_MOMENTS = 6
_MIN_INTERVAL = 5
_OPTIMIZERS = {"adamw": "adamw_torch", "adamw_8bit": "adamw_bnb_8bit", "paged_adamw_8bit": "paged_adamw_8bit",
               "adafactor": "adafactor", "galore": "galore_adamw", "apollo": "apollo_adamw"}
_DECAY_SHARE = 0.2


def steps_in(settings: TrainSettings, rows: int) -> int:
    """Optimiser steps of a whole run over so many rows."""
    batches = -(-rows // (settings.batch_size * settings.world))
    return settings.epochs * -(-batches // settings.gradient_accumulation)


def arguments(settings: TrainSettings, output: str, steps: int, evaluates: bool, device: Device, twice: bool
              ) -> dict[str, Any]:
    """What every trainer of TRL takes.

    Args:
        output: folder that the library may write to.
        steps: optimiser steps of the whole run.
        evaluates: there are held-out rows.
        twice: activations are computed again in the backward pass.

    Raises:
        UserError: the schedule needs held-out rows and there are none.
    """
    if settings.scheduler == "reduce_lr_on_plateau" and not evaluates:
        raise UserError("train.error.plateau")
    now_and_then = max(_MIN_INTERVAL, -(-steps // _MOMENTS))
    return {
        "output_dir": output, "num_train_epochs": settings.epochs,
        "per_device_train_batch_size": settings.batch_size, "per_device_eval_batch_size": settings.batch_size,
        "gradient_accumulation_steps": settings.gradient_accumulation, "learning_rate": settings.learning_rate,
        "lr_scheduler_type": settings.scheduler, "warmup_steps": int(settings.warmup_share * steps),
        "weight_decay": settings.weight_decay, "max_grad_norm": settings.max_grad_norm, "seed": settings.seed,
        "data_seed": settings.seed, "bf16": device.dtype == "bfloat16", "fp16": False, "use_cpu": device.kind == "cpu",
        "gradient_checkpointing": twice, "optim": _OPTIMIZERS[settings.optimizer], "logging_strategy": "steps",
        "logging_steps": 1, "logging_nan_inf_filter": False, "eval_strategy": "steps" if evaluates else "no",
        "eval_steps": settings.evaluate_every or now_and_then, "save_strategy": "steps",
        "save_steps": settings.save_every or now_and_then, "save_total_limit": None, "report_to": [],
        "disable_tqdm": True, "dataloader_pin_memory": device.kind == "cuda", "push_to_hub": False,
        "ddp_find_unused_parameters": False,
        **_schedule(settings, steps), **low_rank.arguments(settings),
        **({"neftune_noise_alpha": settings.neftune_alpha} if settings.neftune_alpha else {}),
    }


def _schedule(settings: TrainSettings, steps: int) -> dict[str, Any]:
    """What some schedules need beside their name."""
    kind = settings.scheduler
    if kind == "cosine_with_restarts":
        return {"lr_scheduler_kwargs": {"num_cycles": settings.epochs}}
    if kind == "cosine_with_min_lr":
        return {"lr_scheduler_kwargs": {"min_lr_rate": settings.min_rate_share}}
    if kind == "warmup_stable_decay":
        return {"lr_scheduler_kwargs": {"num_decay_steps": max(1, int(_DECAY_SHARE * steps)),
                                        "min_lr_ratio": settings.min_rate_share}}
    if kind == "polynomial":
        return {"lr_scheduler_kwargs": {"lr_end": 0.0, "power": 2.0}}
    if kind == "reduce_lr_on_plateau":
        return {"metric_for_best_model": "eval_loss", "greater_is_better": False,
                "lr_scheduler_kwargs": {"patience": 1, "factor": 0.5}}
    return {}
