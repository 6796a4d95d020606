"""Heading levels of a whole document: by their numbers (1.2, 第三章) where they have them, else by letter size."""

from __future__ import annotations

import re
from collections import Counter

from core.documents.classify import heading_class

_HEADING = re.compile(r"^(#{1,6}) (.*)$")
_FENCE = re.compile(r"^ {0,3}(```|~~~)")
_SAME_SIZE, _SAME_SIZE_OCR = 0.06, 0.13


def relevel(pages: dict[int, str], sizes: dict[int, list[float]], is_ocr: bool = False) -> dict[int, str]:
    """Pages with the right number of ``#`` in their headings.

    Args:
        pages: Markdown by page number.
        sizes: letter heights of each page's headings in order; a page whose count does not fit is left alone.
        is_ocr: letter heights were measured in pictures, so that they vary.
    """
    found = [(number, index, title, size) for number in sorted(pages)
             for (index, title), size in zip(headings(pages[number]), sizes.get(number, []), strict=False)
             if len(headings(pages[number])) == len(sizes.get(number, []))]
    if not found:
        return pages
    levels = _levels([(title, size) for _, _, title, size in found], _SAME_SIZE_OCR if is_ocr else _SAME_SIZE)
    lines = {number: text.split("\n") for number, text in pages.items()}
    for (number, index, title, _), level in zip(found, levels, strict=True):
        lines[number][index] = f"{'#' * level} {title}"
    return {number: "\n".join(text) for number, text in lines.items()}


def headings(markdown: str) -> list[tuple[int, str]]:
    """(line number from 0, text) of every heading outside of code."""
    found, fence = [], False
    for index, line in enumerate(markdown.split("\n")):
        if _FENCE.match(line):
            fence = not fence
        elif not fence and (match := _HEADING.match(line)):
            found.append((index, match[2]))
    return found


def _levels(found: list[tuple[str, float]], tolerance: float) -> list[int]:
    """Headings of one numbering class share a level: the one that most of them have by size. Deeper decimal numbers
    lie below shallower ones."""
    ranks = _ranks([size for _, size in found], tolerance)
    levels = [ranks[size] for _, size in found]
    classes = [heading_class(title) for title, _ in found]
    agreed: dict[str, int] = {}
    for name in sorted(set(classes) - {""}):
        votes = Counter(level for level, own in zip(levels, classes, strict=True) if own == name)
        level = min(votes, key=lambda one: (-votes[one], one))
        above = max((agreed[other] for other in agreed if other < name and _lies_above(other, name)), default=0)
        agreed[name] = max(level, above + 1)
    return [min(6, agreed.get(name, level)) for level, name in zip(levels, classes, strict=True)]


def _lies_above(one: str, other: str) -> bool:
    """Whether headings of class `one` contain those of class `other`."""
    return (one[0] == other[0] == "d" and one[1:].isdigit() and other[1:].isdigit()
            or (one, other) in (("han", "han-brackets"), ("chapter", "section")))


def _ranks(sizes: list[float], tolerance: float) -> dict[float, int]:
    """Levels of the letter heights, largest first; nearly equal ones share a level."""
    ranks: dict[float, int] = {}
    level, top = 0, 0.0
    for size in sorted(set(sizes), reverse=True):
        if not ranks or size < top * (1 - tolerance):
            level, top = level + 1, size
        ranks[size] = level
    return ranks
