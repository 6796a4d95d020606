"""Pictures of documents are kept, harmless and once each; hostile ones and decorations are left out."""

from __future__ import annotations

import base64
import io
import random
import zipfile
from pathlib import Path

import docx
import pptx
import pymupdf
import pytest
from docx.shared import Inches
from PIL import Image, ImageDraw

from core.documents.book import BookReader
from core.documents.pdf_pictures import with_pictures
from core.documents.picture_files import take_pictures
from core.documents.picture_store import LONGEST, PictureStore
from core.documents.pictures import drop_repeats, is_name, masked, picture_names, reference, without_pictures
from core.documents.slides import SlidesReader
from core.documents.web_page import WebReader
from core.documents.word import WordReader
from core.storage.workspace import DocumentPaths
from tests.fakes import pdfs

NAME = "0123456789abcdef.png"


def drawing(seed: int, size: tuple[int, int] = (320, 240), kind: str = "PNG", mode: str = "RGB") -> bytes:
    """Coloured squares; equal for equal seeds."""
    chance, image = random.Random(seed), Image.new("RGB", size, "white")
    for _ in range(12):
        x, y = chance.randrange(size[0]), chance.randrange(size[1])
        ImageDraw.Draw(image).rectangle([x, y, x + 40, y + 30], fill=chance.randrange(1 << 24))
    buffer = io.BytesIO()
    image.convert(mode).save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    return PictureStore(DocumentPaths(tmp_path / "child"))


def test_each_picture_once_in_a_format_that_browsers_know(store: PictureStore) -> None:
    shown = [store.keep(drawing(seed, kind=kind)) for seed, kind in
             ((1, "PNG"), (2, "JPEG"), (3, "GIF"), (4, "BMP"), (5, "TIFF"), (6, "WEBP"))]
    assert [text.rpartition(".")[2] for text in shown] == ["png)", "jpg)", "png)", "png)", "png)", "png)"]
    assert store.keep(drawing(1)) == "" and store.keep(drawing(1, kind="TIFF")) == "", "the same picture"
    for name in picture_names("\n".join(shown)):
        with Image.open(store.paths.picture(name)) as image:
            image.load()
            assert image.size == (320, 240) and image.format in ("PNG", "JPEG")


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "I;16", "CMYK"])
def test_all_kinds_of_colour_are_read(store: PictureStore, mode: str) -> None:
    grey = Image.open(io.BytesIO(drawing(1))).convert("L")
    image = Image.frombytes("I;16", grey.size, b"".join(bytes((0, v)) for v in grey.tobytes())) if mode == "I;16" \
        else Image.open(io.BytesIO(drawing(1))).convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, "TIFF")
    [name] = picture_names(store.keep(buffer.getvalue()))
    with Image.open(store.paths.picture(name)) as kept:
        darkest, lightest = kept.convert("L").getextrema()
        assert lightest - darkest > 100


def test_large_pictures_are_made_smaller(store: PictureStore) -> None:
    [name] = picture_names(store.keep(drawing(1, (5000, 2500), "JPEG")))
    with Image.open(store.paths.picture(name)) as kept:
        assert kept.size == (LONGEST, LONGEST // 2)


@pytest.mark.parametrize("raw", [
    pdfs.huge_png(), drawing(1)[:200], drawing(1, (20, 300)), drawing(1, (900, 40)), b"", b"GIF89a", b"\xff\xd8\xff",
    b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", b"%!PS-Adobe-3.0 EPSF-3.0\n",
    b"\xd7\xcd\xc6\x9a" + bytes(200),
], ids=["bomb", "cut off", "tiny", "rule", "empty", "gif head", "jpeg head", "svg", "postscript", "wmf"])
def test_what_is_hostile_damaged_or_decoration_is_left_out(store: PictureStore, raw: bytes) -> None:
    assert store.keep(raw) == "" and not store.paths.dir.exists()


def test_a_plain_area_shows_nothing(store: PictureStore) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200), "#336699").save(buffer, "PNG")
    assert store.keep(buffer.getvalue()) == ""


