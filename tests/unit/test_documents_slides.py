"""Presentations: one page a slide, in the order in which it is read, with what its layout says of bullets."""

from __future__ import annotations

from pathlib import Path

import pptx
import pytest
from lxml import etree
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from core.documents.slides import SlidesReader
from core.errors import UserError

MATH = ('<a:p xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:r><a:t>so </a:t></a:r>'
        '<a14:m xmlns:a14="http://schemas.microsoft.com/office/drawing/2010/main">'
        '<m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"><m:sSup><m:e><m:r><m:t>x</m:t>'
        "</m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup></m:oMath></a14:m></a:p>")


def pages(deck, tmp_path: Path) -> list[str]:
    path = tmp_path / "x.pptx"
    deck.save(path)
    reader = SlidesReader(path)
    return [reader.page(n, path).markdown for n in range(1, reader.total + 1)]


def body_slide(deck, title: str, *lines: tuple[str, int]):
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = title
    frame = slide.placeholders[1].text_frame
    for index, (text, level) in enumerate(lines):
        paragraph = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
        paragraph.text, paragraph.level = text, level
    return slide


def test_titles_bullets_levels_and_notes(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    slide = body_slide(deck, "Care", ("Every week:", 0), ("clean", 0), ("the lid", 1), ("refill", 0))
    slide.notes_slide.notes_text_frame.text = "Say it twice.\nThen stop."
    body_slide(deck, "One", ("A single sentence is no list.", 0))
    deck.slides.add_slide(deck.slide_layouts[6])
    assert pages(deck, tmp_path) == [
        "## Care\n\nEvery week:\n\n- clean\n    - the lid\n- refill\n\n> Say it twice.\n>\n> Then stop.\n",
        "## One\n\nA single sentence is no list.\n", ""]


def test_boxes_side_by_side_are_read_from_left_to_right(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    for text, left, top in (("below", 1, 4), ("right", 5, 1.1), ("left", 1, 1.2)):
        slide.shapes.add_textbox(Inches(left), Inches(top), Inches(3), Inches(1)).text_frame.text = text
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(6), Inches(3), Inches(1)).text_frame.text = "grouped"
    assert pages(deck, tmp_path) == ["left\n\nright\n\nbelow\n\ngrouped\n"]


def test_tables_charts_formulas_and_code(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    table = slide.shapes.add_table(3, 2, Inches(1), Inches(0.2), Inches(4), Inches(1)).table
    for index, text in enumerate(("both", "", "tall", "x", "", "y")):
        table.cell(index // 2, index % 2).text = text
    table.cell(0, 0).merge(table.cell(0, 1))
    table.cell(1, 0).merge(table.cell(2, 0))
    data = CategoryChartData()
    data.categories = ["2023", "2024"]
    data.add_series("Pumps", (4, 5.5))
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(2), Inches(4), Inches(2), data)
    box = slide.shapes.add_textbox(Inches(1), Inches(5), Inches(4), Inches(1))
    box.text_frame._txBody.append(etree.fromstring(MATH))
    code = slide.shapes.add_textbox(Inches(1), Inches(6.2), Inches(4), Inches(1)).text_frame
    for index, line in enumerate(("def f():", "    return 1")):
        paragraph = code.paragraphs[0] if index == 0 else code.add_paragraph()
        run = paragraph.add_run()
        run.text, run.font.name = line, "Consolas"
    [page] = pages(deck, tmp_path)
    assert '<tr><th colspan="2">both</th></tr>\n<tr><td rowspan="2">tall</td><td>x</td></tr>' in page
    assert "|  | Pumps |\n| --- | --- |\n| 2023 | 4 |\n| 2024 | 5.5 |" in page
    assert "so $x^2$" in page and page.endswith("```\ndef f():\n    return 1\n```\n")


def test_broken_and_empty_decks(tmp_path: Path) -> None:
    path = tmp_path / "x.pptx"
    pptx.Presentation().save(path)
    with pytest.raises(UserError) as caught:
        SlidesReader(path)
    assert caught.value.key == "documents.error.no_pages"
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(UserError) as caught:
        SlidesReader(path)
    assert caught.value.key == "documents.error.damaged"
