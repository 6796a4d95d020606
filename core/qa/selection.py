"""Which pairs are meant: the filters of the review as one value, told to SQLite so that its indexes answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from core.qa.types import Pile

ACCEPTED: tuple[Pile, ...] = ("ready", "look")
SHOWN: tuple[Pile, ...] = ("ready", "look", "rejected")
ORDER = "document_id, ordinal, place"


@dataclass(frozen=True)
class Filter:
    """All pairs for which every given field holds.

    Attributes:
        words: each occurs in question or answer, in any letter case.
        page: of the evidence, counted from 1; 0 for all.
        piles: none for all of them.
        reason: the gate that refused a pair or asks for a look at it.
        known: what the base model knows of it without the text: known, unsure, unknown, or "left" for not asked.
    """

    words: str = ""
    document_id: str = ""
    page: int = 0
    kind: str = ""
    piles: tuple[Pile, ...] = ()
    reason: str = ""
    known: str = ""

    def where(self) -> tuple[str, list[str | int]]:
        """(condition on the table `rows`, its values)."""
        parts: list[str] = []
        values: list[str | int] = []
        if self.piles:
            parts.append(f"pile IN ({', '.join('?' * len(self.piles))})" if len(self.piles) > 1 else "pile = ?")
            values += self.piles
        for column, value in (("document_id", self.document_id), ("page", self.page), ("kind", self.kind)):
            if value:
                parts.append(f"{column} = ?")
                values.append(value)
        if self.reason:
            parts.append("(gate = ? OR doubt = ?)")
            values += [self.reason, self.reason]
        if self.known:
            parts.append("known = ? AND kind != 'absent'")
            values.append("" if self.known == "left" else self.known)
        for word in self.words.split():
            parts.append("(question LIKE ? ESCAPE '\\' OR answer LIKE ? ESCAPE '\\')")
            values += [f"%{_literal(word)}%"] * 2
        return " AND ".join(parts) or "1", values


Wanted = Filter | Sequence[str]
"""Pairs by what holds for them, or by their ids."""


def condition(wanted: Wanted) -> tuple[str, list[str | int]]:
    """(condition on the table `rows`, its values)."""
    if isinstance(wanted, Filter):
        return wanted.where()
    return "id IN (SELECT value FROM json_each(?))", [json.dumps(list(wanted))]


def _literal(word: str) -> str:
    """For LIKE with the escape character `\\`."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
