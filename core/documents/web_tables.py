"""Tables of web pages and books as rows of cells, with cells that span rows or columns. Child only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from core.documents.table_text import Cell

_MOST_COLUMNS, _MOST_ROWS = 200, 20_000


def is_layout(table: Any) -> bool:
    """Whether a table only places things: it says so, holds other tables or headings, or has a single cell."""
    if (table.get("role") or "").lower() in ("presentation", "none"):
        return True
    inner = {_tag(element) for element in table.iter() if element is not table}
    if inner & {"th", "thead", "caption"} and "table" not in inner:
        return False
    if inner & {"table", "h1", "h2", "h3"}:
        return True
    cells = list(table_cells(table))
    return len(cells) <= 1 or _is_code_with_numbers(cells)


def table_cells(table: Any) -> Iterator[Any]:
    """Cells of a table itself, not of tables inside; columns of line numbers are left out."""
    for row in _rows(table):
        cells = [cell for cell in row if _tag(cell) in ("td", "th")]
        yield from (cell for cell in cells if not _is_gutter(cell))


def table_rows(table: Any, text: Callable[[Any], str]) -> list[list[Cell]]:
    """The rows; a cell that spans several rows is followed by cells that continue it."""
    rows: list[list[Cell]] = []
    open_spans: dict[int, tuple[int, int]] = {}  # column -> (columns, rows that are left)
    for row in list(_rows(table))[:_MOST_ROWS]:
        cells: list[Cell] = []
        column = 0
        given = [cell for cell in row if _tag(cell) in ("td", "th")]
        for cell in given:
            column = _continue(cells, column, open_spans)
            columns = _span(cell, "colspan", _MOST_COLUMNS)
            height = _span(cell, "rowspan", _MOST_ROWS)
            cells.append(Cell(text(cell), columns=columns))
            if height > 1:
                open_spans[column] = (columns, height)
            column += columns
        _continue(cells, column, open_spans)
        open_spans = {at: (columns, left - 1) for at, (columns, left) in open_spans.items() if left > 1}
        if any(cell.text.strip() or cell.continues for cell in cells) or open_spans:
            rows.append(cells)
    return _without_empty_columns(rows)


def _continue(cells: list[Cell], column: int, open_spans: dict[int, tuple[int, int]]) -> int:
    """Adds the cells that reach down from above at this column; returns the first free column."""
    while column in open_spans and len(cells) < _MOST_COLUMNS:
        columns = open_spans[column][0]
        cells.append(Cell("", columns=columns, continues=True))
        column += columns
    return column


def _without_empty_columns(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Columns that are empty everywhere go, where no cell spans."""
    if not rows or any(cell.columns > 1 or cell.continues for row in rows for cell in row):
        return rows
    width = max(map(len, rows))
    kept = [at for at in range(width) if any(at < len(row) and row[at].text.strip() for row in rows)]
    return [[row[at] for at in kept if at < len(row)] for row in rows]


def _rows(table: Any) -> Iterator[Any]:
    """Rows in the order in which they are shown: head, bodies, foot."""
    feet = []
    for child in table:
        tag = _tag(child)
        if tag == "tr":
            yield child
        elif tag == "tfoot":
            feet.append(child)
        elif tag in ("thead", "tbody"):
            yield from (row for row in child if _tag(row) == "tr")
    for foot in feet:
        yield from (row for row in foot if _tag(row) == "tr")


def _is_gutter(cell: Any) -> bool:
    classes = (cell.get("class") or "").lower()
    return any(word in classes for word in ("lineno", "linenos", "gutter", "line-num", "blob-num"))


def _is_code_with_numbers(cells: list[Any]) -> bool:
    return len(cells) == 1 and any(_tag(element) == "pre" for element in cells[0].iter())


def _span(cell: Any, name: str, most: int) -> int:
    text = (cell.get(name) or "1").strip()
    return min(most, max(1, int(text))) if text.isdecimal() and len(text) < 6 else 1


def _tag(element: Any) -> str:
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""
