"""What a base model was asked without the text and what it said: the identity of a question, replies, verdicts.

Replies are calls of the ledger with the stage "closed_book". A verdict follows from a reply and the pair as it is now:
when a person changes an answer it is judged again, and nothing is asked twice.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from core.llm.types import Message
from core.qa.known import LAST, BaseModel, judged
from core.qa.ledger import Ledger, call_key

STAGE, VERSION = "closed_book", "1"
SAMPLING: dict[str, Any] = {"temperature": 0.0, "top_p": 1.0, "max_tokens": 48, "stop": ["\n\n"]}
"""As the comparison asks by default: the likeliest words. An answer that is known comes in the first sentences; what
a model adds in further paragraphs is not waited for."""
_MANY = 200


def conversation(question: str, earlier: str = "") -> list[Message]:
    """What the model is given: the question alone; a conversation with its turns before, which it follows from.

    Args:
        earlier: the turns before as the ledger has them, JSON.
    """
    turns = [said for asked, answer, *_ in json.loads(earlier or "[]")
             for said in ({"role": "user", "content": asked}, {"role": "assistant", "content": answer})]
    return [*turns, {"role": "user", "content": question}]


def key_of(model: BaseModel, asked: Sequence[Message]) -> str:
    """The identity of a question to a base model."""
    return call_key(f"base {model.id}", SAMPLING, VERSION, list(asked))


def verdict(reply: str, row: sqlite3.Row) -> str:
    """What a reply tells of a pair: a row with question, answer, earlier and language."""
    before = " ".join(said for turn in json.loads(row["earlier"] or "[]") for said in turn[:2])
    return judged(reply, f"{before} {row['question']}", row["answer"], row["language"])


def renew(db: sqlite3.Connection, ids: Iterable[str] | None = None) -> None:
    """Brings the verdicts of pairs (all when none are named) in line with what the model asked last has replied."""
    found = db.execute(LAST).fetchone()
    if found is None:
        return
    model = BaseModel(*found)
    where, values = ("1", []) if ids is None else ("id IN (SELECT value FROM json_each(?))", [json.dumps(list(ids))])
    rows = db.execute(f"SELECT id, question, answer, earlier, language, known, kind FROM rows WHERE {where}",
                      values).fetchall()
    keys = [key_of(model, conversation(row["question"], row["earlier"])) for row in rows]
    said = _replies(db, model, keys if len(keys) < _MANY else None)
    now = ["" if row["kind"] == "absent" or key not in said else verdict(said[key], row)
           for row, key in zip(rows, keys, strict=True)]
    db.executemany("UPDATE rows SET known = ? WHERE id = ?",
                   [(one, row["id"]) for one, row in zip(now, rows, strict=True) if one != row["known"]])


def replies(ledger: Ledger, model: BaseModel) -> dict[str, str]:
    """What a base model said without the text, by `key_of` the question."""
    return {row[0]: row[1] for row in ledger.query(_SAID, STAGE, model.id)}


def _replies(db: sqlite3.Connection, model: BaseModel, keys: Sequence[str] | None) -> dict[str, str]:
    if keys is None:
        return {row[0]: row[1] for row in db.execute(_SAID, (STAGE, model.id))}
    named = f"{_SAID} AND key IN (SELECT value FROM json_each(?))"
    return {row[0]: row[1] for row in db.execute(named, (STAGE, model.id, json.dumps(list(keys))))}


_SAID = "SELECT key, reply FROM calls WHERE stage = ? AND model = ? AND state != 'failed'"
