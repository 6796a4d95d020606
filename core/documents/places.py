"""Where words of a page's Markdown stand on its picture.

Compared are letters and digits alone, so Markdown signs, joined hyphens and spacing make no difference; text that was
put in another order or corrected by hand is found by its parts.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import accumulate, pairwise

from core.documents.page_words import Word, read_words
from core.documents.reading import page_texts
from core.storage import Workspace

LEAST_PART = 6
"""Letters of the shortest part that is looked for by itself."""
_ROWS = re.compile(r"[|\n]+")
_SAME_LINE = 0.5
_GAP = 2.0


@dataclass(frozen=True)
class Place:
    """A box on the picture of a page, as parts (0 to 1) of its width and height."""

    left: float
    top: float
    right: float
    bottom: float


def places_of(ws: Workspace, id: str, number: int, start: int, end: int) -> list[Place]:
    """Boxes of the characters `start:end` of a page's Markdown, one a line, from the top of the quote on.

    [] when the page has no picture of its own, its words are not known or hold none of that text.
    """
    text = page_texts(ws, id).get(number, "")
    words = read_words(ws.document(id), number) if text else []
    if not words or not 0 <= start < end <= len(text):
        return []
    page, first = _letters_of(words)
    at = len(page) * len(_letters(text[:start])) // max(1, len(_letters(text)))
    found: set[int] = set()
    for part in _ROWS.split(text[start:end]):
        span = _find(page, _letters(part), at)
        found |= set(span)
        at = max(span, default=at) + 1
    parts = (_part(word, found, begin, end) for word, (begin, end) in zip(words, pairwise(first), strict=True))
    return _lines([part for part in parts if part])


def _letters(text: str) -> str:
    """Letters and digits in one form: full-width and ligatures as plain ones, small letters."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalnum())


def _letters_of(words: list[Word]) -> tuple[str, list[int]]:
    """All letters of the page, and where those of each word begin; at last their number."""
    parts = [_letters(text) for text, *_ in words]
    return "".join(parts), list(accumulate(map(len, parts), initial=0))


def _part(word: Word, found: set[int], begin: int, end: int) -> Word | None:
    """The part of a word from its first to its last letter that was found; a line of Chinese is one word."""
    inside = [letter for letter in range(begin, end) if letter in found]
    if not inside:
        return None
    text, left, top, right, bottom = word
    step = (right - left) / (end - begin)
    return text, left + step * (inside[0] - begin), top, left + step * (inside[-1] + 1 - begin), bottom


def _find(page: str, wanted: str, near: int) -> list[int]:
    """Positions of the wanted letters: where they stand together, closest to `near`; else of both halves."""
    if not wanted:
        return []
    hits = [match.start() for match in re.finditer(f"(?={re.escape(wanted)})", page)]
    if hits:
        first = min(hits, key=lambda hit: abs(hit - near))
        return list(range(first, first + len(wanted)))
    if len(wanted) < 2 * LEAST_PART:
        return []
    middle = len(wanted) // 2
    before = _find(page, wanted[:middle], near)
    return before + _find(page, wanted[middle:], max(before, default=near) + 1)


def _lines(words: list[Word]) -> list[Place]:
    """Neighbouring words of a line become one box."""
    places: list[Place] = []
    for _, left, top, right, bottom in words:
        last = places[-1] if places else None
        height = bottom - top
        shared = min(bottom, last.bottom) - max(top, last.top) if last else 0
        if last and shared > _SAME_LINE * height and -_GAP * height < left - last.right < _GAP * height:
            places[-1] = Place(min(last.left, left), min(last.top, top), max(last.right, right),
                               max(last.bottom, bottom))
        else:
            places.append(Place(left, top, right, bottom))
    return places
