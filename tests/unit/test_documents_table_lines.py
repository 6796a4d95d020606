"""Rows of tables without lines between them."""

from __future__ import annotations

from typing import Any

from core.documents.table_lines import Word, recut

LEFTS = (50, 110, 210)


def words(*lines: tuple[float, tuple[str, ...]]) -> list[Word]:
    """Lines of cells at (y, texts); a letter is 5 points wide, a line 10 high."""
    made: list[Word] = []
    for y, cells in lines:
        for left, text in zip(LEFTS, cells, strict=False):
            x = float(left)
            for word in text.split():
                made.append((x, y, x + 5 * len(word), y + 10, word))
                x += 5 * len(word) + 3
    return made


def table(*tops: float, bottom: float) -> dict[str, Any]:
    """As the models cut it, with rows that begin at these heights."""
    ends = [*tops[1:], bottom]
    return {"bbox": (50, tops[0], 310, bottom), "col_count": 3, "cells": [
        [(50, top, 110, end), (110, top, 210, end), (210, top, 310, end)] for top, end in zip(tops, ends, strict=True)]}


HEAD_RULE = [(112.0, 50.0, 300.0)]


def test_lines_that_had_not_fitted_go_on_above() -> None:
    there = words((100, ("Part", "Use", "Litres")), (115, ("Tank", "holds the water of", "12")),
                  (126, ("", "garden", "")), (137, ("Pump", "moves", "3")), (148, ("Lamp", "shines", "0")))
    as_cut = table(100, 113, 125, 136, 147, bottom=160)
    assert recut(as_cut, there, HEAD_RULE) == [["Part", "Use", "Litres"], ["Tank", "holds the water of garden", "12"],
                                               ["Pump", "moves", "3"], ["Lamp", "shines", "0"]]


def test_rows_that_the_models_ran_together_are_parted() -> None:
    there = words((100, ("Part", "Use", "Litres")), (115, ("Tank", "holds", "12")), (126, ("Pump", "moves", "3")))
    assert recut(table(100, 113, bottom=140), there, HEAD_RULE) == [
        ["Part", "Use", "Litres"], ["Tank", "holds", "12"], ["Pump", "moves", "3"]]


def test_a_short_line_of_its_own_stays_a_row() -> None:
    there = words((100, ("Part", "Use", "Litres")), (115, ("Water", "", "")), (126, ("Tank", "holds", "12")),
                  (137, ("Light", "", "")), (148, ("Lamp", "shines", "0")))
    rows = recut(table(100, 113, 125, 136, 147, bottom=160), there, HEAD_RULE)
    assert rows is not None and ["Water", "", ""] in rows and ["Light", "", ""] in rows


def test_wider_strips_part_rows() -> None:
    there = words((100, ("Part", "Use", "Litres")), (118, ("Tank", "holds the water", "12")),
                  (129, ("", "of the", "")), (147, ("Pump", "moves the water", "3")), (158, ("", "to the roots", "")))
    rows = recut(table(100, 116, 128, 145, 157, bottom=170), there, HEAD_RULE)
    assert rows is not None
    assert [row[1] for row in rows] == ["Use", "holds the water of the", "moves the water to the roots"]


def test_cells_in_the_middle_of_their_rows_are_left_to_the_models() -> None:
    there = words((100, ("Part", "Use", "Litres")), (115, ("", "holds the water", "")), (121, ("Tank", "", "12")),
                  (127, ("", "of all plants", "")), (139, ("Pump", "moves", "3")))
    rows = recut(table(100, 113, 138, bottom=150), there, HEAD_RULE)
    assert rows is None or len(rows) == 3


def test_words_cut_at_any_letter_are_whole_again() -> None:
    there = words((100, ("Contributo", "Description", "Rate")), (111, ("rs", "", "")),
                  (130, ("348fbb3a67", "slightlyundertrain", "1.5")), (141, ("b3", "ed", "")),
                  (160, ("a67eba324e", "overtrainedmodelsz", "2.5")), (171, ("69c", "ing", "")))
    rows = recut(table(100, 128, 158, bottom=182), there, [(124.0, 50.0, 300.0)])
    assert rows is not None and [row[0] for row in rows] == ["Contributors", "348fbb3a67b3", "a67eba324e69c"]
    assert [row[1] for row in rows[1:]] == ["slightlyundertrained", "overtrainedmodelszing"]


def test_tables_with_lines_between_rows_are_left_to_the_models() -> None:
    there = words((100, ("a", "b", "c")), (115, ("d", "e", "f")), (130, ("g", "h", "i")), (145, ("j", "k", "l")))
    rules = [(y, 50.0, 300.0) for y in (112.0, 127.0, 142.0)]
    assert recut(table(100, 113, 128, 143, bottom=157), there, rules) is None
