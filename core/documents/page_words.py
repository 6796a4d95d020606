"""The words of a page with their boxes on its picture: written in the limited child, checked before they are kept."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from core.storage.atomic import atomic_write
from core.storage.workspace import DocumentPaths

MOST_WORDS = 20_000
MOST_BYTES = 4 * 1024**2
_LONGEST = 200
Word = tuple[str, float, float, float, float]
"""Text, then left, top, right and bottom as parts (0 to 1) of the page's width and height."""


def words_of(page: Any) -> tuple[Word, ...]:
    """The words of a PyMuPDF page in the order of the file, placed as the page is drawn. Limited child only."""
    import pymupdf

    box, turned = page.rect, page.rotation_matrix
    across, down = max(box.width, 1), max(box.height, 1)
    words = ((text, pymupdf.Rect(corners) * turned) for *corners, text, _, _, _ in page.get_text("words")[:MOST_WORDS])
    return tuple((text[:_LONGEST], round((at.x0 - box.x0) / across, 4), round((at.y0 - box.y0) / down, 4),
                  round((at.x1 - box.x0) / across, 4), round((at.y1 - box.y0) / down, 4)) for text, at in words)


def dump_words(words: Sequence[Word]) -> str:
    """The words as they are stored."""
    return json.dumps(words, ensure_ascii=False, separators=(",", ":"))


def take_words(child: DocumentPaths, document: DocumentPaths, number: int) -> None:
    """Keeps the words that a child wrote for a page, and none of a former reading; what is no list of words is left."""
    given, kept = child.words(number), document.words(number)
    words: list[Word] = []
    if given.is_file() and not given.is_symlink() and given.stat().st_size <= MOST_BYTES:
        words = _words(given.read_bytes())
    if words:
        atomic_write(kept, dump_words(words))
    else:
        kept.unlink(missing_ok=True)


def read_words(document: DocumentPaths, number: int) -> list[Word]:
    """The words of a page in the order of the file; [] when none are known."""
    try:
        return _words(document.words(number).read_bytes())
    except FileNotFoundError:
        return []


def _words(content: bytes) -> list[Word]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return []
    return [_word(entry) for entry in found[:MOST_WORDS] if _is_word(entry)] if isinstance(found, list) else []


def _is_word(entry: Any) -> bool:
    return (isinstance(entry, list) and len(entry) == 5 and isinstance(entry[0], str)
            and all(isinstance(value, (int, float)) and math.isfinite(value) for value in entry[1:]))


def _word(entry: list[Any]) -> Word:
    x0, y0, x1, y1 = (min(1.0, max(0.0, float(value))) for value in entry[1:])
    return entry[0][:_LONGEST], min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
