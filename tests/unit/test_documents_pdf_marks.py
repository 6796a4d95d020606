"""Bullets that are drawn and notes at the foot of a page."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pymupdf

from core.documents.blocks import Setting, blocks_of
from core.documents.bullets import small_marks, with_bullets
from core.documents.clean import clean_markdown
from core.documents.edges import Edges
from core.documents.page_notes import mark_notes


def line(text: str, x0: float, y0: float, size: float = 10, flags: int = 0) -> dict[str, Any]:
    box = (x0, y0, x0 + 5 * len(text), y0 + 10)
    return {"bbox": box, "spans": [{"text": text, "size": size, "flags": flags, "bbox": box}]}


def read(kind: str, lines: list[dict[str, Any]]) -> list[tuple[str, str, float]]:
    box = SimpleNamespace(boxclass=kind, textlines=lines, table=None)
    return [(block.kind, block.text, block.x0) for block in blocks_of(box, Setting(50, 550, 10, False))]


def test_a_drawn_dot_before_a_line_makes_it_an_item() -> None:
    dots = small_marks([{"rect": rect} for rect in (
        (60, 104, 64, 108), (80, 116, 84, 120), (60, 128, 64, 131.8), (50, 90, 550, 91), (20, 104, 24, 108))])
    lines = with_bullets([line("You need:", 50, 90), line("Water", 72, 101), line("from a tap", 92, 113),
                          line("Light", 72, 125)], dots)
    assert read("text", lines) == [("text", "You need:", 50), ("item", "Water", 60), ("item", "from a tap", 80),
                                   ("item", "Light", 60)]


def test_other_small_shapes_are_no_bullets() -> None:
    for shape in ((60, 90, 64, 94), (60, 104, 61, 105), (60, 101, 71, 112), (10, 104, 14, 108), (90, 104, 94, 108)):
        assert with_bullets([line("Water", 72, 101)], [shape])[0]["spans"][0]["text"] == "Water", shape


def page_with_note(mark: str = "1", note: str = "1 ") -> list[tuple[str, str]]:
    text, foot = line("The tank", 50, 100), line(f"{note}See the maker's page.", 50, 700, size=6)
    text["spans"].append({"text": mark, "size": 6, "flags": 1, "bbox": (90, 100, 93, 105)})
    boxes = [SimpleNamespace(boxclass="text", textlines=[one], table=None) for one in (text, foot)]
    mark_notes(boxes, 842)
    return [block[:2] for box in boxes for block in read("text", box.textlines)]


def test_a_raised_number_and_its_note_become_a_footnote() -> None:
    assert page_with_note() == [("text", "The tank[^1]"), ("note", "[^1]: See the maker's page.")]


def test_raised_numbers_without_a_note_stay() -> None:
    assert page_with_note(mark="2") == [("text", "The tank2"), ("text", "1 See the maker's page.")]
    assert page_with_note(note="") == [("text", "The tank1"), ("text", "See the maker's page.")]


def test_a_part_of_a_running_line_is_running_too() -> None:
    pdf = pymupdf.open()
    for _ in range(2):
        pdf.new_page().insert_text((60, 40), "The Indoor Garden: a Handbook for Owners and Friends")
    running = Edges(pdf).judge(0)
    assert running("a Handbook for Owners and") and not running("Garden") and not running("Care of the plants")


def test_radicals_that_fonts_give_for_characters_are_folded() -> None:
    assert clean_markdown("⻆色对⻬，共 2 ⻚") == "角色对齐，共 2 页\n"
