"""Rows of tables without lines between them, found in the places of their words. Child only.

The models cut such tables into rows by their look, and err where cells have several lines. Here a table's lines of
words are rows, or parts of rows: lines closer to each other than others belong together, and so do lines whose few
words had not fitted into the cells above.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from core.documents.hyphens import Vocabulary, with_kept
from core.documents.table_rows import Rule
from core.documents.text_lines import join_text

Word = tuple[float, float, float, float, str]
Column = tuple[float, float]
_JUMP = 1.22  # between rows and inside of rows, at least
_STRIP = 0.3  # of a line's height: a strip of white that parts rows
_MARGIN = 0.6  # of a line's height: least distance between columns
_FITS = 0.7  # share of cells that must look as if their text went on


@dataclass
class Line:
    """Words of a table that stand beside each other: by column, each column's from left to right."""

    words: dict[int, list[Word]] = field(default_factory=dict)
    y0: float = 0.0
    y1: float = 0.0

    @property
    def middle(self) -> float:
        """Its place on the page."""
        return (self.y0 + self.y1) / 2

    def text(self, column: int) -> str:
        """Text of a cell's line."""
        return " ".join(word[4] for word in self.words.get(column, ()))


def recut(table: dict[str, Any], words: Sequence[Word], rules: Sequence[Rule],
          vocabulary: Vocabulary | None = None) -> list[list[str]] | None:
    """The rows of a table that has lines around its head at most; None when it has others or its rows stay unclear.

    Args:
        table: as the models give it: bbox, cells.
        words: of the page (`Page.get_text("words")`), in points.
        rules: lines on the page.
        vocabulary: of the page, which tells whether a hyphen at a line's end stays.
    """
    columns = _columns(table)
    x0, y0, x1, y1 = table["bbox"]
    inner = sorted({round(y) for y, left, right in rules if y0 + 3 < y < y1 - 3
                    and min(right, x1) - max(left, x0) > 0.5 * (x1 - x0)})
    if len(columns) < 2 or len(inner) > 2:
        return None
    lines = _lines([w for w in words if x0 - 2 < (w[0] + w[2]) / 2 < x1 + 2 and y0 - 2 < (w[1] + w[3]) / 2 < y1 + 2],
                   columns)
    if len(lines) < 3:
        return None
    head = [line for line in lines if inner and line.middle < inner[0]]
    body = lines[len(head):]
    if len(head) > 4 or not body:
        head, body = [], lines
    rows = _grouped(body, _edges(lines, len(columns)))
    if rows is None or not _are_confirmed(rows, [box[1] for row in table["cells"] for box in row if box], len(columns)):
        return None
    rows = [head, *rows] if head else rows
    widths = _cut_words(lines, len(head), len(columns))
    return [[_joined([line.words[c] for line in row if c in line.words], widths[c], row is head, vocabulary)
             for c in range(len(columns))] for row in rows]


def _columns(table: dict[str, Any]) -> list[Column]:
    """Left and right edges of the columns; none when the cells do not agree."""
    wide = [row for row in table.get("cells") or () if len(row) == table.get("col_count") and all(row)]
    return [(box[0], box[2]) for box in wide[0]] if wide else []


def _lines(words: list[Word], columns: Sequence[Column]) -> list[Line]:
    """Words whose heights overlap by half are one line."""
    lines: list[Line] = []
    for word in sorted(words, key=lambda w: (w[1] + w[3], w[0])):
        line = lines[-1] if lines else None
        if line is None or min(line.y1, word[3]) - max(line.y0, word[1]) < 0.5 * min(line.y1 - line.y0,
                                                                                   word[3] - word[1]):
            line = Line(y0=word[1], y1=word[3])
            lines.append(line)
        middle = (word[0] + word[2]) / 2
        column = min(range(len(columns)), key=lambda c: max(columns[c][0] - middle, middle - columns[c][1]))
        line.words.setdefault(column, []).append(word)
        line.words[column].sort()
    return lines


def _edges(lines: Sequence[Line], count: int) -> list[float]:
    """How far to the right each column can reach: as far as its longest words do, or up to the next column."""
    cells = [[words for line in lines if (words := line.words.get(c))] for c in range(count)]
    reach = [max((words[-1][2] for words in column), default=0.0) for column in cells]
    lefts = [min((words[0][0] for words in column), default=0.0) for column in cells]
    margin = _MARGIN * median(line.y1 - line.y0 for line in lines)
    return [max(right, left - margin) for right, left in zip(reach, [*lefts[1:], 0.0], strict=True)]


def _grouped(lines: list[Line], edges: Sequence[float]) -> list[list[Line]] | None:
    """Lines of each row: by the white strips between them or their distances where these are of two kinds, else by
    what had not fitted above. None when all stay alone."""
    height = median(line.y1 - line.y0 for line in lines)
    gaps = [below.y0 - max(line.y1 for line in lines[:i + 1]) for i, below in enumerate(lines[1:])]
    steps = [below.middle - above.middle for above, below in zip(lines, lines[1:], strict=False)]
    least = _least_row_step(steps, height)
    for apart in ([gap > _STRIP * height for gap in gaps], [step >= least > 0 for step in steps]):
        rows = _split(lines, apart)
        if any(apart) and not all(apart) and _are_rows(rows, edges):
            return rows
    rows = _split(lines, [True] * len(steps))
    for line in lines[1:]:
        at = next(i for i, row in enumerate(rows) if row[0] is line)
        if len(line.words) <= len(edges) / 2 and _goes_on(rows[at - 1], line, edges):
            rows[at - 1:at + 1] = [rows[at - 1] + rows[at]]
    return None if least and len(rows) == len(lines) else rows


