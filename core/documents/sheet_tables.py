"""Rows of a spreadsheet as text and tables: empty borders go, titles stand above, long tables repeat their header."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from core.documents.sections import SECTION_CHARS
from core.documents.table_text import Cell, table_markdown

MOST_ROWS, MOST_CELLS = 100_000, 2_000_000
_TITLES, _MOST_BESIDE = 6, 20


@dataclass
class Grid:
    """The filled cells of a sheet.

    Args:
        rows: row number → column number → text; empty cells are left out.
        merged: (first row, first column, last row, last column) of merged ranges.
    """

    rows: dict[int, dict[int, str]] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Area:
    """A table of a sheet: its rows and columns."""

    rows: list[int]
    columns: list[int]


def sections(grid: Grid, title: str = "", most: int = SECTION_CHARS) -> list[str]:
    """The sheet as Markdown, in sections of about `most` characters; each piece of a table has the table's header."""
    parts: list[str] = [f"## {title}"] if title else []
    columns = {column for row in grid.rows.values() for column in row}
    for area in _areas(grid, sorted(grid.rows), columns):
        parts += _area_parts(grid, area, most)
    return _packed(parts, most) or [""]


def _areas(grid: Grid, rows: list[int], columns: set[int]) -> list[Area]:
    """The tables of a sheet from top to bottom: rows without a gap between them, and of these columns that stand
    apart. A merged range holds its rows and columns together."""
    areas: list[Area] = []
    spans = [(top, bottom) for top, left, bottom, right in grid.merged if any(left <= c <= right for c in columns)]
    for block in _runs([row for row in rows if columns & grid.rows[row].keys()], spans):
        used = {column for row in block for column in grid.rows[row]} & columns
        spans_across = [(left, right) for top, left, _, right in grid.merged if block[0] <= top <= block[-1]]
        runs = _runs(sorted(used), spans_across)
        groups = [Area(_rows_of(grid, block, set(run)), run) for run in runs[:_MOST_BESIDE]]
        if 1 < len(runs) <= _MOST_BESIDE and all(_apart(one, other) for one, other in pairwise(groups)):
            areas += [area for group in groups for area in _areas(grid, group.rows, set(group.columns))]
        else:
            areas.append(Area(block, sorted(used)))
    return areas


def _runs(numbers: list[int], spans: list[tuple[int, int]]) -> list[list[int]]:
    """Numbers that follow each other; `spans` bridge gaps."""
    reach: dict[int, int] = {}
    for first, last in spans:
        reach[first] = max(reach.get(first, 0), min(last, first + MOST_ROWS))
    runs: list[list[int]] = []
    until = -1
    for number in numbers:
        if not runs or number > until + 1:
            runs.append([])
        runs[-1].append(number)
        until = max(until, number, reach.get(number, 0))
    return runs


def _rows_of(grid: Grid, block: list[int], columns: set[int]) -> list[int]:
    return [row for row in block if columns & grid.rows[row].keys()]


def _apart(one: Area, other: Area) -> bool:
    """Whether two groups of columns with an empty column between them are tables of their own: they begin in different
    rows, or end in different rows and both have several columns. An empty column inside a table is only a spacer."""
    ends = one.rows[-1] != other.rows[-1] and min(len(one.columns), len(other.columns)) > 1
    return one.rows[0] != other.rows[0] or ends


def _area_parts(grid: Grid, area: Area, most: int) -> list[str]:
    inside = set(area.columns)
    block = area.rows
    parts: list[str] = []
    while len(block) > 1 and len(parts) < _TITLES and len(inside) > 1 and len(grid.rows[block[0]].keys() & inside) == 1:
        parts += [grid.rows[block[0]][column] for column in grid.rows[block[0]].keys() & inside]
        block = block[1:]
    columns = sorted({column for row in block for column in grid.rows[row]} & inside)
    if len(columns) == 1:
        return parts + [grid.rows[row][columns[0]] for row in block if columns[0] in grid.rows[row]]
    return parts + _table_pieces(_cells(grid, block, columns), most)


def _cells(grid: Grid, block: list[int], columns: list[int]) -> list[list[Cell]]:
    """The table with its merged ranges; columns and rows that are empty everywhere are not there."""
    origin: dict[tuple[int, int], int] = {}
    covered: set[tuple[int, int]] = set()
    below: dict[tuple[int, int], int] = {}
    here = set(block)
    for top, left, bottom, right in grid.merged:
        inside = [column for column in columns if left <= column <= right]
        if not inside or top not in here:
            continue
        for row in block[bisect_left(block, top):bisect_right(block, bottom)]:
            target = origin if row == top else below
            target[row, inside[0]] = len(inside)
            covered |= {(row, column) for column in inside[1:]}
    rows = []
    for row in block:
        cells = []
        for column in columns:
            if (row, column) in covered:
                continue
            if (row, column) in below:
                cells.append(Cell("", columns=below[row, column], continues=True))
            else:
                cells.append(Cell(grid.rows[row].get(column, ""), columns=origin.get((row, column), 1)))
        rows.append(cells)
    return rows


def _table_pieces(rows: list[list[Cell]], most: int) -> list[str]:
    """The table in pieces that begin with its header; cuts never fall into a merged range."""
    header = 1
    while header < min(4, len(rows) - 1) and any(cell.continues for cell in rows[header]):
        header += 1
    pieces: list[list[list[Cell]]] = [[]]
    size = 0
    for row in rows[header:]:
        length = sum(len(cell.text) + 3 for cell in row)
        if pieces[-1] and size + length > most and not any(cell.continues for cell in row):
            pieces.append([])
            size = 0
        pieces[-1].append(row)
        size += length
    return [table_markdown(rows[:header] + piece) for piece in pieces]


def _packed(parts: Sequence[str], most: int) -> list[str]:
    packed: list[str] = []
    for part in filter(str.strip, parts):
        if packed and (len(packed[-1]) + len(part) <= most or packed[-1].startswith("## ") and "\n" not in packed[-1]):
            packed[-1] += f"\n\n{part}"
        else:
            packed.append(part)
    return packed
