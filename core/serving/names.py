"""Names of models and adapters in requests, and the folders behind them. No name shows a path."""

from __future__ import annotations

import re
from pathlib import Path

from core.errors import UserError
from core.models import find, resolve
from core.storage import Workspace
from core.storage.workspace import check_id

QUESTION_WRITER = "question-writer"


def base_name(model: str) -> str:
    """How a base model is called in requests: its catalogue id, or the last part of a local folder's path."""
    try:
        return find(model).id
    except UserError:
        last = re.split(r"[\\/]", model.rstrip("\\/"))[-1]
        return re.sub(r"[^A-Za-z0-9._-]+", "-", last).strip("-.")[:100] or "model"


def base_label(model: str) -> str:
    """How a base model is called for people."""
    try:
        return find(model).label
    except UserError:
        return base_name(model)


def base_folder(ws: Workspace, model: str) -> Path:
    """Folder of a base model given as catalogue id or local folder. Raises UserError."""
    return resolve(ws, model)


def adapter_folder(ws: Workspace, name: str) -> Path:
    """Folder of a result: of a training run (an adapter or a whole model), or the question writer's adapter.

    Raises UserError for other names.
    """
    if name == QUESTION_WRITER:
        return ws.question_writer
    if not check_id(name).startswith("run-"):
        raise UserError("serving.error.adapter_missing", name=name)
    return ws.run(name).result