def _split(lines: Sequence[Line], apart: Sequence[bool]) -> list[list[Line]]:
    rows = [[lines[0]]]
    for line, begins in zip(lines[1:], apart, strict=True):
        if begins:
            rows.append([])
        rows[-1].append(line)
    return rows


def _are_rows(rows: Sequence[Sequence[Line]], edges: Sequence[float]) -> bool:
    """Whether most lines beside a row's fullest one have few words or go on with what had not fitted above."""
    going = []
    for row in rows:
        fullest = max(row, key=lambda line: len(line.words))
        going += [len(line.words) <= len(edges) / 2 or i > 0 and _goes_on(row[:i], line, edges)
                  for i, line in enumerate(row) if line is not fullest]
    return sum(going) >= _FITS * len(going)


def _are_confirmed(rows: Sequence[Sequence[Line]], tops: Sequence[float], count: int) -> bool:
    """Whether each row begins where the models saw one begin, too (their cells have these upper edges), or both it
    and the row before begin with a line that fills most columns, the first among them."""
    full = [0 in row[0].words and len(row[0].words) > count / 2 for row in rows]
    return all(full[i] and full[i + 1] or any(above[-1].middle < top < row[0].middle for top in tops)
               for i, (above, row) in enumerate(zip(rows, rows[1:], strict=False)))


def _least_row_step(steps: Sequence[float], height: float) -> float:
    """The distance from which lines are rows of their own; 0 when all lines stand equally far apart."""
    ordered = sorted(steps)
    jumps = [(b / max(a, 0.1), (a + b) / 2, a) for a, b in zip(ordered, ordered[1:], strict=False)]
    ratio, least, below = max(jumps, default=(0.0, 0.0, 0.0))
    return least if ratio >= _JUMP and below <= 1.7 * height else 0.0


def _goes_on(row: Sequence[Line], line: Line, edges: Sequence[float]) -> bool:
    """Whether the first word of each cell of a line had not fitted into the line above it."""
    for column, words in line.words.items():
        above = next((one.words[column] for one in reversed(row) if column in one.words), None)
        if above is None:
            continue
        first, last = words[0], above[-1]
        space = 0.15 * (first[3] - first[1])
        if last[2] + space + first[2] - first[0] <= edges[column] and not last[4].endswith("-"):
            return False
    return any(column in one.words for one in row for column in line.words)


def _cut_words(lines: Sequence[Line], head: int, count: int) -> list[float]:
    """Widths of the columns of a table so narrow that words were cut at any letter; 0 in other tables.

    Such a table has at least two columns in which several different words fill all of the width and go on with small
    letters or digits. Its other columns are as wide as the places of their left edges leave them.
    """
    cells = [[(line.words[c], i < head) for i, line in enumerate(lines) if c in line.words] for c in range(count)]
    lefts = [min((words[0][0] for words, _ in column), default=0.0) for column in cells]
    widths = [max((words[-1][2] - words[0][0] for words, _ in column), default=0.0) for column in cells]
    steps = [right - left for left, right in zip(lefts, lefts[1:], strict=False)]
    cutting = [c for c, column in enumerate(cells) if len(
        {above[0][4] for (above, is_head), (below, _) in zip(column, column[1:], strict=False)
         if _is_cut(above, below[0], widths[c], is_head)}) >= 2]
    if len(cutting) < 2:
        return [0.0] * count
    margin = min((steps[c] - widths[c] for c in cutting if c < len(steps)), default=0.0)
    return [widths[c] if c in cutting or c >= len(steps) else steps[c] - margin for c in range(count)]


def _is_cut(above: Sequence[Word], following: Word, width: float, is_head: bool) -> bool:
    """Whether a line of a cell is a word's beginning: alone, it leaves no room for the next letter (a head may have
    been measured in bold), and what follows is no beginning."""
    word = above[-1]
    if len(above) != 1 or not re.match(r"[a-z\d]", following[4]) or not word[4][-1:].isalnum():
        return False
    own, other = word[2] - word[0], following[2] - following[0]
    letter = max(other / len(following[4]), own / len(word[4]) if is_head else 0.0)
    return width - own < (1.5 if is_head else 1.1) * letter and own + other > width


def _joined(lines: Sequence[Sequence[Word]], width: float, is_head: bool, vocabulary: Vocabulary | None) -> str:
    """The lines of a cell as running text; `width` is that of a column which cuts words, else 0."""
    text, before = "", None
    for words in lines:
        line = " ".join(word[4] for word in words)
        cut = before is not None and width > 0 and _is_cut(before, words[0], width, is_head)
        if vocabulary and not cut:
            text, line = with_kept(f"{text}\n{line}", vocabulary).rsplit("\n", 1)
        text, before = text + line if cut else join_text(text, line), words
    return text
