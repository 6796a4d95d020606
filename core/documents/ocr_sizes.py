"""Letter height of a line that was read from a picture: by its ink, and by how far its letters rise and hang."""

from __future__ import annotations

import numpy as np

from core.documents.ocr_spaces import is_ink

BELOW = 0.2
"""Share of the letter height below the baseline, of the boxes given here."""
_CAPITAL, _SMALL, _HANGING, _WIDE, _WIDE_BELOW = 0.73, 0.53, 0.21, 0.86, 0.07  # of the letter height, usual in print
_RULE = 0.9  # share of a row that letters never fill
_GAP = 0.08  # of the box's height: space inside of letters, as in "i" and "二"
_LIMITS = 0.5, 1.4
_LOW = "acemnorsuvwxzgpqy.,:;-–—_~·•=+<>«»"
_DEEP = "gjpqy()[]{}|@§"


def inked_box(corners: np.ndarray, text: str, grey: np.ndarray) -> tuple[float, float, float, float]:
    """The upright box of a line, as wide as its ink and as high as its letters (1 em, a fifth below the baseline).

    Args:
        corners: of the line as it was found, with a margin, in pixels (n, 2).
        grey: the page (rows, columns), 0 to 255.

    Returns:
        left, top, right, bottom in pixels; as found where ink or text say too little.
    """
    (x0, y0), (x1, y1) = (tuple(map(float, side)) for side in (corners.min(axis=0), corners.max(axis=0)))
    high = y1 - y0
    top, left = max(0, int(y0 - 0.1 * high)), max(0, int(x0))
    part = grey[top:int(y1 + 0.1 * high) + 1, left:int(np.ceil(x1))]
    ink = is_ink(part) if high >= 6 and part.size else None
    if ink is None or not ink.any():
        return x0, y0, x1, y1
    ink[ink.mean(axis=1) > _RULE] = False
    first, last = _rows(ink.any(axis=1), int(y0 + 0.5 * high) - top, int(_GAP * high) + 1)
    columns = np.flatnonzero(ink[first:last + 1].any(axis=0))
    if not len(columns):
        return x0, y0, x1, y1
    x0, x1 = left + float(columns[0]), left + float(columns[-1]) + 1
    rise, hang = _extent(text)
    size = (last + 1 - first) / (rise + hang) if rise else 0.0
    if not _LIMITS[0] * high <= size <= _LIMITS[1] * high:
        return x0, y0, x1, y1
    bottom = top + last + 1 - hang * size + BELOW * size
    return x0, bottom - size, x1, bottom


def _rows(inked: np.ndarray, middle: int, gap: int) -> tuple[int, int]:
    """First and last row of the run of inked rows around the middle; empty stretches up to `gap` belong to it."""
    rows = np.flatnonzero(inked)
    if not len(rows):
        return 0, -1
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > gap) + 1)
    best = max(runs, key=lambda run: (run[0] <= middle <= run[-1], len(run)))
    return int(best[0]), int(best[-1])


def _extent(text: str) -> tuple[float, float]:
    """How far the letters of a text rise above the baseline and hang below it, in letter heights; 0, 0 if unknown."""
    letters = [char for char in text if not char.isspace()]
    wide = any("⺀" <= char <= "鿿" or "가" <= char <= "힯" for char in letters)
    if not wide and not any(char.isalnum() for char in letters):
        return 0.0, 0.0
    rise = _WIDE if wide else _CAPITAL if any(char not in _LOW for char in letters) else _SMALL
    hang = _HANGING if any(char in _DEEP for char in letters) else _WIDE_BELOW if wide else 0.1 if any(
        char in ",;_$" for char in letters) else 0.0
    return rise, hang
