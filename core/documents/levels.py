"""Heading levels of a whole document: by their numbers (1.2, 第三章) where they have them, else by letter size."""

from __future__ import annotations

import re

_HEADING = re.compile(r"^(#{1,6}) (.*)$")
_FENCE = re.compile(r"^\s*(```|~~~)")
_DECIMAL = re.compile(r"^(\d{1,2}(?:\.\d{1,2}){0,4})[.、)）]?\s+\S|^(\d{1,2}(?:\.\d{1,2}){1,4})[.、]?\s*[^\d\s.]")
_SAME_SIZE = 0.06


def relevel(pages: dict[int, str], sizes: dict[int, list[float]]) -> dict[int, str]:
    """Pages with the right number of ``#`` in their headings.

    Args:
        pages: Markdown by page number.
        sizes: letter heights of each page's headings in order; a page whose count does not fit is left alone.
    """
    found = [(number, index, title, size) for number in sorted(pages)
             for (index, title), size in zip(headings(pages[number]), sizes.get(number, []), strict=False)
             if len(headings(pages[number])) == len(sizes.get(number, []))]
    if not found:
        return pages
    levels = _levels([(title, size) for _, _, title, size in found])
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


def _levels(found: list[tuple[str, float]]) -> list[int]:
    ranks = _ranks([size for _, size in found])
    by_size = [ranks[size] for _, size in found]
    depths = [_depth(title) for title, _ in found]
    if sum(depth is not None for depth in depths) < 3:
        return [min(6, level) for level in by_size]
    first = [level for level, depth in zip(by_size, depths, strict=True) if depth == 1]
    base = min(first) - 1 if first else 0
    return [max(1, min(6, base + depth if depth else level)) for level, depth in zip(by_size, depths, strict=True)]


def _ranks(sizes: list[float]) -> dict[float, int]:
    """Levels of the letter heights, largest first; nearly equal ones share a level."""
    ranks: dict[float, int] = {}
    level, top = 0, 0.0
    for size in sorted(set(sizes), reverse=True):
        if not ranks or size < top * (1 - _SAME_SIZE):
            level, top = level + 1, size
        ranks[size] = level
    return ranks


def _depth(title: str) -> int | None:
    """Depth that a heading's number tells, 1 for "3 Use", 2 for "3.1 Light"; None without a number."""
    match = _DECIMAL.match(title)
    return (match[1] or match[2]).count(".") + 1 if match else None
