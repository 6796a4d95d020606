"""Letters with indices in the text layer of a page (x² as italic x and a small raised 2), written as LaTeX. Child only.

A symbol is known by its font or alphabet, its indices by their size and by how far they stand above or below its line.
Words, numbers and units with indices (H₂O, 10⁶, m²) are no symbols and stay as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.documents.math_symbols import symbol

ITALIC = 2  # flag of a span, as PyMuPDF defines it
_SMALL = 0.82  # of the letter height of what it belongs to
_REACH = 0.35  # of the letter height between a symbol and its index
_RAISED, _LOWERED, _FAR = 0.12, 0.05, 0.85  # of the letter height, from base line to base line
_JOINED = 0.12  # of the letter height: letters that stand closer are one word
_FONTS = re.compile(r"CM(?:MI|SY|EX|BSY)|MS[AB]M|Math|STIX|XITS|OpenSymbol|Symbol", re.I)
_ALPHABETS = ("GREEK", "MATHEMATICAL", "SCRIPT", "DOUBLE-STRUCK", "BLACK-LETTER")
_CALLIGRAPHIC = re.compile(r"CMB?SY|EUSM|RSFS", re.I)


@dataclass(frozen=True)
class Formula:
    """A symbol with its indices.

    Args:
        letters: as they stand on the page, from the left.
        box: in points.
        parts: the letters without the upper or lower index, and that index.
    """

    letters: str
    latex: str
    box: tuple[float, float, float, float]
    parts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class _Letter:
    text: str
    box: tuple[float, float, float, float]
    base: float
    size: float
    font: str
    italic: bool

    @property
    def is_math(self) -> bool:
        return bool(self.italic or _FONTS.search(self.font))


def formulas(page: Any, sizes: Iterable[float]) -> list[Formula]:
    """The symbols with indices of a `pymupdf.Page`, from top to bottom and left to right.

    Args:
        sizes: the letter heights on the page, in points; without small ones nothing is looked for.
    """
    heights = sorted(set(sizes))
    if not heights or heights[0] > _SMALL * heights[-1]:
        return []
    letters = sorted(_letters(page), key=lambda letter: letter.box[0])
    small = [letter for letter in letters if letter.size <= _SMALL * heights[-1]]
    found, used = [], set[int]()
    for letter in letters:
        if _may_be_symbol(letter) and (own := _indices(letter, small, letters)) and _stands_alone(letter, letters):
            parts = [letter, *own]
            if not used.intersection(map(id, parts)):
                used.update(map(id, parts))
                found.append(_formula(letter, own))
    return sorted(found, key=lambda formula: (round(formula.box[1] / 6), formula.box[0]))


def _letters(page: Any) -> Iterator[_Letter]:
    for block in page.get_text("rawdict", flags=0)["blocks"]:
        for line in (line for line in block.get("lines", ()) if line["dir"][0] > 0.99):
            for span in line["spans"]:
                for char in span["chars"]:
                    if char["c"].strip():
                        yield _Letter(char["c"], tuple(char["bbox"]), char["origin"][1], span["size"], span["font"],
                                      bool(span["flags"] & ITALIC))


def _may_be_symbol(letter: _Letter) -> bool:
    """A Greek letter or one of a mathematical font or alphabet."""
    name = unicodedata.name(letter.text, "")
    return name.startswith(_ALPHABETS) or letter.text.isalpha() and "LATIN" in name and letter.is_math


def _stands_alone(letter: _Letter, letters: Sequence[_Letter]) -> bool:
    """Whether a letter is no part of a word."""
    return not any(other.text.isalpha() and other is not letter and other.font == letter.font
                   and _same_row(other, letter)
                   and min(abs(letter.box[0] - other.box[2]), abs(other.box[0] - letter.box[2])) < _JOINED * letter.size
                   for other in letters)


def _same_row(one: _Letter, other: _Letter) -> bool:
    return one.size > _SMALL * other.size and abs(one.base - other.base) < 0.25 * other.size


def _indices(letter: _Letter, small: Sequence[_Letter], letters: Sequence[_Letter]) -> list[_Letter]:
    """The small letters directly after a symbol, above or below its line, from the left."""
    size, base = letter.size, letter.base
    near = [other for other in small if other.size <= _SMALL * size and abs(other.base - base) < _FAR * size
            and letter.box[0] < other.box[0] < letter.box[2] + 12 * size]
    if not any(other.box[0] < letter.box[2] + _REACH * size for other in near):
        return []
    end = min((other.box[0] for other in letters if other is not letter and _same_row(other, letter)
               and other.box[0] > letter.box[0] + 0.2 * size), default=float("inf"))
    right = {True: letter.box[2], False: letter.box[2]}
    found: list[_Letter] = []
    for other in near:
        if other.box[0] >= end:
            break
        is_raised = other.base < base
        if not (base - other.base > _RAISED * size or other.base - base > _LOWERED * size):
            continue
        if -_REACH * size < other.box[0] - right[is_raised] < _REACH * size:
            found.append(other)
            right[is_raised] = other.box[2]
    text = _text(found)
    return found if all(text.count(left) == text.count(right) for left, right in ("()", "[]", "{}")) else []


def _formula(letter: _Letter, indices: list[_Letter]) -> Formula:
    above = [other for other in indices if other.base < letter.base]
    below = [other for other in indices if other.base >= letter.base]
    upper, lower = _script(above), _script(below)
    latex = _base(letter) + (f"^{_braced(upper)}" if upper else "") + (f"_{_braced(lower)}" if lower else "")
    parts = sorted([letter, *indices], key=lambda part: part.box[0])
    corners = list(zip(*(part.box for part in parts), strict=True))
    return Formula(_text(parts), f"${latex}$",
                   (min(corners[0]), min(corners[1]), max(corners[2]), max(corners[3])),
                   tuple((_text([letter, *rest]), _text(other)) for rest, other in ((below, above), (above, below))
                         if other))


def _text(letters: Iterable[_Letter]) -> str:
    return "".join(letter.text for letter in letters)


def _base(letter: _Letter) -> str:
    if _CALLIGRAPHIC.search(letter.font) and letter.text.isascii() and letter.text.isupper():
        return f"\\mathcal{{{letter.text}}}"
    return symbol(letter.text).strip()


def _script(letters: list[_Letter]) -> str:
    """An index; letters that are smaller still are an index of the one before them."""
    if not letters:
        return ""
    largest, written, start = max(letter.size for letter in letters), "", 0
    while start < len(letters):
        end, kind = start + 1, _kind(letters[start], largest)
        while end < len(letters) and _kind(letters[end], largest) == kind:
            end += 1
        run = letters[start:end]
        if kind == "inner" and written:
            written = f"{written.rstrip()}_{_braced(_script(run))}"
        elif kind == "word" and len(run) > 1:
            written += f"\\text{{{''.join(letter.text for letter in run)}}}"
        else:
            written += "".join(_spaced(symbol(letter.text)) for letter in run)
        start = end
    return written.strip()


def _kind(letter: _Letter, largest: float) -> str:
    if letter.size < _SMALL * largest:
        return "inner"
    return "word" if letter.text.isascii() and letter.text.isalpha() and not letter.is_math else "symbol"


def _spaced(latex: str) -> str:
    return f"{latex} " if re.match(r"\\[A-Za-z]+$", latex) else latex


def _braced(latex: str) -> str:
    return latex if len(latex) == 1 or re.fullmatch(r"\\[A-Za-z]+", latex) else f"{{{latex}}}"


def written(text: str, own: Sequence[Formula]) -> tuple[str, list[Formula]]:
    """The text with the formulas that stand in it, and those that do not. The letters of a formula are found in any
    order, for indices above each other are read in either; spaces between them go."""
    left: list[Formula] = []
    for formula in own:
        place = _find(text, formula.letters)
        if place is None:
            left.append(formula)
        else:
            text = text[:place[0]] + formula.latex + text[place[1]:]
    return text, left


def _find(text: str, letters: str) -> tuple[int, int] | None:
    """Where these letters stand together, outside of what has been written as a formula."""
    bare = [(index, char) for index, char in enumerate(_masked(text)) if not char.isspace()]
    wanted, count = sorted(letters), len(letters)
    for start in range(len(bare) - count + 1):
        window = bare[start:start + count]
        if window[0][1] in letters and sorted(char for _, char in window) == wanted:
            return window[0][0], window[-1][0] + 1
    return None


def _masked(text: str) -> str:
    return re.sub(r"\$[^$]+\$", lambda match: "\0" * len(match[0]), text)


def put_formulas(boxes: Sequence[Any], found: Sequence[Formula]) -> None:
    """Writes formulas as LaTeX into the text lines of a page's boxes. What stands above a line is sometimes a line of
    its own: it goes where the rest of its formula is found."""
    lines = [line for box in boxes for line in box.textlines or ()] if found else []
    for formula in found:
        near = [line for line in lines if covers(line["bbox"], formula.box)]
        if any(_put(line, formula.letters, formula.latex) for line in near):
            continue
        inside = [line for line in lines if covers(formula.box, line["bbox"])]
        for rest, index in formula.parts:
            stray = next((line for line in inside if _bare(line) == index), None)
            if stray is not None and any(_put(line, rest, formula.latex) for line in near if line is not stray):
                stray["spans"] = []
                break


def covers(outer: Sequence[float], inner: Sequence[float]) -> bool:
    """Whether the middle of a box lies in another, with a little room."""
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] - 1 <= x <= outer[2] + 1 and outer[1] - 3 <= y <= outer[3] + 3


def _bare(line: dict[str, Any]) -> str:
    return "".join("".join(span["text"] for span in line["spans"]).split())


def _put(line: dict[str, Any], letters: str, latex: str) -> bool:
    """Replaces these letters in the spans of a line, if they stand there."""
    place = _find("".join(span["text"] for span in line["spans"]), letters)
    if place is None:
        return False
    at, put, spans = 0, False, []
    for span in line["spans"]:
        text = span["text"]
        start, end = max(0, place[0] - at), max(0, place[1] - at)
        at += len(text)
        if start < len(text) and end > 0:
            text, put = text[:start] + ("" if put else latex) + text[end:], True
        spans.append({**span, "text": text})
    line["spans"] = spans
    return True
