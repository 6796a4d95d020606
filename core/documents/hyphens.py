"""Hyphens at line ends: those of the words themselves (well-known) stay, those of the typesetter go. Child only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from itertools import zip_longest
from typing import Any

from core.documents.text_lines import KEPT, text_line

_LONG = 10  # letters of a compound of two known words that is hardly written as one: log-probabilities
_HYPHENS = ("-", KEPT, "\u00ad")
_ONE = f"[{''.join(_HYPHENS)}]"
_TAIL = re.compile(rf"([a-z]+(?:-[a-z]+)*){_ONE}$", re.I)
_CUT = re.compile(rf"([A-Za-z]*[a-z]){_ONE} ?\n(?=([a-z]+(?:-[a-z]+)*))")
_HEAD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*$")
_FIRST_PARTS = frozenset("self one two three four five six low high well long short real state single multi cross open "
                         "closed fine non user time data end".split())
_SOLID = frozenset("under over out with some any every back through in on up down for be after fore inter no what who "
                   "when where there here how to can per".split())  # beginnings of words written as one


class Vocabulary:
    """The words of a page (`pymupdf.Page`) as they stand inside of lines, in lower case; read when first asked for.

    Other pages are not read: one of them may be damaged or without end.
    """

    def __init__(self, page: Any) -> None:
        self._page = page

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word, hyphenated ones as a whole; the two halves of a word cut at a line's end are left out."""
        found: set[str] = set()
        cut = False
        for word in (entry[4] for entry in self._page.get_text("words")):
            is_rest, cut = cut, word.endswith(_HYPHENS)
            plain = word.lower().strip(".,;:!?()[]{}\"'“”‘’*`").removesuffix("'s")
            if not is_rest and not cut and _WORD.match(plain):
                found.add(plain)
        return frozenset(found)

    def keeps_hyphen(self, left: str, right: str) -> bool:
        """Whether `left` at a line's end and `right` after it are written with a hyphen, as far as the page and a
        few rules tell; a word nobody knows is taken for one that the typesetter cut."""
        if f"{left}-{right}" in self.words or "-" in left or "-" in right:
            return True
        if left + right in self.words or right not in self.words:
            return False
        return left in _FIRST_PARTS or (left in self.words and left not in _SOLID and len(left + right) >= _LONG
                                        and min(len(left), len(right)) > 2)


def with_hyphens(lines: Sequence[dict[str, Any]], vocabulary: Vocabulary) -> list[dict[str, Any]]:
    """The lines of a box; where the hyphen at an end is the word's own, KEPT stands there instead."""
    return [_marked(line, after, vocabulary) for line, after in zip_longest(lines, lines[1:])]


def _marked(line: dict[str, Any], after: dict[str, Any] | None, vocabulary: Vocabulary) -> dict[str, Any]:
    last = next((number for number in range(len(line["spans"]) - 1, -1, -1) if line["spans"][number]["text"].strip()),
                None)
    if last is None or after is None or not line["spans"][last]["text"].rstrip().endswith(_HYPHENS):
        return line
    tail, head = _TAIL.search(text_line(line).plain.rstrip()), _HEAD.match(text_line(after).plain.lstrip())
    if not tail or not head or not tail[1][-1].islower():
        return line
    mark = KEPT if vocabulary.keeps_hyphen(tail[1].lower(), head[0]) else "-"
    spans = [*line["spans"]]
    spans[last] = {**spans[last], "text": spans[last]["text"].rstrip()[:-1] + mark}
    return {**line, "spans": spans}


def with_kept(text: str, vocabulary: Vocabulary) -> str:
    """The lines of a table's cell, with KEPT at the ends where the hyphen is the word's own."""
    def mark(cut: re.Match[str]) -> str:
        return f"{cut[1]}{KEPT}\n" if vocabulary.keeps_hyphen(cut[1].lower(), cut[2]) else cut[0]

    return _CUT.sub(mark, text)
