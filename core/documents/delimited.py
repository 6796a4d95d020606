"""Tables as text (CSV, TSV): encoding and separator are found out, long ones are cut with the header repeated."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from core.documents.child import PageText
from core.documents.clean import clean_markdown
from core.documents.plain import decode
from core.documents.sheet_tables import MOST_CELLS, MOST_ROWS, Grid, sections

_SEPARATORS = (",", "\t", ";", "|", "，", "、")
_SAMPLE_LINES = 60
_FIELD_CHARS = 1 << 24


class DelimitedReader:
    """A CSV or TSV file; its "pages" are sections."""

    def __init__(self, path: Path, kind: str) -> None:
        csv.field_size_limit(_FIELD_CHARS)
        self.cut = False
        text = decode(path.read_bytes()).replace("\0", "")
        if match := re.match(r"sep=(.)\r?\n", text):
            text, separator = text[match.end():], match[1]
        else:
            separator = separator_of(text, "\t" if kind == "tsv" else ",")
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
        grid, cells = Grid(), 0
        for row in rows:
            self.cut = len(grid.rows) >= MOST_ROWS or cells > MOST_CELLS
            if self.cut:
                break
            if filled := {column: field.strip() for column, field in enumerate(row) if field.strip()}:
                grid.rows[len(grid.rows)] = filled  # empty lines mean nothing here
                cells += len(filled)
        self.sections = sections(grid)
        self.total = len(self.sections)

    def page(self, number: int, picture: Path) -> PageText:
        """A section; there is no picture."""
        warnings = ("documents.warning.rows_left_out",) if self.cut and number == self.total else ()
        return PageText(clean_markdown(self.sections[number - 1]), warnings=warnings)


def separator_of(text: str, usual: str) -> str:
    """The separator that gives the most lines an equal number of fields, more than one; `usual` when none does."""
    lines = [line for line in text[:200_000].splitlines() if line.strip()][:_SAMPLE_LINES]
    best, score = usual, 0.0
    for separator in sorted(_SEPARATORS, key=lambda one: one != usual):
        counts = [len(row) for row in csv.reader(lines, delimiter=separator) if row]
        common = max(set(counts), key=counts.count, default=0)
        agreed = counts.count(common) / max(1, len(lines))
        if common > 1 and agreed + min(common, 20) / 1000 > score + 0.05:
            best, score = separator, agreed + min(common, 20) / 1000
    return best
