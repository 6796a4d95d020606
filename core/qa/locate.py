"""Where the words of a quote stand in a text: exactly, up to white space and typography, or nearly."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

NEAR = 0.9
SHORTEST = 4
_FOLD = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "−": "-", "…": ".", "\u00a0": " "})
_SKIP = frozenset("*_`|\\#>")


@dataclass(frozen=True)
class Place:
    """Characters `start:end` of the text; `score` 1.0 for the same words."""

    start: int
    end: int
    score: float


def locate(quote: str, text: str) -> Place | None:
    """The first place of `quote` in `text`, or None.

    Exact first; then ignoring white space, letter case, full-width forms, quote marks, emphasis and table marks; then
    by edit similarity (rapidfuzz `partial_ratio_alignment`) of at least NEAR, provided that no number differs.
    """
    quote = quote.strip()
    if len(quote) < 1:
        return None
    if (at := text.find(quote)) >= 0:
        return Place(at, at + len(quote), 1.0)
    wanted, _ = _folded(quote)
    folded, origin = _folded(text)
    if not wanted:
        return None
    if (at := folded.find(wanted)) >= 0:
        return _place(origin, at, at + len(wanted), 1.0)
    if len(wanted) < SHORTEST * 2:
        return None
    return _near(wanted, folded, origin, text)


def _near(wanted: str, folded: str, origin: list[int], text: str) -> Place | None:
    from rapidfuzz import fuzz

    if len(wanted) > len(folded):
        return None
    found = fuzz.partial_ratio_alignment(wanted, folded, score_cutoff=NEAR * 100)
    if found is None or found.dest_start == found.dest_end:
        return None
    place = _whole_words(text, _place(origin, found.dest_start, found.dest_end, found.score / 100))
    return place if _digits(wanted) == _digits(text[place.start : place.end]) else None


def _whole_words(text: str, place: Place) -> Place:
    """The place with words that it cuts made whole; an alignment is as long as the quote, whatever was left out."""
    start, end = place.start, place.end
    while start > 0 and _joined(text[start - 1], text[start]):
        start -= 1
    while end < len(text) and _joined(text[end - 1], text[end]):
        end += 1
    return Place(start, end, place.score)


def _joined(a: str, b: str) -> bool:
    return a.isascii() and b.isascii() and a.isalnum() and b.isalnum()


def _place(origin: list[int], start: int, end: int, score: float) -> Place:
    return Place(origin[start], origin[end - 1] + 1, score)


def _digits(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text) if c.isdigit())


def _folded(text: str) -> tuple[str, list[int]]:
    """(text without what does not matter, offset of every character that is left)."""
    out: list[str] = []
    origin: list[int] = []
    for at, character in enumerate(text):
        if character.isspace() or character in _SKIP:
            continue
        for piece in unicodedata.normalize("NFKC", character.translate(_FOLD)).lower():
            if not piece.isspace():
                out.append(piece)
                origin.append(at)
    return "".join(out), origin
