"""General conversations mixed into the training rows, against forgetting what the model could do before."""

from __future__ import annotations

import random

from core.datasets.general import load_general
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
    wanted = min(len(pool), round(len(conversations) * share / (1 - share)))
    return conversations + random.Random(seed).sample(pool, wanted)