@pytest.mark.parametrize(("said", "written"), [
    ("Wiring [side] of\nthe *pump*", "Wiring side of the pump"), ("C:\\pics\\a.png", ""), ("image3.jpeg", ""),
    ("image 3.jpeg", "image 3.jpeg"), ("](http://x) ![", "(http://x)"), ("水泵", "水泵"), ("x" * 500, "x" * 160),
])
def test_descriptions_cannot_break_the_markdown(said: str, written: str) -> None:
    assert reference(NAME, said) == f"![{written}](images/{NAME})"
    assert picture_names(reference(NAME, said)) == [NAME]


def test_text_without_its_pictures_keeps_its_places() -> None:
    text = f"One ![a](images/{NAME}) two.\n\n![b](x(1).png)\n\nThree.\n"
    assert len(masked(text)) == len(text) and masked(text).split() == ["One", "two.", "Three."]
    assert without_pictures(text) == "One  two.\n\nThree.\n"
    assert masked("no picture!") == "no picture!" and without_pictures("[link](x)") == "[link](x)"


def test_a_logo_on_every_page_is_shown_once() -> None:
    pages = {1: f"A\n\n![](images/{NAME})\n", 2: f"B\n\n![](images/{NAME})\n\nC\n", 3: f"![](images/{NAME})\n"}
    assert drop_repeats(pages) == {1: pages[1], 2: "B\n\nC\n", 3: ""}


@pytest.mark.parametrize("name", ["../x.png", "a.png", "0123456789abcdef.svg", "0123456789abcdef.png/x", ""])
def test_only_our_own_names_become_paths(tmp_path: Path, name: str) -> None:
    assert not is_name(name)
    with pytest.raises(ValueError, match="no name"):
        DocumentPaths(tmp_path).picture(name)


def test_a_child_cannot_pass_off_other_files_as_pictures(tmp_path: Path) -> None:
    child, document = DocumentPaths(tmp_path / "child"), DocumentPaths(tmp_path / "document")
    names = [f"{n}123456789abcdef.png" for n in range(4)]
    child.picture(names[0]).parent.mkdir(parents=True)
    document.dir.mkdir()
    (tmp_path / "secret").write_bytes(drawing(1))
    child.picture(names[0]).write_bytes(drawing(1))
    child.picture(names[1]).write_bytes(b"<html><script>alert(1)</script>")
    child.picture(names[2]).symlink_to(tmp_path / "secret")
    take_pictures(child, document, "\n".join(map(reference, names)))
    assert [document.picture(name).exists() for name in names] == [True, False, False, False]


def test_word(tmp_path: Path, store: PictureStore) -> None:
    document, path = docx.Document(), tmp_path / "a.docx"
    paragraph = document.add_paragraph("See the wiring: ")
    paragraph.add_run().add_picture(io.BytesIO(drawing(1)), width=Inches(2))
    paragraph.add_run(" then start.")
    paragraph._p.xpath(".//wp:docPr")[0].set("descr", "Wiring of the pump")
    document.add_paragraph().add_run().add_picture(io.BytesIO(drawing(1)), width=Inches(2))
    table = document.add_table(1, 2)
    table.cell(0, 0).text = "Valve"
    table.cell(0, 1).paragraphs[0].add_run().add_picture(io.BytesIO(drawing(2)), width=Inches(1))
    document.save(path)
    text = WordReader(path, store).page(1, path).markdown
    first, second = picture_names(text)
    assert text == (f"See the wiring:  then start.\n\n![Wiring of the pump](images/{first})\n\n"
                    f"| Valve |  |\n| --- | --- |\n\n![](images/{second})\n")
    assert "![" not in WordReader(path).page(1, path).markdown


def test_slides(tmp_path: Path, store: PictureStore) -> None:
    show, path = pptx.Presentation(), tmp_path / "a.pptx"
    for title, seed in (("Station 4", 1), ("Station 5", 1), ("Station 6", 2)):
        slide = show.slides.add_slide(show.slide_layouts[5])
        slide.shapes.title.text = title
        slide.shapes.add_picture(io.BytesIO(drawing(seed)), 0, 2_000_000)
    show.save(path)
    reader = SlidesReader(path, store)
    texts = [reader.page(number, path).markdown for number in (1, 2, 3)]
    assert [len(picture_names(text)) for text in texts] == [1, 0, 1] and texts[1] == "## Station 5\n"


