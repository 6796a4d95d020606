"""A run that failed, tried again with settings that are less likely to: one change for each kind of failure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from core.training.settings import TrainSettings

Kind = Literal["memory", "lost", "disk", "killed", "crashed", "hang", "other"]
KINDS: dict[str, Kind] = {
    "train.error.memory": "memory",
    "jobs.error.out_of_memory": "memory",
    "train.error.loss_lost": "lost",
    "jobs.error.disk_full": "disk",
    "storage.error.no_space": "disk",
    "storage.error.disk_full": "disk",
    "jobs.error.killed": "killed",
    "jobs.error.crashed": "crashed",
    "jobs.error.hang": "hang",
}
SMALLEST_CUTOFF, SMALLEST_RANK, SMALLEST_RATE = 128, 4, 1e-6
MOST_ADDED = 256


@dataclass(frozen=True)
class Safer:
    """What failed, and the settings that another try should change; without any there is no safer try."""

    kind: Kind
    change: dict[str, Any] = field(default_factory=dict)


def safer(settings: TrainSettings, error: dict[str, Any] | None) -> Safer:
    """The change for a run that ended with an error of the catalogue.

    - Memory, or an end from outside that is mostly a lack of it, or a crash in a library: half the batch with twice the
      accumulation, so that each step sees the same rows; then half the cutoff length; then half the rank.
    - A loss that was no number: a third of the learning rate, and at least a tenth of the run to warm up.
    - A full disk: nothing that settings would change.
    """
    kind = KINDS.get(str((error or {}).get("key", "")), "other")
    if kind in ("memory", "killed", "crashed", "hang"):
        return Safer(kind, _smaller(settings))
    if kind == "lost":
        return Safer(kind, _calmer(settings))
    return Safer(kind)


def _smaller(settings: TrainSettings) -> dict[str, Any]:
    if settings.batch_size > (3 if settings.stage == "kto" else 1):  # KTO compares rows of a batch
        rows = settings.batch_size // 2
        added = min(MOST_ADDED, settings.gradient_accumulation * -(-settings.batch_size // rows))
        return {"batch_size": rows, "gradient_accumulation": added}
    if settings.cutoff_len > SMALLEST_CUTOFF:
        return {"cutoff_len": max(SMALLEST_CUTOFF, settings.cutoff_len // 2)}
    if settings.method == "lora" and settings.lora_rank > SMALLEST_RANK:
        return {"lora_rank": settings.lora_rank // 2, "lora_alpha": max(1, settings.lora_alpha // 2)}
    return {}


def _calmer(settings: TrainSettings) -> dict[str, Any]:
    if settings.learning_rate <= SMALLEST_RATE:
        return {}
    change: dict[str, Any] = {"learning_rate": float(f"{settings.learning_rate / 3:.2g}")}
    if settings.warmup_share < 0.1:
        change["warmup_share"] = 0.1
    return change
