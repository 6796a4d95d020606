"""Reading order of pages in columns: bands across the page from top to bottom, inside a band column after column."""

from __future__ import annotations

from typing import Any

GUTTER_POINTS = 8.0
_SHARE = 0.4


def in_reading_order(boxes: list[Any]) -> list[Any]:
    """The boxes (with x0, y0, x1, y1) as a person reads them. Unchanged unless much of the page is in columns."""
    if len(boxes) < 4:
        return boxes
    ordered, columned = _bands(boxes)
    return ordered if columned >= _SHARE * len(boxes) else boxes


def _bands(boxes: list[Any]) -> tuple[list[Any], int]:
    """Cuts between boxes from left to right edge, then joins neighbouring bands that share a gutter."""
    bands: list[list[Any]] = []
    bottom = float("-inf")
    for box in sorted(boxes, key=lambda b: (b.y0, b.x0)):
        if box.y0 >= bottom - 1:
            bands.append([])
        bands[-1].append(box)
        bottom = max(bottom, box.y1)
    joined: list[list[Any]] = []
    for band in bands:
        if joined and _gutter(joined[-1] + band, boxes) is not None:
            joined[-1] = joined[-1] + band
        else:
            joined.append(band)
    ordered: list[Any] = []
    columned = 0
    for band in joined:
        gutter = _gutter(band, boxes)
        if gutter is None:
            ordered += sorted(band, key=lambda b: (b.y0, b.x0))
        else:
            for side in ([b for b in band if b.x1 <= gutter], [b for b in band if b.x0 >= gutter]):
                ordered += _bands(side)[0] if len(side) < len(band) else side
            columned += len(band)
    return ordered, columned


def _gutter(band: list[Any], page: list[Any]) -> float | None:
    """The x of an empty strip that parts the band into columns, in the middle part of the page; None without one."""
    left, right = min(b.x0 for b in page), max(b.x1 for b in page)
    edges = sorted((b.x0, b.x1) for b in band)
    reach = edges[0][1]
    for x0, x1 in edges[1:]:
        middle = (reach + x0) / 2
        if x0 - reach >= GUTTER_POINTS and 0.28 < (middle - left) / max(1.0, right - left) < 0.72:
            sides = [b for b in band if b.x1 <= middle], [b for b in band if b.x0 >= middle]
            if all(_is_column(side) for side in sides):
                return middle
        reach = max(reach, x1)
    return None


def _is_column(side: list[Any]) -> bool:
    """More than a caption or number beside something."""
    return len(side) >= 2 or side[0].y1 - side[0].y0 > 60
