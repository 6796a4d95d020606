"""Spreadsheets (XLSX): every sheet a table with its name as heading, values as they are shown. Child only."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

from core.documents.archive import check_archive, check_xml
from core.documents.child import PageText
from core.documents.clean import clean_markdown
from core.documents.sheet_numbers import shown
from core.documents.sheet_tables import MOST_CELLS, MOST_ROWS, Grid, sections
from core.errors import UserError

_NO_RESULT = re.compile(rb"</f>\s*(?:<v\s*/>|<v></v>)?\s*</c>|<f[^>]*/>\s*</c>")


class SheetsReader:
    """A workbook; its "pages" are sheets, long ones cut into sections."""

    def __init__(self, path: Path) -> None:
        check_archive(path)
        check_xml(path)
        try:
            self.sections, self.cut = _read(path)
        except (MemoryError, UserError):
            raise
        except Exception:
            raise UserError("documents.error.damaged") from None
        self.total = len(self.sections)

    def page(self, number: int, picture: Path) -> PageText:
        """A section; there is no picture."""
        warnings = ("documents.warning.rows_left_out",) if number in self.cut else ()
        return PageText(clean_markdown(self.sections[number - 1]), warnings=warnings)


def _read(path: Path) -> tuple[list[str], set[int]]:
    """Sections, and the numbers of those after which rows were left out."""
    import warnings

    from openpyxl import load_workbook

    warnings.simplefilter("ignore")  # of styles and extensions it does not know
    book = load_workbook(path, data_only=True, keep_links=False)
    formulas = load_workbook(path, keep_links=False) if _lacks_results(path) else None
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"] or book.worksheets
    found: list[str] = []
    cut: set[int] = set()
    for sheet in visible:
        grid, whole = _grid(sheet, formulas[sheet.title] if formulas else None)
        if grid.rows:
            found += sections(grid, " ".join(sheet.title.split()))
            cut |= set() if whole else {len(found)}
    return found or [""], cut


def _grid(sheet: Any, formulas: Any) -> tuple[Grid, bool]:
    """The filled cells, and whether that is all of them."""
    grid = Grid()
    cells = sheet._cells  # the sparse store; iterating over rows would visit a million empty ones
    for (row, column), cell in cells.items():
        value = cell.value
        if value is None and formulas is not None and (row, column) in formulas._cells:
            value = formulas._cells[row, column].value
        text = shown(value, getattr(cell, "number_format", None)).strip()
        if text:
            grid.rows.setdefault(row, {})[column] = text
    grid.merged = [(area.min_row, area.min_col, area.max_row, area.max_col) for area in sheet.merged_cells.ranges]
    kept: list[int] = []
    count = 0
    for row in sorted(grid.rows):
        if len(kept) >= MOST_ROWS or count > MOST_CELLS:
            break
        kept.append(row)
        count += len(grid.rows[row])
    whole = len(kept) == len(grid.rows)
    grid.rows = {row: grid.rows[row] for row in kept}
    return grid, whole


def _lacks_results(path: Path) -> bool:
    """Whether formulas stand there that no program has computed; then their text is shown."""
    with zipfile.ZipFile(path) as archive:
        return any(_NO_RESULT.search(archive.read(name)) for name in archive.namelist()
                   if name.startswith("xl/worksheets/") and name.endswith(".xml"))
