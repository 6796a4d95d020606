"""Marks on copies of page pictures."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from core.documents import Place
from core.storage import Workspace
from tests.fakes.pdfs import huge_png
from webui.components.pictures import copy_for_browser, marked_for_browser


def page(ws: Workspace) -> Path:
    """A white page with a black line at a third of its height."""
    picture = Image.new("RGB", (400, 600), "white")
    picture.paste((0, 0, 0), (100, 200, 300, 210))
    path = ws.document("doc-aaaaaaaaaa").image(1)
    path.parent.mkdir(parents=True)
    picture.save(path)
    return path


def test_the_place_is_coloured_and_its_letters_stay_black(ws: Workspace) -> None:
    path = page(ws)
    with Image.open(marked_for_browser(ws, path, [Place(0.5, 0.3, 0.75, 0.36)])) as marked:
        assert marked.size == (400, 600)
        assert marked.getpixel((210, 190)) != (255, 255, 255) == marked.getpixel((150, 190))
        assert marked.getpixel((210, 205)) == marked.getpixel((150, 205)) == (0, 0, 0)
    with Image.open(path) as kept:
        assert kept.getpixel((210, 190)) == (255, 255, 255)


def test_the_cut_holds_the_place_and_no_white_margins(ws: Workspace) -> None:
    path = page(ws)
    with Image.open(marked_for_browser(ws, path, [Place(0.5, 0.3, 0.75, 0.36)], cut=True)) as cut:
        assert 200 <= cut.width <= 240 and 120 <= cut.height <= 180
        assert (0, 0, 0) in {colour for _, colour in cut.getcolors(100)}
    with Image.open(marked_for_browser(ws, path, [Place(0, 0, 1, 0.02), Place(0, 0.98, 1, 1)], cut=True)) as whole:
        assert whole.size == (400, 600)
    with Image.open(marked_for_browser(ws, path, [Place(0, 0.99, 1, 1)], cut=True)) as last:
        assert last.width >= 390 and last.height > 30


def test_without_a_place_it_is_the_plain_copy(ws: Workspace) -> None:
    path = page(ws)
    assert marked_for_browser(ws, path, []) == copy_for_browser(ws, path)


def test_what_is_no_picture_of_a_page_is_not_unpacked(ws: Workspace) -> None:
    path = page(ws)
    for content in (huge_png(), b"\x89PNG\r\n\x1a\n" + b"x" * 200, b""):
        path.write_bytes(content)
        assert marked_for_browser(ws, path, [Place(0.1, 0.1, 0.5, 0.2)]) == copy_for_browser(ws, path)
