"""The shipped general conversations: what keeps a model from forgetting what it could do before."""

from __future__ import annotations

import json
from importlib import resources

from core.datasets.formats import Conversation
from core.errors import UserError

_FILE = "general.json"


def load_general() -> list[Conversation]:
    """All of them, as lists of messages with role and content. Raises UserError when the shipped file is missing."""
    file = resources.files("core.datasets").joinpath(_FILE)
    if not file.is_file():
        raise UserError("train.error.no_general", file=_FILE)
    return [row["messages"] for row in json.loads(file.read_text(encoding="utf-8"))]
