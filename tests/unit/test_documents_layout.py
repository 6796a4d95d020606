"""Boxes and lines of a page become Markdown as a person reads them, without any model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from core.documents.blocks import Setting, blocks_of
from core.documents.classify import heading_class, looks_like_code, reads_as_heading
from core.documents.order import in_reading_order

PLAIN, MONO = 0, 8


@dataclass
class Box:
    boxclass: str
    x0: float = 50
    y0: float = 100
    x1: float = 550
    y1: float = 120
    textlines: list[dict[str, Any]] = field(default_factory=list)
    table: dict[str, Any] | None = None


def line(text: str, x0: float = 50, x1: float | None = None, y0: float = 100, size: float = 10,
         flags: int = PLAIN) -> dict[str, Any]:
    x1 = x0 + 5 * len(text) if x1 is None else x1
    return {"bbox": (x0, y0, x1, y0 + size),
            "spans": [{"text": text, "size": size, "flags": flags, "bbox": (x0, y0, x1, y0 + size)}]}


def blocks(kind: str, *lines: dict[str, Any], is_ocr: bool = False, right: float = 550) -> list[tuple[str, str]]:
    return [(b.kind, b.text) for b in blocks_of(Box(kind, textlines=list(lines)), Setting(50, right, 10, is_ocr))]


def test_a_paragraph_ends_where_the_next_word_had_fitted() -> None:
    full, ends, begins = line("The pump runs until the", x1=549), line("hour is over.", x1=200, y0=112), line(
        "Another paragraph begins", x1=549, y0=124)
    assert blocks("text", full, ends, begins) == [("text", "The pump runs until the hour is over."),
                                                  ("text", "Another paragraph begins")]


def test_items_with_drawn_bullets_are_told_apart() -> None:
    assert blocks("list-item", line("first item of the list.", x1=300), line("second item, which goes on to", x1=545),
                  line("the next line", y0=124)) == [
        ("item", "first item of the list."), ("item", "second item, which goes on to the next line")]
    assert blocks("list-item", line("• one"), line("• two", y0=112), line("3. three", y0=124)) == [
        ("item", "one"), ("item", "two"), ("item", "three")]


def test_headings_inside_and_headings_that_are_none() -> None:
    assert blocks("text", line("Technical data", size=14), line("The cabinet is tall.", y0=120)) == [
        ("heading", "Technical data"), ("text", "The cabinet is tall.")]
    assert blocks("section-header", line("as follows in this table:")) == [("text", "as follows in this table:")]


def test_code_keeps_its_lines_and_indents() -> None:
    assert blocks("text", line("def f(x):", flags=MONO), line("return x", x0=70, y0=112, flags=MONO)) == [
        ("code", "def f(x):\n    return x")]
    assert blocks("text", line("Call "), line("now", flags=MONO, y0=112)) == [("text", "Call `now`")]


def test_scans_show_headings_by_number_and_code_by_its_looks() -> None:
    assert blocks("text", line("3.2 Use of pip"), line("pip install quill", y0=120), is_ocr=True) == [
        ("heading", "3.2 Use of pip"), ("code", "pip install quill")]
    assert blocks("text", line("二、安装位置"), is_ocr=True) == [("heading", "二、安装位置")]
    assert blocks("list-item", line("1. Fill the tank"), line("2. Close the door", y0=112), is_ocr=True) == [
        ("item", "Fill the tank"), ("item", "Close the door")]


def test_headings_in_pictures_are_measured_by_their_width() -> None:
    import pymupdf

    def size(text: str, height: float, letters: float) -> float:
        width = pymupdf.Font("hebo").text_length(text, letters)
        around = Setting(50, 550, 10, True)
        [block] = blocks_of(Box("section-header", textlines=[line(text, x1=50 + width, size=height)]), around)
        return block.size

    assert size("Quick start", 19.6, 16) == pytest.approx(size("Care", 17.6, 16), rel=0.1), "their boxes differ"
    assert size("Loss types", 19, 13) < 0.87 * size("Care", 17.6, 16)


def test_a_heading_goes_on_where_its_line_was_full() -> None:
    from core.documents.layout import _append

    def joined(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
        around, made = Setting(50, 550, 10, True), []
        for one in (first, second):
            _append(made, blocks_of(Box("section-header", textlines=[one]), around), around)
        return [block.text for block in made]

    full = line("Indoor Garden: Owner's", x1=500, size=20)
    assert joined(full, line("Handbook", y0=124, x1=150, size=20)) == ["Indoor Garden: Owner's Handbook"]
    for second in (line("Handbook", y0=170, x1=150, size=20), line("Handbook", y0=124, x1=150, size=14),
                   line("2. Handbook", y0=124, x1=150, size=20)):
        assert len(joined(full, second)) == 2
    assert len(joined(line("Light", x1=150, size=20), line("Water", y0=124, x1=150, size=20))) == 2


def test_tables_drop_empty_rows_and_join_the_lines_of_a_cell() -> None:
    table = {"extract": [["Code", "", "Meaning"], [None, None, ""], ["F-03", "", "The tank is\nalmost empty"]]}
    [block] = blocks_of(Box("table", table=table), Setting(50, 550, 10, False))
    assert block.text == "| Code | Meaning |\n| --- | --- |\n| F-03 | The tank is almost empty |"


@pytest.mark.parametrize(("text", "name"), [
    ("3 Use", "d1"), ("3.1 Light", "d2"), ("2.10.3 深度", "d3"), ("1.支持的方法", "d1"), ("一、总则", "han"),
    ("（二）范围", "han-brackets"), ("第三章 维护", "chapter"), ("Chapter 4 Care", "chapter"), ("附录 A", "section"),
    ("22 litres", "d1"), ("3.5 ml of food", "d2"), ("Use", ""), ("3.1415", ""), ("50%", ""),
])
def test_numbers_of_headings(text: str, name: str) -> None:
    assert heading_class(text) == name


def test_sentences_are_no_headings() -> None:
    assert reads_as_heading("3.1 Light") and not reads_as_heading("3.1 The lamp shines for 15 hours.")


@pytest.mark.parametrize(("text", "code"), [
    ("pip install doctune", True), ("git clone --depth 1 https://x/y.git", True), ("x = f(a, b)", True),
    ('  "name": "value",', True), ("for key in table.items():", True), ("The pump runs for six minutes.", False),
    ("水泵每小时运行六分钟。", False), ("Height 142 cm", False), ("17:00", False),
    ("Use the --verbose flag when you want more of the log", False), ("the plant(s) of the tray", False),
])
def test_code_is_told_by_its_looks(text: str, code: bool) -> None:
    assert looks_like_code(text) is code


def test_columns_are_read_one_after_the_other() -> None:
    title = Box("title", 100, 20, 500, 40)
    left = [Box("text", 50, y, 290, y + 50) for y in (60, 130, 200)]
    right = [Box("text", 310, y, 550, y + 40) for y in (60, 110, 160)]
    wide = Box("text", 50, 300, 550, 340)
    shuffled = [right[0], title, left[1], right[2], left[0], wide, right[1], left[2]]
    assert in_reading_order(shuffled) == [title, *left, *right, wide]


def test_one_column_keeps_the_order_of_the_models() -> None:
    boxes = [Box("text", 50, y, 550, y + 20) for y in (200, 60, 130, 300)]
    assert in_reading_order(boxes) == boxes
