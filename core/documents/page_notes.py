"""Footnotes at the foot of a page and their marks in its text, as Markdown has them: ``[^3]``. Child only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median
from typing import Any

SUPERSCRIPT = 1  # flag of a span, as PyMuPDF defines it
_TALL = 1.5  # a line so much higher than its first letters begins with raised ones
_MARK = re.compile(r"^\s*(\d{1,3})\s*$")
_BEGIN = re.compile(r"^\s*(\d{1,3})(?:\s+|$)")
NOTE = re.compile(r"^\[\^(\d{1,3})\]:\s*")


def mark_notes(boxes: Sequence[Any], height: float) -> None:
    """Writes the raised number before a note as ``[^3]:`` and its marks in the text above as ``[^3]``, in the text
    lines of the boxes of a page. Raised numbers without a note stay as they are, and so do notes without a mark.

    Args:
        height: of the page in points; notes stand in its lower half.
    """
    lines = [line for box in boxes for line in box.textlines or () if line["spans"]]
    usual = median(line["spans"][0]["size"] for line in lines) if lines else 0.0
    notes = {number: line for line in lines if (number := _number(line, usual)) and line["bbox"][1] > height / 2}
    marks = [(span, match[1]) for line in lines for span in line["spans"]
             if span["flags"] & SUPERSCRIPT and (match := _MARK.match(span["text"])) and match[1] in notes
             and line is not notes[match[1]] and line["bbox"][1] < notes[match[1]]["bbox"][1]]
    for span, number in marks:
        span["text"] = f"[^{number}]"
    for number in {number for _, number in marks}:
        first = notes[number]["spans"][0]
        first["text"] = _BEGIN.sub(f"[^{number}]: ", first["text"])


def _number(line: dict[str, Any], usual: float) -> str:
    """The raised number that a line begins with; empty without one. Alone, it is known by its size."""
    span = line["spans"][0]
    match = _BEGIN.match(span["text"])
    tall = line["bbox"][3] - line["bbox"][1] > _TALL * span["size"]
    alone = len(line["spans"]) == 1 and bool(_MARK.match(span["text"])) and span["size"] < 0.7 * usual
    return match[1] if match and (tall or alone or span["flags"] & SUPERSCRIPT) else ""
