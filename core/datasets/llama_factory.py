"""A folder that LLaMA-Factory trains on as it is: the rows, `dataset_info.json` and a YAML for its command line."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import yaml

from core.datasets.reading import Split, every_row
from core.datasets.registry import HELD_OUT
from core.datasets.rows import Row, entry_of_rows
from core.datasets.sources import REGISTRY
from core.datasets.store import get_dataset
from core.datasets.writing import Written, write_rows
from core.errors import UserError
from core.storage import Workspace, remove_dir, write_json
from core.storage.atomic import replace, storage_error
from core.storage.owner import temporary_name
from core.storage.workspace import DatasetPaths

YAML = "train.yaml"
MODEL, TEMPLATE = "Qwen/Qwen2.5-0.5B-Instruct", "qwen"
_STAGES = {"chat": "sft", "scored": "sft", "preference": "dpo", "label": "kto", "text": "pt"}
_PARTS: tuple[Split, Split] = ("train", "held_out")


def export_folder(ws: Workspace, dataset_id: str, target: Path, *, model: str = MODEL, template: str = TEMPLATE) -> int:
    """Makes the folder `target`, or a ZIP of it when the name ends so; returns the number of rows to train on.

    Args:
        model: hub name or folder that the YAML names.
        template: LLaMA-Factory's name of the model's chat template.

    Raises UserError when the target is there already, or the disk is full.
    """
    info = get_dataset(ws, dataset_id)
    if target.exists():
        raise UserError("storage.error.exists", name=target.name)
    folder = ws.tmp_dir()
    try:
        written, entries = _write(ws, dataset_id, info.name, info.kind, DatasetPaths(folder))
        if not written["train"].rows:
            raise UserError("dataset.error.no_rows", name=info.title)
        write_json(folder / REGISTRY, entries)
        described = settings(info.name, info.kind, model, template, written["train"].rows, info.name + HELD_OUT
                             if written["held_out"].rows else "")
        (folder / YAML).write_text(yaml.safe_dump(described, sort_keys=False, allow_unicode=True), encoding="utf-8")
        _put(folder, target)
        return written["train"].rows
    except OSError as error:
        raise storage_error(error, target) from error
    finally:
        remove_dir(folder)


def settings(name: str, kind: str, model: str, template: str, rows: int, held_out: str = "") -> dict[str, Any]:
    """What the YAML says: LoRA with LLaMA-Factory's usual values, and no more epochs than so many rows bear."""
    made: dict[str, Any] = {
        "model_name_or_path": model, "stage": _STAGES[kind], "do_train": True, "finetuning_type": "lora",
        "lora_target": "all", "lora_rank": 8, "dataset_dir": ".", "dataset": name, "template": template,
        "cutoff_len": 2048, "output_dir": f"output/{name}", "overwrite_output_dir": True, "logging_steps": 1,
        "save_steps": 500, "plot_loss": True, "per_device_train_batch_size": 1, "gradient_accumulation_steps": 8,
        "learning_rate": 5.0e-6 if kind in ("preference", "label") else 1.0e-4,
        "num_train_epochs": 3.0, "lr_scheduler_type": "cosine", "warmup_steps": 0, "report_to": "none"}
    if kind in ("preference", "label"):
        made |= {"pref_beta": 0.1} | ({"pref_loss": "sigmoid"} if kind == "preference" else {})
    if held_out and kind != "text":
        made |= {"eval_dataset": held_out, "per_device_eval_batch_size": 1, "eval_strategy": "epoch"}
    return made


def _write(ws: Workspace, dataset_id: str, name: str, kind: str,
           paths: DatasetPaths) -> tuple[dict[str, Written], dict[str, Any]]:
    written, entries = {}, {}
    for split in _PARTS:
        called = name if split == "train" else name + HELD_OUT
        path = paths.dir / f"{called}.jsonl"
        rows = (row for row in every_row(ws, dataset_id, split) if isinstance(row, Row))
        written[split] = write_rows(paths, path, rows)
        if written[split].rows:
            entries[called] = entry_of_rows(kind, path.name, set(written[split].columns))  # type: ignore[arg-type]
        else:
            path.unlink()
    return written, entries


def _put(folder: Path, target: Path) -> None:
    """Whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.parent / temporary_name()
    try:
        if target.suffix.lower() == ".zip":
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
                for path in sorted(folder.iterdir()):
                    archive.write(path, path.name)
        else:
            shutil.copytree(folder, part)
        replace(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True) if part.is_dir() else part.unlink(missing_ok=True)
