"""What is doubtful about a converted page, told from its text and its picture. In the child, for every page."""

from __future__ import annotations

import re
from pathlib import Path

from core.documents.pictures import without_pictures
from core.documents.triage import is_garbage

LOW_CONFIDENCE = 0.85
"""Pages read from their picture with less mean certainty have wrong letters in them often enough to be looked at."""

EMPTY, GARBLED, HARD_TO_READ, TABLE, NO_TEXT_LAYER = (
    f"documents.warning.{name}" for name in ("empty", "garbled", "hard_to_read", "table", "no_text_layer"))
_NOT_PROSE = re.compile(r"^ {0,3}(```|~~~)[\s\S]*?^ {0,3}\1|\$\$?[^$\n]+\$\$?|`[^`\n]+`", re.M)
_ROW = re.compile(r"^\|(.*)\|$")
_RULE = re.compile(r"^(?=.*-)[\s|:-]+$")
_PIPE = re.compile(r"(?<!\\)\|")
_FEW_CELLS, _EMPTY_SHARE, _LONG_CELL = 9, 0.5, 400
_INK = 40  # grey levels between the lightest and the darkest spot of a page with something on it


def doubts(markdown: str, confidence: float | None, *, paged: bool, picture: Path | None = None) -> list[str]:
    """Catalogue keys of what a person should look at.

    Args:
        confidence: mean certainty of letters read from the picture, 0 to 1.
        paged: whether the kind of document has pages, whose text and tables are told from positions. Others say
            themselves what a table is.
        picture: of the page, to tell a blank page from one whose text was not found.
    """
    text = without_pictures(markdown)
    if not text.strip():
        return [EMPTY] if paged and markdown == text and picture is not None and _has_ink(picture) else []
    found = []
    if confidence is not None and confidence < LOW_CONFIDENCE:
        found.append(HARD_TO_READ)
    if is_garbage(_prose(text)):
        found.append(GARBLED)
    if paged and any(_is_uncertain(table) for table in _tables(text)):
        found.append(TABLE)
    return found


def _prose(text: str) -> str:
    """The text without code, formulas and the signs of tables, which have few vowels by nature."""
    lines = _NOT_PROSE.sub(" ", text).split("\n")
    return "\n".join(line for line in lines if not _ROW.match(line))


def _tables(text: str) -> list[list[list[str]]]:
    """Pipe tables as rows of cells, rules left out."""
    tables: list[list[list[str]]] = []
    inside = False
    for line in text.split("\n"):
        row = _ROW.match(line)
        if row and not inside:
            tables.append([])
        inside = bool(row)
        if row and not _RULE.match(line):
            tables[-1].append([cell.strip() for cell in _PIPE.split(row[1])])
    return tables


def _is_uncertain(rows: list[list[str]]) -> bool:
    """Whether a table was probably cut wrongly: most cells are empty, rows differ in width, a cell swallowed others,
    or nothing is below its header."""
    cells = [cell for row in rows for cell in row]
    if len(rows) < 2 or len({len(row) for row in rows}) > 1:
        return True
    if len(cells) < _FEW_CELLS or len(rows[0]) < 3:
        return False
    return sum(not cell for cell in cells) > _EMPTY_SHARE * len(cells) or max(map(len, cells)) > _LONG_CELL


def _has_ink(picture: Path) -> bool:
    from PIL import Image

    try:
        with Image.open(picture, formats=("PNG",)) as image:
            shades = image.convert("L").reduce(4).histogram()
    except (OSError, ValueError):
        return False
    seen = [shade for shade, count in enumerate(shades) if count]
    return seen[-1] - seen[0] > _INK
