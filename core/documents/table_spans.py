"""Merged cells of tables that are drawn as a grid of lines: where a line is missing, a cell goes on. Child only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.documents.table_rows import Rule
from core.documents.table_text import Cell

Word = tuple[float, float, float, float, str]
Box = tuple[float, float, float, float]
_NEAR = 2.5  # points: lines so close together are one
_COVERED = 0.8  # of a cell's side: share that has to be drawn
_AROUND = 150.0  # points: so much larger than the box that was found, which may end with the text, a table may be
_MOST_CELLS = 5000
_OWN = 0.5  # of a word's area: in the table


@dataclass(frozen=True)
class _Grid:
    """Where the lines of a table run, in order, and the stretches (start, end) that are drawn of each."""

    xs: list[float]
    ys: list[float]
    down: list[list[tuple[float, float]]]
    across: list[list[tuple[float, float]]]

    def has_down(self, x: int, top: int, bottom: int) -> bool:
        """Whether an upright line is drawn between two horizontal ones."""
        return _is_drawn(self.down[x], self.ys[top], self.ys[bottom])

    def has_across(self, y: int, left: int, right: int) -> bool:
        """Whether a horizontal line is drawn between two upright ones."""
        return _is_drawn(self.across[y], self.xs[left], self.xs[right])


def spanned(box: Box, words: Sequence[Word], across: Sequence[Rule], down: Sequence[Rule],
            join: Callable[[list[str]], str]) -> list[list[Cell]] | None:
    """The rows of a table with merged cells; None unless lines show the table whole, and some of its cells merged.

    Args:
        box: of the table in points, as it was found.
        words: of the page (x0, y0, x1, y1, text).
        across, down: straight lines of the page, (y, x0, x1) and (x, y0, y1).
        join: makes running text of the lines of a cell.
    """
    box = _with_frame(box, across, down)
    ys, horizontal = _places(_crossing(across, box[1], box[3], box[0], box[2]))
    xs, upright = _places(_crossing(down, box[0], box[2], box[1], box[3]))
    grid = _Grid(xs, ys, upright, horizontal)
    wide, high = len(xs) - 1, len(ys) - 1
    if min(wide, high) < 2 or wide * high > _MOST_CELLS or not (
            all(grid.has_across(y, 0, wide) for y in (0, high)) and all(grid.has_down(x, 0, high) for x in (0, wide))):
        return None
    regions = _regions(grid)
    if regions is None or all(bottom - top == right - left == 1 for top, left, bottom, right in regions):
        return None
    texts = _texts([(xs[left], ys[top], xs[right], ys[bottom]) for top, left, bottom, right in regions],
                   _inside(words, box), join)
    return None if texts is None else _rows(regions, texts, high)


def _crossing(rules: Sequence[Rule], low: float, high: float, start: float, end: float) -> list[Rule]:
    """Lines with a place from low to high, and a stretch between start and end."""
    return [rule for rule in rules if low - _NEAR < rule[0] < high + _NEAR and rule[1] < end and rule[2] > start]


def _with_frame(box: Box, across: Sequence[Rule], down: Sequence[Rule]) -> Box:
    """The box, which may end with the text, as far as the lines inside of it go."""
    x0, y0, x1, y1 = box
    wide = [rule for rule in _crossing(across, y0, y1, x0, x1) if rule[1] > x0 - _AROUND and rule[2] < x1 + _AROUND]
    high = [rule for rule in _crossing(down, x0, x1, y0, y1) if rule[1] > y0 - _AROUND and rule[2] < y1 + _AROUND]
    return (min([x0, *(rule[1] for rule in wide)]), min([y0, *(rule[1] for rule in high)]),
            max([x1, *(rule[2] for rule in wide)]), max([y1, *(rule[2] for rule in high)]))


def _places(rules: Sequence[Rule]) -> tuple[list[float], list[list[tuple[float, float]]]]:
    """Where the lines run, in order, and what is drawn of each; lines very close to each other are one."""
    places: list[float] = []
    drawn: list[list[tuple[float, float]]] = []
    for place, start, end in sorted(rules):
        if not places or place - places[-1] > _NEAR:
            places.append(place)
            drawn.append([])
        drawn[-1].append((start, end))
    return places, [sorted(parts) for parts in drawn]


def _is_drawn(parts: Sequence[tuple[float, float]], start: float, end: float) -> bool:
    """Whether parts of a line, in order, cover most of the stretch from start to end."""
    covered, reach = 0.0, start
    for a, b in parts:
        covered += max(0.0, min(b, end) - max(a, reach))
        reach = max(reach, min(b, end))
    return covered >= _COVERED * (end - start)


def _regions(grid: _Grid) -> list[tuple[int, int, int, int]] | None:
    """The cells as (top, left, bottom, right) in fields of the grid, row by row; None unless all are rectangles."""
    taken: set[tuple[int, int]] = set()
    found = []
    for top in range(len(grid.ys) - 1):
        for left in range(len(grid.xs) - 1):
            if (top, left) in taken:
                continue
            right, bottom = left + 1, top + 1
            while right < len(grid.xs) - 1 and not grid.has_down(right, top, top + 1):
                right += 1
            while bottom < len(grid.ys) - 1 and not grid.has_across(bottom, left, left + 1):
                bottom += 1
            fields = {(y, x) for y in range(top, bottom) for x in range(left, right)}
            if fields & taken or not _is_whole(grid, top, left, bottom, right):
                return None
            taken |= fields
            found.append((top, left, bottom, right))
    return found


def _is_whole(grid: _Grid, top: int, left: int, bottom: int, right: int) -> bool:
    """Whether a cell has lines on its right and below, and none inside."""
    rows, columns = range(top, bottom), range(left, right)
    if any(grid.has_down(x, y, y + 1) for x in columns[1:] for y in rows) or any(
            grid.has_across(y, x, x + 1) for y in rows[1:] for x in columns):
        return False
    return all(grid.has_down(right, y, y + 1) for y in rows) and all(grid.has_across(bottom, x, x + 1) for x in columns)


def _inside(words: Sequence[Word], box: Box) -> list[Word]:
    """The words in the table."""
    x0, y0, x1, y1 = box
    return [w for w in words if max(0.0, min(w[2], x1) - max(w[0], x0)) * max(0.0, min(w[3], y1) - max(w[1], y0))
            > _OWN * (w[2] - w[0]) * (w[3] - w[1])]


def _texts(boxes: Sequence[Box], words: Sequence[Word], join: Callable[[list[str]], str]) -> list[str] | None:
    """The text of each cell; None when a word stands in none of them, for then the grid is not that of the text."""
    own: list[list[Word]] = [[] for _ in boxes]
    for word in words:
        x, y = (word[0] + word[2]) / 2, (word[1] + word[3]) / 2
        at = next((n for n, (x0, y0, x1, y1) in enumerate(boxes) if x0 <= x <= x1 and y0 <= y <= y1), None)
        if at is None:
            return None
        own[at].append(word)
    return [join(_lines(cell)) for cell in own]


def _lines(words: list[Word]) -> list[str]:
    """Words whose heights overlap by half stand in one line."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda w: (w[1] + w[3], w[0])):
        last = lines[-1][-1] if lines else None
        if last and min(last[3], word[3]) - max(last[1], word[1]) >= 0.5 * min(last[3] - last[1], word[3] - word[1]):
            lines[-1].append(word)
        else:
            lines.append([word])
    return [" ".join(word[4] for word in sorted(line)) for line in lines]


def _rows(regions: Sequence[tuple[int, int, int, int]], texts: Sequence[str], count: int) -> list[list[Cell]]:
    """The cells row by row; a cell that goes on from above stands in its rows without text."""
    rows: list[list[tuple[int, Cell]]] = [[] for _ in range(count)]
    for (top, left, bottom, right), text in zip(regions, texts, strict=True):
        for row in range(top, bottom):
            rows[row].append((left, Cell(text if row == top else "", right - left, row > top)))
    return [[cell for _, cell in sorted(row, key=lambda one: one[0])] for row in rows]
