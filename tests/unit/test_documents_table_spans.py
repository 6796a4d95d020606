"""Merged cells of tables with lines."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

from core.documents.pdf import PdfReader
from core.documents.table_rows import Rule, horizontal_rules, vertical_rules
from core.documents.table_spans import Word, spanned
from core.documents.table_text import Cell

XS, YS = (50, 150, 250, 350), (100, 120, 140, 160)


def lines(without_across: tuple[tuple[int, int], ...] = (),
          without_down: tuple[tuple[int, int], ...] = ()) -> tuple[list[Rule], list[Rule]]:
    """The lines of a grid of 3 by 3 fields, drawn field by field; left out are (row, column) below and right of a
    field."""
    across = [(float(y), float(a), float(b)) for row, y in enumerate(YS, -1)
              for column, (a, b) in enumerate(zip(XS, XS[1:], strict=False)) if (row, column) not in without_across]
    down = [(float(x), float(a), float(b)) for column, x in enumerate(XS, -1)
            for row, (a, b) in enumerate(zip(YS, YS[1:], strict=False)) if (row, column) not in without_down]
    return across, down


def word(text: str, x: float, y: float) -> Word:
    return x, y, x + 6 * len(text), y + 10, text


WORDS = [word("Part", 60, 105), word("Use", 160, 105), word("Pump", 60, 135), word("moves", 160, 125),
         word("water", 195, 125), word("by", 260, 125), word("day", 160, 145), word("now", 260, 145)]


def read(across: list[Rule], down: list[Rule], words: list[Word] = WORDS) -> list[list[Cell]] | None:
    return spanned((50, 100, 350, 160), words, across, down, " ".join)


def test_a_cell_goes_on_where_a_line_is_missing() -> None:
    assert read(*lines(without_across=((1, 0),), without_down=((0, 1),))) == [
        [Cell("Part"), Cell("Use", 2)], [Cell("Pump"), Cell("moves water"), Cell("by")],
        [Cell("", 1, True), Cell("day"), Cell("now")]]


def test_a_cell_may_go_on_both_ways() -> None:
    rows = read(*lines(without_across=((1, 1), (1, 2)), without_down=((1, 1), (2, 1))))
    assert rows and rows[1:] == [[Cell("Pump"), Cell("moves water by day now", 2)], [Cell(""), Cell("", 2, True)]]


@pytest.mark.parametrize(("across", "down"), [
    ((), ()),  # nothing is merged
    (((-1, 0),), ((0, 1),)),  # the frame is open
    (((0, 0),), ((0, 0),)),  # what goes on both ways is no rectangle
])
def test_other_grids_are_left_to_the_models(across: tuple[tuple[int, int], ...],
                                            down: tuple[tuple[int, int], ...]) -> None:
    assert read(*lines(across, down)) is None


def test_a_word_outside_of_the_cells_speaks_against_the_grid() -> None:
    across, down = lines(without_across=((1, 0),))
    assert read(across, down) is not None
    assert spanned((50, 80, 350, 160), [*WORDS, word("Head", 60, 85)], across, down, " ".join) is None


def test_boxes_and_flat_boxes_are_lines() -> None:
    drawings = [{"type": "f", "items": [("re", (50, 99.5, 350, 100.5), 1)]}, {"type": "f", "items": [
        ("re", (49.5, 100, 50.5, 160), 1)]}, {"type": "s", "items": [("re", (150, 100, 250, 160), 1)]},
        {"type": "f", "items": [("re", (50, 100, 350, 160), 1)]},
        {"type": "s", "items": [("l", (350, 160), (350, 100))]}]
    assert horizontal_rules(drawings) == [(100.0, 50, 350), (100, 150, 250), (160, 150, 250)]
    assert vertical_rules(drawings) == [(50.0, 100, 160), (150, 100, 160), (250, 100, 160), (350.0, 100, 160)]


def test_a_page_with_such_a_table_gives_its_spans(tmp_path: Path) -> None:
    pdf = pymupdf.open()
    page = pdf.new_page()
    xs, ys = (72, 200, 330, 460), (120, 150, 180, 210, 240)
    for y in ys:
        for column, (a, b) in enumerate(zip(xs, xs[1:], strict=False)):
            if not (column == 0 and y == 180):
                page.draw_line((a, y), (b, y))
    for x in xs:
        page.draw_line((x, ys[0]), (x, ys[-1]))
    page.insert_text((72, 90), "The table shows what each machine of the station does.")
    for row, texts in enumerate((("Machine", "Task", "Hours"), ("Pump", "moves water", "12"), ("", "cools oil", "7"),
                                 ("Crane", "lifts gates", "3"))):
        for column, text in enumerate(texts):
            page.insert_text((xs[column] + 6, ys[row] + 20), text)
    reader = PdfReader(pdf.tobytes(), "never")
    markdown = reader.page(1, tmp_path / "1.png").markdown
    assert '<td rowspan="2">Pump</td><td>moves water</td><td>12</td>' in markdown
    assert "<tr><td>cools oil</td><td>7</td></tr>" in markdown
