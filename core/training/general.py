"""General conversations mixed into the training rows, against forgetting what the model could do before."""

from __future__ import annotations

import json
import random
from importlib import resources

from core.errors import UserError
from core.models.chat_template import Message

_FILE = "general.json"


def mix_general(conversations: list[list[Message]], share: float, seed: int) -> list[list[Message]]:
    """The conversations with general ones added, so that these make up `share` of all rows.

    Args:
        share: 0 adds none; there are at most as many as the shipped file holds.
        seed: decides which ones are taken.

    Raises:
        UserError: a share is asked for and the shipped file is missing.
    """
    if share <= 0 or not conversations:
        return conversations
    pool = load_general()
    wanted = min(len(pool), round(len(conversations) * share / (1 - share)))
    return conversations + random.Random(seed).sample(pool, wanted)


def load_general() -> list[list[Message]]:
    """The shipped general conversations: lists of messages with role and content."""
    file = resources.files("core.training").joinpath(_FILE)
    if not file.is_file():
        raise UserError("train.error.no_general", file=_FILE)
    return [row["messages"] for row in json.loads(file.read_text(encoding="utf-8"))]
