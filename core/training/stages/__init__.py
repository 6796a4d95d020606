"""Stages of training: which rows each learns from, and the module that trains it with TRL.

Modules of stages import torch; this one does not.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from core.datasets import DatasetInfo, get_dataset
from core.errors import UserError
from core.storage import Workspace
from core.training import mixing
from core.training.settings import TrainSettings

KINDS: dict[str, tuple[str, ...]] = {
    "sft": ("chat", "preference", "scored"), "pt": ("text",), "dpo": ("preference", "scored"),
    "kto": ("label", "preference", "scored"), "reward": ("preference", "scored"),
    "rlhf": ("chat", "preference", "scored", "label"),
}
"""Stage → kinds of rows (see `core.datasets.rows`) that it can learn from."""
_USUAL = {"chat": "sft", "text": "pt", "preference": "dpo", "scored": "dpo", "label": "kto"}
_RATES = {"lora": 1e-3, "oft": 1e-3, "ia3": 5e-3, "prompt": 3e-2, "prefix": 1e-2, "p_tuning": 1e-2, "freeze": 5e-5,
          "full": 2e-5}
# Preferences and rewards move a model that can answer already: the usual rates are far lower there.
_SLOWER = {"dpo": 20, "kto": 20, "reward": 5, "rlhf": 20}


def module(stage: str) -> Any:
    """The module of a stage: `prepare(job, settings, tokenizer)` makes rows, `build(...)` the trainer."""
    return import_module(f"core.training.stages.{stage}")


def fits(stage: str, dataset: DatasetInfo) -> bool:
    """Whether a stage can learn from a dataset."""
    return dataset.kind in KINDS[stage] and not dataset.tools


def stage_for(dataset: DatasetInfo) -> str:
    """The stage that a dataset's rows are made for."""
    return _USUAL[dataset.kind]


def usual_rate(stage: str, method: str) -> float:
    """The learning rate that a stage and a method usually begin with."""
    return float(f"{_RATES[method] / _SLOWER.get(stage, 1):.2g}")


def usual_rates() -> set[float]:
    """All usual rates: a value that is none of them was chosen by a person."""
    return {usual_rate(stage, method) for stage in KINDS for method in _RATES}


def check_rows(ws: Workspace, settings: TrainSettings) -> None:
    """Raises UserError when a dataset's rows are of a kind that the stage cannot learn from, or a further dataset
    cannot be used for another reason."""
    if not fits(settings.stage, get_dataset(ws, settings.dataset)):
        raise UserError(f"train.error.rows_{settings.stage}")
    mixing.check(ws, settings, lambda info: fits(settings.stage, info))
