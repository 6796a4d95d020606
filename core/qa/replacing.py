"""A word replaced in all pairs that are meant: what it would change, and doing it."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import UserError
from core.qa.changes import Text, record, rewrite
from core.qa.ledger import Ledger
from core.qa.selection import Wanted, condition
from core.storage.workspace import Workspace

_AROUND = 60
_HOLDS = "(instr(question, ?) OR instr(answer, ?))"


@dataclass(frozen=True)
class Preview:
    """How many pairs hold the words, and the surroundings of the first place before and after."""

    pairs: int
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Replaced:
    """How many pairs were changed, and how many of them a gate refuses now."""

    pairs: int
    refused: int


def preview(ws: Workspace, wanted: Wanted, old: str, new: str) -> Preview:
    """What `replace` would do. Words are found with the same letter case only."""
    if not old.strip() or old == new or not ws.qa().ledger.exists():
        return Preview(0)
    where, values = condition(wanted)
    found = f"FROM rows WHERE ({where}) AND {_HOLDS}"
    with Ledger(ws) as ledger:
        count = ledger.one(f"SELECT COUNT(*) {found}", *values, old, old)
        rows = ledger.query(
            f"SELECT question, answer {found} ORDER BY document_id, ordinal, place LIMIT 1", *values, old, old
        )
    if not rows:
        return Preview(0)
    text = next(text for text in rows[0] if old in text)
    return Preview(count, _around(text, old, old), _around(text, old, new))


def replace(ws: Workspace, wanted: Wanted, old: str, new: str) -> Replaced:
    """Replaces words in questions and answers; every changed pair is judged again.

    Raises UserError when nothing holds the words, or a question or answer would become empty.
    """
    if not old.strip() or old == new or not ws.qa().ledger.exists():
        raise UserError("qa.error.nothing_to_replace")
    where, values = condition(wanted)
    with Ledger(ws) as ledger, ledger.transaction() as db:
        id, count = record(db, "replace", f"({where}) AND {_HOLDS}", [*values, old, old], texts=True, old=old, new=new)
        if not count:
            raise UserError("qa.error.nothing_to_replace")
        before = db.execute("SELECT row_id, question, answer FROM changed_rows WHERE change_id = ?", (id,)).fetchall()
        texts = [Text(b[0], b[1].replace(old, new).strip(), b[2].replace(old, new).strip()) for b in before]
        if not all(text.question and text.answer for text in texts):
            raise UserError("qa.error.empty")
        return Replaced(count, rewrite(db, texts, near=True))


def _around(text: str, old: str, new: str) -> str:
    at = text.index(old)
    start, end = max(0, at - _AROUND), at + len(old)
    rest = text[end : end + _AROUND]
    return ("…" if start else "") + text[start:at] + new + rest + ("…" if end + _AROUND < len(text) else "")
