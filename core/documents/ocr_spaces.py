"""Spaces that the recogniser left out of a line, found in the picture: gaps as wide as those between words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

LEAST_GAP = 0.18  # of the line's height; letters of a word stand closer
ALONE_GAP = 0.24
SHORT, SHORT_GAP = 4, 0.16  # letters of a line that the page must tell about: "3 B" in a cell
ENOUGH_GAPS = 100
SPACE_SHARE = 0.75  # of the spaces that were read in this line
_LATIN = re.compile(r"[!-~À-ɏ°²³µ€£¥–—‘’“”]")
_NO_SPACE_BEFORE = re.compile(r"[,.;:!?)\]}%’”]")
_NO_SPACE_AFTER = re.compile(r"[(\[{‘“]")


@dataclass(frozen=True)
class Gaps:
    """The gaps between the letters of a line.

    Args:
        places: where in the text each letter stands.
        widths: of the gap after each letter but the last, as shares of the line's height.
        read: whether the recogniser put a space there.
    """

    places: list[int]
    widths: list[float]
    read: list[bool]


def measured(text: str, letters: Sequence[Any], corners: np.ndarray, grey: np.ndarray) -> Gaps | None:
    """The gaps of a line in its picture; None where letters and picture do not fit together.

    Args:
        letters: (letter, certainty, place of its middle along the line, 0 to 1) of every letter but spaces.
        corners: of the line, clockwise from the upper left, in pixels (4, 2).
        grey: the page (rows, columns), 0 to 255.
    """
    drawn = [letter for letter in text if not letter.isspace()]
    if len(drawn) < 2 or [letter[0] for letter in letters] != drawn or not any(map(_LATIN.match, drawn)):
        return None
    columns, height = _ink(corners, grey)
    if not len(columns):
        return None
    centres = [place * len(columns) for _, _, place in letters]
    places, at = [], 0
    for letter in drawn:
        at = text.index(letter, at)
        places.append(at)
        at += 1
    return Gaps(places, [_widest_gap(columns, a, b) / height for a, b in zip(centres, centres[1:], strict=False)],
                [b - a > 1 for a, b in zip(places, places[1:], strict=False)])


def usual_gap(lines: Iterable[Gaps | None]) -> float:
    """Median gap inside of words over the lines of a page; 0 when too few letters tell."""
    inside = [gap for line in lines if line for gap, read in zip(line.widths, line.read, strict=True) if not read]
    return float(np.median(inside)) if len(inside) >= ENOUGH_GAPS else 0.0


def spaced(text: str, gaps: Gaps | None, usual: float = 0.0) -> str:
    """The text of a line with the spaces that its picture shows.

    Args:
        usual: gap inside of words on this page, for lines that are too short to tell by themselves; 0 if unknown.
    """
    if gaps is None:
        return text
    least = _threshold(gaps, usual)
    missing = {gaps.places[n + 1] for n, gap in enumerate(gaps.widths) if not gaps.read[n] and gap >= least
               and _may_part(text[gaps.places[n]], text[gaps.places[n + 1]])}
    return "".join(f" {letter}" if n in missing else letter for n, letter in enumerate(text))


def _threshold(gaps: Gaps, usual: float) -> float:
    """The gap that tells words apart: measured at the spaces that were read, or three times that inside of words."""
    if len(gaps.places) < SHORT:
        return max(SHORT_GAP, 2.5 * usual) if usual else float("inf")
    between = [gap for gap, read in zip(gaps.widths, gaps.read, strict=True) if read]
    if len(between) >= 2:
        return max(LEAST_GAP, SPACE_SHARE * float(np.median(between)))
    inside = [gap for gap, read in zip(gaps.widths, gaps.read, strict=True) if not read]
    return max(ALONE_GAP, 3 * float(np.median(inside or [0.0])))


def _may_part(left: str, right: str) -> bool:
    """Never within a number, whose 1 stands as far off as a word would, nor at brackets and before commas."""
    if left.isdigit() and right.isdigit() or left in ".,:" and not right.isalpha():
        return False
    return bool(_LATIN.match(left) and _LATIN.match(right)
                and not _NO_SPACE_BEFORE.match(right) and not _NO_SPACE_AFTER.match(left))


def _ink(corners: np.ndarray, grey: np.ndarray) -> tuple[np.ndarray, float]:
    """Which columns of the line, straightened, hold ink; and its height in pixels."""
    width, height = (float(np.linalg.norm(corners[end] - corners[0])) for end in (1, 3))
    if width < 8 or height < 6:
        return np.zeros(0, dtype=bool), height
    u, v = np.linspace(0, 1, int(width))[None, :, None], np.linspace(0.08, 0.92, int(height))[:, None, None]
    upper, lower = corners[0] + u * (corners[1] - corners[0]), corners[3] + u * (corners[2] - corners[3])
    at = np.rint(upper + v * (lower - upper)).astype(int)
    x, y = at[..., 0].clip(0, grey.shape[1] - 1), at[..., 1].clip(0, grey.shape[0] - 1)
    ink = is_ink(grey[y, x])
    return (ink.any(axis=0) if ink.any() else np.zeros(0, dtype=bool)), height


def is_ink(grey: np.ndarray) -> np.ndarray:
    """Which pixels of a line (rows, columns; uint8) are ink; none where there is hardly any contrast."""
    up_to = np.bincount(grey.ravel(), minlength=256).cumsum()
    dark, light = (int(np.searchsorted(up_to, share * grey.size)) for share in (0.02, 0.9))
    return grey < (dark + 0.55 * (light - dark) if light - dark >= 40 else -1)


def _widest_gap(columns: np.ndarray, start: float, end: float) -> float:
    """Pixels of the longest run without ink between two places."""
    widest = run = 0
    for inked in columns[max(0, int(start)):max(0, int(end)) + 1]:
        run = 0 if inked else run + 1
        widest = max(widest, run)
    return float(widest)
