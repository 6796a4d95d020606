"""Stages of training: which rows each learns from, and the module that trains it with TRL.

Modules of stages import torch; this one does not.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from core.datasets import DatasetInfo, get_dataset, list_all
from core.errors import UserError
from core.storage import Workspace
from core.training.settings import TrainSettings

KINDS: dict[str, tuple[str, ...]] = {
    "sft": ("chat", "preference", "scored"), "pt": ("text",), "dpo": ("preference", "scored"),
    "kto": ("label", "preference", "scored"), "reward": ("preference", "scored"),
    "rlhf": ("chat", "preference", "scored", "label"),
}
"""Stage → kinds of rows (see `core.datasets.rows`) that it can learn from."""


def module(stage: str) -> Any:
    """The module of a stage: `prepare(job, settings, tokenizer)` makes rows, `build(...)` the trainer."""
    return import_module(f"core.training.stages.{stage}")


def fits(stage: str, dataset: DatasetInfo) -> bool:
    """Whether a stage can learn from a dataset."""
    return dataset.kind in KINDS[stage] and not dataset.tools


def datasets_for(ws: Workspace, stage: str) -> list[DatasetInfo]:
    """The datasets that a stage can learn from, in the order of all."""
    return [info for info in list_all(ws) if fits(stage, info)]


def check_rows(ws: Workspace, settings: TrainSettings) -> None:
    """Raises UserError when the dataset's rows are of a kind that the stage cannot learn from."""
    if not fits(settings.stage, get_dataset(ws, settings.dataset)):
        raise UserError(f"train.error.rows_{settings.stage}")
