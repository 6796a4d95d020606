"""A folder that TRL, or Unsloth, trains on as it is: the rows, a short script, what to install, the card."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.datasets.card import Exported, card
from core.datasets.columns import PARTS
from core.datasets.folders import MODEL, make_folder
from core.datasets.reading import Split, every_row
from core.datasets.rows import Row
from core.datasets.shapes import Traits, holds, writer
from core.datasets.store import DatasetInfo, get_dataset
from core.datasets.trl_script import SCRIPT
from core.errors import UserError
from core.i18n import t
from core.storage import Workspace

REQUIREMENTS = "trl>=0.20\npeft\ndatasets\n"
_FILES: dict[Split, str] = {"train": "train.jsonl", "held_out": "test.jsonl"}


@dataclass(frozen=True)
class _Stage:
    """How a kind of rows is trained: the trainer, its usual values, the format of the rows."""

    name: str
    trainer: str
    config: str
    fmt: str
    learning_rate: str
    batch_size: int = 4


_STAGES = {
    "chat": _Stage("sft", "SFTTrainer", "SFTConfig", "prompt_completion", "2e-4"),
    "turns": _Stage("sft", "SFTTrainer", "SFTConfig", "messages", "2e-4"),
    "text": _Stage("pt", "SFTTrainer", "SFTConfig", "text", "1e-4"),
    "preference": _Stage("dpo", "DPOTrainer", "DPOConfig", "preference", "5e-6", 2),
    "scored": _Stage("dpo", "DPOTrainer", "DPOConfig", "preference", "5e-6", 2),
    "label": _Stage("kto", "KTOTrainer", "KTOConfig", "prompt_completion", "5e-6", 2),
}


def export_trl(ws: Workspace, dataset_id: str, target: Path, *, model: str = MODEL, lang: str = "en") -> int:
    """Makes the folder `target`, or a ZIP of it when the name ends so; returns the number of rows to train on.

    Only answers are trained where every row has one question and one answer, of longer conversations all turns are.

    Raises UserError when the target is there already, no row can be written, or the disk is full.
    """
    info = get_dataset(ws, dataset_id)

    def fill(folder: Path) -> int:
        stage, traits = _stage(ws, info)
        files = [made for split in PARTS if (made := _write(ws, info, split, stage, traits, folder)).rows]
        if not files or files[0].part != "train":
            raise UserError("dataset.error.nothing_fits", name=info.title, format={"key": "dataset.format.trl"})
        script = SCRIPT % {"stage": stage.name, "model": model, "trainer": stage.trainer, "config": stage.config,
                           "learning_rate": stage.learning_rate, "batch_size": stage.batch_size}
        texts = {"train.py": script, "requirements.txt": REQUIREMENTS,
                 "README.md": card(ws, dataset_id, files, lang, t("dataset.card.use.trl", lang))}
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        return files[0].rows

    return make_folder(ws, target, fill)


def fitting(ws: Workspace, dataset_id: str) -> int:
    """How many rows to train on the folder would have."""
    info = get_dataset(ws, dataset_id)
    if info.kind != "scored":
        return info.rows if info.rows >= 0 else sum(isinstance(row, Row) for row in every_row(ws, dataset_id))
    return sum(isinstance(row, Row) and holds(row, "preference") for row in every_row(ws, dataset_id))


def _stage(ws: Workspace, info: DatasetInfo) -> tuple[_Stage, Traits]:
    """(how the rows are trained, what they have in common); turns are always lists, which get the chat template."""
    traits = Traits()
    for split in PARTS:
        for row in every_row(ws, info.id, split):
            if isinstance(row, Row):
                traits.add(row)
    name = "turns" if info.kind == "chat" and not traits.plain else info.kind
    traits.plain, traits.extra = False, {}
    return _STAGES[name], traits


def _write(ws: Workspace, info: DatasetInfo, split: Split, stage: _Stage, traits: Traits, folder: Path) -> Exported:
    make, count, fields = writer(stage.fmt, traits), 0, dict[str, None]()
    path = folder / _FILES[split]
    with path.open("wb") as file:
        for row in every_row(ws, info.id, split):
            if isinstance(row, Row) and holds(row, stage.fmt):
                made: dict[str, Any] = make(row)
                fields |= dict.fromkeys(made)
                file.write(json.dumps(made, ensure_ascii=False).encode() + b"\n")
                count += 1
    if not count:
        path.unlink()
    return Exported(path.name, split, count, list(fields))
