"""General conversations mixed into the training rows, against forgetting what the model could do before."""

from __future__ import annotations

import random
from functools import lru_cache

from core.datasets.general import load_general
from core.errors import UserError
from core.models.chat_template import Message


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
    return conversations + random.Random(seed).sample(pool, min(len(pool), _wanted(len(conversations), share)))


def how_many(rows: int, share: float) -> int:
    """How many general conversations are added to so many rows; 0 where the shipped file is missing."""
    return min(_shipped(), _wanted(rows, share)) if share > 0 else 0


@lru_cache(maxsize=1)
def _shipped() -> int:
    try:
        return len(load_general())
    except UserError:
        return 0


def _wanted(rows: int, share: float) -> int:
    return round(rows * share / (1 - share))
