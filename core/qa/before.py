"""Scores of a base model before training, from what it was asked without the text: nothing is asked twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from core import models
from core.errors import UserError
from core.qa.asked import conversation, key_of, replies
from core.qa.chunk import language_of
from core.qa.known import BaseModel, judged, last_asked
from core.qa.ledger import Ledger
from core.qa.types import Pair
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class Before:
    """Of so many rows, how many the base model was asked, and how many answers said what they must."""

    rows: int
    asked: int
    known: int


def reply_without(ws: Workspace, pair: Pair) -> str:
    """What the base model that was asked last said to a pair's question; empty when it was not asked."""
    with Ledger(ws) as ledger:
        model = last_asked(ledger)
        call = ledger.call(key_of(model, conversation(pair.question, json.dumps(pair.earlier)))) if model else None
    return call.reply if call else ""


def before_scores(ws: Workspace, model: str, rows: Sequence[Sequence[dict[str, str]]]) -> Before | None:
    """What a base model knew of the rows of a dataset; None when it was asked none of them, or is not here.

    Args:
        model: catalogue id or local folder, as it was trained.
        rows: conversations as messages with role and content, the wanted answer last.
    """
    if not ws.qa().ledger.exists():
        return None
    try:
        base = BaseModel(models.fingerprint(models.resolve(ws, model)), model, "")
    except UserError:
        return None
    with Ledger(ws) as ledger:
        said = replies(ledger, base)
    asked = known = 0
    for row in rows if said else ():
        reply = said.get(key_of(base, [{"role": m["role"], "content": m["content"]} for m in row[:-1]]))
        if reply is None:
            continue
        asked += 1
        before = " ".join(m["content"] for m in row[:-1])
        known += judged(reply, before, row[-1]["content"], language_of(before)) == "known"
    return Before(len(rows), asked, known) if asked else None
