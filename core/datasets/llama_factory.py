"""A folder that LLaMA-Factory trains on as it is: the rows, `dataset_info.json` and a YAML for its command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from core.datasets.card import Exported, card
from core.datasets.columns import PARTS
from core.datasets.folders import MODEL, make_folder
from core.datasets.reading import every_row
from core.datasets.registry import HELD_OUT
from core.datasets.rows import Row, entry_of_rows
from core.datasets.sources import REGISTRY
from core.datasets.store import get_dataset
from core.datasets.writing import Written, write_rows
from core.errors import UserError
from core.i18n import t
from core.storage import Workspace, write_json
from core.storage.workspace import DatasetPaths

YAML = "train.yaml"
_STAGES = {"chat": "sft", "scored": "sft", "preference": "dpo", "label": "kto", "text": "pt"}
_TEMPLATES = (("qwen3-4b-instruct", "qwen3_nothink"), ("qwen3", "qwen3"), ("qwen2.5", "qwen"), ("qwen2", "qwen"),
              ("smollm2", "smollm2"), ("smollm", "smollm"), ("deepseek-r1", "deepseekr1"), ("gemma-3", "gemma3"),
              ("gemma-2", "gemma2"), ("gemma", "gemma"), ("llama-3", "llama3"), ("meta-llama-3", "llama3"),
              ("mistral", "mistral"), ("phi-4", "phi4"), ("glm-4", "glm4"), ("internlm2", "intern2"))
"""How the name of a model begins → its template in LLaMA-Factory's `data/template.py`."""


def template_of(model: str) -> str:
    """LLaMA-Factory's name of a model's chat template, by the model's name; "default" for one that is not known."""
    name = model.replace("\\", "/").rpartition("/")[2].lower()
    return next((template for begins, template in _TEMPLATES if name.startswith(begins)), "default")


def export_folder(ws: Workspace, dataset_id: str, target: Path, *, model: str = MODEL, template: str = "",
                  lang: str = "en") -> int:
    """Makes the folder `target`, or a ZIP of it when the name ends so; returns the number of rows to train on.

    Args:
        model: hub name or folder that the YAML names.
        template: LLaMA-Factory's name of the model's chat template; "" to tell it by the model's name.
        lang: language of the card.

    Raises UserError when the target is there already, or the disk is full.
    """
    info = get_dataset(ws, dataset_id)

    def fill(folder: Path) -> int:
        written, entries = _write(ws, dataset_id, info.name, info.kind, DatasetPaths(folder))
        train, test = written["train"], written["held_out"]
        if not train.rows:
            raise UserError("dataset.error.no_rows", name=info.title)
        write_json(folder / REGISTRY, entries)
        described = settings(info.name, info.kind, model, template or template_of(model), train.rows,
                             info.name + HELD_OUT if test.rows else "")
        (folder / YAML).write_text(yaml.safe_dump(described, sort_keys=False, allow_unicode=True), encoding="utf-8")
        files = [Exported(f"{info.name}{HELD_OUT if split == 'held_out' else ''}.jsonl", split, written[split].rows,
                          _fields(info.kind, written[split])) for split in PARTS if written[split].rows]
        (folder / "README.md").write_text(card(ws, dataset_id, files, lang, t("dataset.card.use.llama_factory", lang)),
                                          encoding="utf-8")
        return train.rows

    return make_folder(ws, target, fill)


def _fields(kind: str, written: Written) -> list[str]:
    own = {"text": ["text"], "preference": ["messages", "chosen", "rejected"], "label": ["messages", "label"],
           "scored": ["messages", "answers"]}
    return [*own.get(kind, ["messages"]), *written.columns]


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
    for split in PARTS:
        called = name if split == "train" else name + HELD_OUT
        path = paths.dir / f"{called}.jsonl"
        rows = (row for row in every_row(ws, dataset_id, split) if isinstance(row, Row))
        written[split] = write_rows(paths, path, rows)
        if written[split].rows:
            entries[called] = entry_of_rows(kind, path.name, set(written[split].columns))  # type: ignore[arg-type]
        else:
            path.unlink()
    return written, entries
