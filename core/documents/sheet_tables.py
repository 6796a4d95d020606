"""Rows of a spreadsheet as text and tables: empty borders go, titles stand above, long tables repeat their header."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.documents.sections import SECTION_CHARS
from core.documents.table_text import Cell, table_markdown

MOST_ROWS, MOST_CELLS = 100_000, 2_000_000
_TITLES = 6


@dataclass
class Grid:
    """The filled cells of a sheet.

    Args:
        rows: row number → column number → text; empty cells are left out.
        merged: (first row, first column, last row, last column) of merged ranges.
    """

    rows: dict[int, dict[int, str]] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)


def sections(grid: Grid, title: str = "", most: int = SECTION_CHARS) -> list[str]:
    """The sheet as Markdown, in sections of about `most` characters; each piece of a table has the table's header."""
    parts: list[str] = [f"## {title}"] if title else []
    for block in _blocks(grid):
        parts += _block_parts(grid, block, most)
    return _packed(parts, most) or [""]


def _blocks(grid: Grid) -> list[list[int]]:
    """Row numbers of tables: rows without a gap between them. A merged range holds its rows together."""
    reach: dict[int, int] = {}
    for first, _, last, _ in grid.merged:
        reach[first] = max(reach.get(first, 0), min(last, first + MOST_ROWS))
    blocks: list[list[int]] = []
    until = -1
    for row in sorted(grid.rows):
        if not blocks or row > until + 1:
            blocks.append([])
        blocks[-1].append(row)
        until = max(until, row, reach.get(row, 0))
    return blocks


def _block_parts(grid: Grid, block: list[int], most: int) -> list[str]:
    columns = sorted({column for row in block for column in grid.rows[row]})
    parts: list[str] = []
    while len(block) > 1 and len(parts) < _TITLES and len(columns) > 1 and len(grid.rows[block[0]]) == 1:
        parts += grid.rows[block[0]].values()
        block = block[1:]
    columns = sorted({column for row in block for column in grid.rows[row]})
    if len(columns) == 1 or len(block) == 1 and len(columns) < 2:
        return parts + [grid.rows[row][columns[0]] for row in block]
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
        for row in (row for row in block if top <= row <= bottom):
            target = origin if row == top else below
            target[row, inside[0]] = len(inside)
            covered |= {(row, column) for column in inside[1:]}
            if left != inside[0] and row == top and left in grid.rows[row]:
                grid.rows[row].setdefault(inside[0], grid.rows[row][left])
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
