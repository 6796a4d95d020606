"""Rows of a table that belong together: lines of one cell that were cut apart. Child only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from core.documents.text_lines import join_text

Rule = tuple[float, float, float]
_THICKEST = 3.0
_NEAR = 4.0


def horizontal_rules(drawings: Iterable[dict[str, Any]]) -> list[Rule]:
    """(y, x0, x1) in points of the straight horizontal lines and flat boxes among the drawings of a page
    (`Page.get_cdrawings`); one for each stroke."""
    return _rules(drawings, 1)


def vertical_rules(drawings: Iterable[dict[str, Any]]) -> list[Rule]:
    """(x, y0, y1) of the straight vertical ones, likewise."""
    return _rules(drawings, 0)


def _rules(drawings: Iterable[dict[str, Any]], axis: int) -> list[Rule]:
    """Lines that stay where they are on an axis (0: x, 1: y), from where to where they go on the other."""
    rules, along = [], 1 - axis
    for drawing in drawings:
        for item in drawing["items"]:
            if item[0] == "l":
                ends = item[1], item[2]
            elif item[0] == "re":
                ends = item[1][:2], item[1][2:]
            else:
                continue
            (low, high), (start, end) = (sorted((ends[0][n], ends[1][n])) for n in (axis, along))
            if high - low <= _THICKEST < end - start:
                rules.append(((low + high) / 2, start, end))
            elif item[0] == "re" and drawing["type"] != "f":
                rules += [(place, start, end) for place in (ends[0][axis], ends[1][axis])]
    return rules


def joined_rows(rows: list[list[str]], cells: list[list[Any]], rules: Sequence[Rule]) -> list[list[str]]:
    """Rows of text with those joined that no line parts, in a table whose rows are parted by lines.

    Args:
        rows: text of the cells.
        cells: box (x0, y0, x1, y1) of each cell or None, in points.
        rules: lines on the page.

    A row is joined to the one above when it has an empty cell, for a row of its own would fill its first ones; tables
    with lines only around their head stay as they are.
    """
    if len(cells) != len(rows) or len(rows) < 3:
        return rows
    edges = [_edge(row) for row in cells]
    parted = [edge is not None and _is_ruled(edge, rules) for edge in edges[1:]]
    if sum(parted) < 2 or sum(parted) < len(parted) / 2:
        return rows
    joined = [rows[0]]
    for row, is_parted in zip(rows[1:], parted, strict=True):
        if is_parted or row[0] or not any(row) or len(row) != len(joined[-1]):
            joined.append(row)
        else:
            joined[-1] = [join_text(above, below) for above, below in zip(joined[-1], row, strict=True)]
    return joined


def _edge(row: list[Any]) -> Rule | None:
    """The upper edge of a row."""
    boxes = [box for box in row if box is not None]
    return (min(b[1] for b in boxes), min(b[0] for b in boxes), max(b[2] for b in boxes)) if boxes else None


def _is_ruled(edge: Rule, rules: Sequence[Rule]) -> bool:
    """Whether lines near the edge cover half of its width."""
    y, left, right = edge
    parts = sorted((max(x0, left), min(x1, right)) for ry, x0, x1 in rules if abs(ry - y) <= _NEAR)
    covered, reach = 0.0, left
    for x0, x1 in parts:
        covered += max(0.0, x1 - max(x0, reach))
        reach = max(reach, x1)
    return covered >= 0.5 * (right - left)
