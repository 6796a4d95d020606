"""Bullets that are drawn and not written, as browsers print them: put before their lines as text. Child only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Mark = tuple[float, float, float, float]
_SMALLEST, _LARGEST = 0.14, 0.8  # of the line's letter height
_REACH = 2.6  # letter heights between a bullet and its line
_BULLET = "• "


def small_marks(drawings: Iterable[dict[str, Any]]) -> list[Mark]:
    """Boxes in points of the small round or square shapes among the drawings of a page (`Page.get_cdrawings`)."""
    marks = []
    for drawing in drawings:
        x0, y0, x1, y1 = drawing["rect"]
        width, height = x1 - x0, y1 - y0
        if 1 < width < 12 and 1 < height < 12 and 0.7 < width / height < 1.4:
            marks.append((x0, y0, x1, y1))
    return marks


def with_bullets(lines: Sequence[dict[str, Any]], marks: Sequence[Mark]) -> list[dict[str, Any]]:
    """The lines of a box; those with a mark closely before them begin with a bullet, at the mark's place."""
    return [_marked(line, marks) for line in lines]


def _marked(line: dict[str, Any], marks: Sequence[Mark]) -> dict[str, Any]:
    spans = [span for span in line["spans"] if span["text"].strip()]
    if not spans:
        return line
    x0, y0, x1, y1 = line["bbox"]
    size = spans[0]["size"]
    near = [mark for mark in marks if 0 <= x0 - mark[2] + 0.1 * size and x0 - mark[2] < _REACH * size
            and _SMALLEST * size < mark[3] - mark[1] < _LARGEST * size
            and y0 + 0.15 * (y1 - y0) < (mark[1] + mark[3]) / 2 < y1 - 0.1 * (y1 - y0)]
    if not near:
        return line
    mark = max(near)
    bullet = {"text": _BULLET, "bbox": mark, "size": size, "flags": 0}
    return {**line, "bbox": (mark[0], y0, x1, y1), "spans": [bullet, *line["spans"]]}