def test_web_pages_show_what_they_hold_and_fetch_nothing(tmp_path: Path, store: PictureStore) -> None:
    path, data = tmp_path / "a.html", base64.b64encode(drawing(1)).decode()
    (tmp_path / "near.png").write_bytes(drawing(2))
    path.write_text(f"<main><h1>Valve</h1><p>It opens at 3 bar.</p><figure><picture><source srcset='x.webp'>"
                    f"<img src='data:image/png;base64,{data}' alt='The valve'></picture><figcaption>Figure 1"
                    "</figcaption></figure><p>Remote <img src='http://192.0.2.1/x.png' alt='far'> and "
                    "<img src='/etc/passwd'> and "
                    "<img src='data:image/svg+xml,<svg onload=alert(1)>'> and <img src='data:image/png;base64,@@'> "
                    "end.</p></main>", encoding="utf-8")
    text = WebReader(path, store).page(1, path).markdown
    [name] = picture_names(text)
    assert text == (f"# Valve\n\nIt opens at 3 bar.\n\n![The valve](images/{name})\n\nFigure 1\n\n"
                    "Remote and and and end.\n")


def test_books(tmp_path: Path, store: PictureStore) -> None:
    path = tmp_path / "a.epub"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", "application/epub+zip")
        book.writestr("META-INF/container.xml", "<container><rootfiles><rootfile full-path='OPS/a.opf'/></rootfiles>"
                                                "</container>")
        book.writestr("OPS/a.opf", "<package><manifest><item id='c' href='text/c.xhtml' media-type='application/"
                                   "xhtml+xml'/></manifest><spine><itemref idref='c'/></spine></package>")
        book.writestr("OPS/text/c.xhtml", "<html xmlns='http://www.w3.org/1999/xhtml'><body>"
                      "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'>"
                      "<image xlink:href='../i/one.png'/></svg><h1>Pumps</h1><p>A pump.</p>"
                      "<p><img src='../i/two.png' alt='Two'/></p>"
                      "<img src='../../../x.png'/></body></html>")
        book.writestr("OPS/i/one.png", drawing(1))
        book.writestr("OPS/i/two.png", drawing(2))
    text = BookReader(path, store).page(1, path).markdown
    one, two = picture_names(text)
    assert text == f"![](images/{one})\n\n# Pumps\n\nA pump.\n\n![Two](images/{two})\n"


def page_with(*boxes: tuple[tuple[float, float, float, float], int]) -> pymupdf.Page:
    page = pymupdf.open().new_page()
    page.insert_text((60, 100), "The pump stands in hall 3.", fontsize=11)
    page.insert_text((60, 440), "Figure 1: the pump", fontsize=10)
    page.insert_text((60, 480), "It is inspected every 14 days and then", fontsize=11)
    for box, seed in boxes:
        page.insert_image(pymupdf.Rect(box), stream=drawing(seed), keep_proportion=False)
    return page


MARKDOWN = "# 1 Hall 3\n\nThe pump stands in hall 3.\n\nFigure 1: the pump\n\nIt is inspected every 14 days and then\n"


def test_a_picture_stands_after_the_text_above_it(store: PictureStore) -> None:
    text = with_pictures(page_with(((60, 150, 360, 420), 1)), MARKDOWN, store)
    [name] = picture_names(text)
    assert text == MARKDOWN.replace("hall 3.\n\n", f"hall 3.\n\n![Figure 1: the pump](images/{name})\n\n")


def test_a_sentence_over_the_page_break_stays_open(store: PictureStore) -> None:
    text = with_pictures(page_with(((60, 520, 360, 700), 1)), MARKDOWN, store)
    assert len(picture_names(text)) == 1 and text.endswith("It is inspected every 14 days and then\n")


def test_strips_are_one_picture_and_decorations_none(store: PictureStore) -> None:
    strips = [((60, 150 + 60 * n, 360, 210 + 60 * n), n) for n in range(4)]
    noise = [((60, 20, 200, 70), 7), ((500, 480, 520, 500), 8), ((60, 455, 540, 462), 9)]
    assert len(picture_names(with_pictures(page_with(*strips, *noise), MARKDOWN, store))) == 1


def test_a_picture_behind_the_whole_page_is_none(store: PictureStore) -> None:
    assert with_pictures(page_with(((0, 0, 595, 842), 1)), MARKDOWN, store) == MARKDOWN
