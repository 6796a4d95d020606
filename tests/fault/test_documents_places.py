"""Quotes of real conversions are found where they stand: straight, turned, in two columns and on scans."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

from core import documents
from core.documents import ConvertSettings
from core.documents.conversion import Conversion
from core.documents.page_words import words_of
from core.storage import Workspace
from tests.fakes import pdfs

pytestmark = pytest.mark.fault
QUOTE = "inspected every 14 days"


def columns_pdf() -> bytes:
    """Two columns; the quote stands in the second one."""
    left = "The blue mill grinds flour for the bakery in the valley and rests on Sunday. " * 14
    right = "The red press is cleaned with warm water. " * 8 + f"The grey pump is {QUOTE}. " + "It rests in May. " * 8
    with pymupdf.open() as pdf:
        page = pdf.new_page()
        page.insert_textbox((50, 60, 285, 780), left, fontsize=11)
        page.insert_textbox((310, 60, 545, 780), right, fontsize=11)
        return pdf.tobytes()


def converted(ws: Workspace, folder: Path, content: bytes) -> str:
    path = folder / "a.pdf"
    path.write_bytes(content)
    [result] = documents.import_files(ws, [(path, "a.pdf")])
    assert Conversion(ws, result.document_id, ConvertSettings(), "job-test").run() == "done"
    return result.document_id


def marked(ws: Workspace, id: str) -> list[tuple[float, float, float, float]]:
    """Boxes of the quote, in parts of the page."""
    text = documents.page_markdown(ws, id, 1)
    start = text.index(QUOTE)
    return [(p.left, p.top, p.right, p.bottom) for p in documents.places_of(ws, id, 1, start, start + len(QUOTE))]


def by_the_library(content: bytes) -> list[tuple[float, float, float, float]]:
    """Where PyMuPDF finds the quote."""
    with pymupdf.open("pdf", content) as pdf:
        across, down = pdf[0].rect.width, pdf[0].rect.height
        return [(r.x0 / across, r.y0 / down, r.x1 / across, r.y1 / down) for r in pdf[0].search_for(QUOTE)]


@pytest.mark.parametrize("content", [pdfs.text_pdf(f"The grey pump is {QUOTE}."), columns_pdf()],
                         ids=["one line", "two columns"])
def test_the_place_is_where_the_text_is_drawn(ws: Workspace, tmp_path: Path, content: bytes) -> None:
    places = marked(ws, converted(ws, tmp_path, content))
    expected = by_the_library(content)
    assert len(places) == len(expected) > 0
    for place, right in zip(places, expected, strict=True):
        assert place == pytest.approx(right, abs=0.015)


@pytest.mark.parametrize("turn", [0, 90])
def test_the_place_on_a_scan_is_dark_with_letters_and_its_surroundings_are_not(ws: Workspace, tmp_path: Path, turn: int
                                                                               ) -> None:
    id = converted(ws, tmp_path, pdfs.scanned_pdf(f"The grey pump is {QUOTE}.", turn))
    [(left, top, right, bottom)] = marked(ws, id)
    picture = pymupdf.Pixmap(str(documents.page_image(ws, id, 1)))

    def ink(y0: float, y1: float) -> int:
        rows = range(int(y0 * picture.height), int(y1 * picture.height))
        return sum(min(picture.pixel(x, y)) < 128 for y in rows
                   for x in range(int(left * picture.width), int(right * picture.width), 2))

    height = bottom - top
    assert right - left > 3 * height
    assert ink(top, bottom) > 50 > ink(bottom + height, bottom + 2 * height)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_words_of_a_page_with_a_rotation_flag_stand_where_they_are_drawn(turn: int) -> None:
    with pymupdf.open("pdf", pdfs.text_pdf(f"The grey pump is {QUOTE}.")) as pdf:
        page = pdf[0]
        page.set_rotation(turn)
        [word] = [word for word in words_of(page) if word[0] == "pump"]
        picture = page.get_pixmap(matrix=pymupdf.Matrix(2, 2), alpha=False)
        dark = sum(min(picture.pixel(x, y)) < 128
                   for y in range(int(word[2] * picture.height), int(word[4] * picture.height))
                   for x in range(int(word[1] * picture.width), int(word[3] * picture.width)))
        assert dark > 100
