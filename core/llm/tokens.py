"""Token counts without a tokenizer: an upper estimate that holds for the usual vocabularies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_WIDE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef]")
MESSAGE_OVERHEAD = 12


def estimate(text: str) -> int:
    """Tokens of a text, rather too many than too few: 1.2 a CJK character, 1 for three others."""
    wide = len(_WIDE.findall(text))
    return int(wide * 1.2 + (len(text) - wide) / 3) + 1


def estimate_messages(messages: Iterable[Mapping[str, str]]) -> int:
    """Tokens of a conversation with the marks that a chat template puts around each turn."""
    return sum(estimate(m["content"]) + MESSAGE_OVERHEAD for m in messages) + MESSAGE_OVERHEAD
