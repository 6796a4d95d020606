"""The kinds of jobs and their handlers, as text: a handler is imported in the job's own process only."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

KINDS: dict[str, str] = {
    "convert": "core.documents.worker:run",
    "build": "core.qa.worker:run",
    "dataset": "core.datasets.work:run",
    "hub": "core.hubs.work:run",
    "closed_book": "core.qa.closed_book:run",
    "augment": "core.qa.augment:run",
    "count": "core.training.token_counts:run",
    "train": "core.training.trainer:run",
    "measure": "core.training.measuring:run",
    "board": "core.training.board:run",
    "tune": "core.training.tuning:run",
    "serve": "core.serving.server:run",
    "pull": "core.llm.pull:run",
    "download": "core.models.download:run",
}


def resolve(path: str) -> Callable[..., Any]:
    """The function that ``package.module:function`` names."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
