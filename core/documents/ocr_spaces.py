"""Spaces that the recogniser left out of a line, found in the picture: gaps as wide as those between words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

LEAST_GAP = 0.18  # of the line's height; letters of a word stand closer
ALONE_GAP = 0.24
SPACE_SHARE = 0.75  # of the spaces that were read in this line
_LATIN = re.compile(r"[!-~À-ɏ°²³µ€£¥–—‘’“”]")
_NO_SPACE_BEFORE = re.compile(r"[,.;:!?)\]}%’”]")
_NO_SPACE_AFTER = re.compile(r"[(\[{‘“]")


def spaced(text: str, letters: Sequence[Any], corners: np.ndarray, pixels: np.ndarray) -> str:
    """The text of a line with the spaces that its picture shows.

    Args:
        letters: (letter, certainty, box of 4 points) of every letter but spaces, as the recogniser gives them.
        corners: of the line, clockwise from the upper left, in pixels (4, 2).
        pixels: the page (rows, columns, 3).
    """
    drawn = [letter for letter in text if not letter.isspace()]
    if len(drawn) < 4 or [letter[0] for letter in letters] != drawn or not any(map(_LATIN.match, drawn)):
        return text
    columns, height = _ink(corners, pixels)
    if not len(columns):
        return text
    along = (corners[1] - corners[0]) / max(1.0, float(np.linalg.norm(corners[1] - corners[0])))
    centres = [float((np.mean(np.asarray(box, dtype=float), axis=0) - corners[0]) @ along) for _, _, box in letters]
    gaps = [_widest_gap(columns, a, b) for a, b in zip(centres, centres[1:], strict=False)]
    places, at = [], 0  # where in the text each letter stands
    for letter in drawn:
        at = text.index(letter, at)
        places.append(at)
        at += 1
    known = [b - a > 1 for a, b in zip(places, places[1:], strict=False)]
    least = _threshold([g for g, k in zip(gaps, known, strict=True) if k],
                       [g for g, k in zip(gaps, known, strict=True) if not k], height)
    missing = {places[n + 1] for n, gap in enumerate(gaps) if not known[n] and gap >= least
               and _may_part(text[places[n]], text[places[n + 1]])}
    return "".join(f" {letter}" if n in missing else letter for n, letter in enumerate(text))


def _threshold(between: list[float], inside: list[float], height: float) -> float:
    """The gap that tells words apart: measured at the spaces that were read, or three times that inside of words."""
    if len(between) >= 2:
        return max(LEAST_GAP * height, SPACE_SHARE * float(np.median(between)))
    return max(ALONE_GAP * height, 3 * float(np.median(inside or [0.0])))


def _may_part(left: str, right: str) -> bool:
    """Never within a number, whose 1 stands as far off as a word would, nor at brackets and before commas."""
    if left.isdigit() and right.isdigit() or left in ".,:" and not right.isalpha():
        return False
    return bool(_LATIN.match(left) and _LATIN.match(right)
                and not _NO_SPACE_BEFORE.match(right) and not _NO_SPACE_AFTER.match(left))


def _ink(corners: np.ndarray, pixels: np.ndarray) -> tuple[np.ndarray, float]:
    """Which columns of the line, straightened, hold ink; and its height in pixels."""
    width, height = (float(np.linalg.norm(corners[end] - corners[0])) for end in (1, 3))
    if width < 8 or height < 6:
        return np.zeros(0, dtype=bool), height
    u, v = np.linspace(0, 1, int(width))[None, :, None], np.linspace(0.08, 0.92, int(height))[:, None, None]
    upper, lower = corners[0] + u * (corners[1] - corners[0]), corners[3] + u * (corners[2] - corners[3])
    at = np.rint(upper + v * (lower - upper)).astype(int)
    x, y = at[..., 0].clip(0, pixels.shape[1] - 1), at[..., 1].clip(0, pixels.shape[0] - 1)
    grey = pixels[y, x].mean(axis=2)
    dark, light = np.percentile(grey, 2), np.percentile(grey, 90)
    if light - dark < 40:
        return np.zeros(0, dtype=bool), height
    return (grey < dark + 0.55 * (light - dark)).any(axis=0), height


def _widest_gap(columns: np.ndarray, start: float, end: float) -> float:
    """Pixels of the longest run without ink between two places."""
    widest = run = 0
    for inked in columns[max(0, int(start)):max(0, int(end)) + 1]:
        run = 0 if inked else run + 1
        widest = max(widest, run)
    return float(widest)
