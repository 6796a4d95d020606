"""Words of a page's Markdown are found on its picture, and what a child says of words is checked."""

from __future__ import annotations

import json

import pytest

from core.documents import Place, places_of, record
from core.documents.page_words import MOST_WORDS, read_words, take_words
from core.documents.reading import forget_texts
from core.storage import Workspace, atomic_write
from core.storage.workspace import DocumentPaths


def page(ws: Workspace, markdown: str, words: list[list], number: int = 1) -> str:
    """A document whose page has this Markdown and these words."""
    paths = ws.document("doc-aaaaaaaaaa")
    paths.pages.mkdir(parents=True)
    atomic_write(paths.markdown(number), markdown)
    atomic_write(paths.words(number), json.dumps(words))
    record.append(paths, "page", number=number, ok=True, source="text", chars=len(markdown), warnings=[], sizes=[])
    forget_texts()
    return paths.id


def row(y: float, *texts: str, x: float = 0.1) -> list[list]:
    """Words of one line, each as wide as a tenth of the page."""
    return [[text, x + 0.1 * n, y, x + 0.1 * n + 0.09, y + 0.02] for n, text in enumerate(texts)]


def found(ws: Workspace, id: str, markdown: str, quote: str) -> list[Place]:
    start = markdown.index(quote)
    return places_of(ws, id, 1, start, start + len(quote))


def test_a_quote_over_two_lines_with_a_joined_hyphen_gets_a_box_for_each_line(ws: Workspace) -> None:
    markdown = "# Pumps\n\nThe **grey** pump is inspected every 14 days.\n"
    id = page(ws, markdown, [*row(0.1, "Pumps"), *row(0.2, "The", "grey", "pump", "is", "inspec-"),
                             *row(0.23, "ted", "every", "14", "days.")])
    places = found(ws, id, markdown, "pump is inspected every 14 days")
    assert [(round(p.left, 2), p.top, round(p.right, 2)) for p in places] == [(0.3, 0.2, 0.59), (0.1, 0.23, 0.49)]


def test_of_equal_texts_the_one_at_that_height_is_meant(ws: Workspace) -> None:
    markdown = "Wait 5 minutes. Then open it. " * 3 + "\n"
    id = page(ws, markdown, [word for y in (0.1, 0.4, 0.7)
                             for word in row(y, "Wait", "5", "minutes.", "Then", "open", "it.")])
    for n, y in enumerate((0.1, 0.4, 0.7)):
        start = [i for i in range(len(markdown)) if markdown.startswith("Wait", i)][n]
        [place] = places_of(ws, id, 1, start, start + len("Wait 5 minutes"))
        assert place.top == y and place.right == pytest.approx(0.39)


def test_cells_of_a_row_are_found_one_by_one_where_they_stand(ws: Workspace) -> None:
    markdown = "| Code | Meaning |\n|---|---|\n| E1 | Tank empty |\n| E2 | Too hot |\n"
    id = page(ws, markdown, [*row(0.1, "Code", "E1", "E2"), *row(0.1, "Meaning", x=0.6),
                             *row(0.2, "Tank", "empty", x=0.6), *row(0.3, "Too", "hot", x=0.6)])
    places = found(ws, id, markdown, "| E2 | Too hot |")
    assert [(round(p.left, 2), p.top) for p in places] == [(0.3, 0.1), (0.6, 0.3)]


def test_a_sentence_with_a_note_in_it_is_found_by_its_parts_and_chinese_by_its_signs(ws: Workspace) -> None:
    markdown = "The warranty lasts thirty months from delivery.\n\n水泵每 30 天检查一次。\n"
    id = page(ws, markdown, [*row(0.1, "The", "warranty", "lasts", "⁴thirty", "months4", "from", "delivery."),
                             *row(0.5, "水泵每30天", "检查一次。")])
    assert {p.top for p in found(ws, id, markdown, "The warranty lasts thirty months from delivery.")} == {0.1}
    place, last = found(ws, id, markdown, "30 天检查"), found(ws, id, markdown, "天检查一次")
    assert [(p.left, p.right, p.top) for p in place] == [
        (pytest.approx(0.1 + 0.09 * 3 / 6), pytest.approx(0.2 + 0.09 * 2 / 4), 0.5)]
    assert [(p.left, p.right) for p in last] == [(pytest.approx(0.1 + 0.09 * 5 / 6), pytest.approx(0.29))]


def test_what_is_not_on_the_picture_has_no_place(ws: Workspace) -> None:
    markdown = "Written by hand, later.\n"
    id = page(ws, markdown, row(0.1, "Something", "else"))
    assert found(ws, id, markdown, "by hand") == []
    assert places_of(ws, id, 1, 5, 5) == places_of(ws, id, 1, 0, 10_000) == places_of(ws, id, 7, 0, 3) == []
    assert places_of(ws, "doc-bbbbbbbbbb", 1, 0, 3) == []


@pytest.mark.parametrize("content", [
    b"", b"{", b"{}", b"[" * 100_000, b'[["a"]]', b'[["a",0,0,NaN,1]]', b'[[1,0,0,1,1],"x",null]',
    "ä".encode("latin-1"),
])
def test_words_that_are_none_are_not_kept(ws: Workspace, content: bytes) -> None:
    child, document = DocumentPaths(ws.tmp_dir()), ws.document("doc-aaaaaaaaaa")
    child.pages.mkdir(parents=True)
    document.pages.mkdir(parents=True)
    child.words(1).write_bytes(content)
    document.words(1).write_text('[["old",0,0,1,1]]')
    take_words(child, document, 1)
    assert read_words(document, 1) == [] and not document.words(1).exists()


def test_boxes_beyond_the_page_and_too_many_words_are_cut(ws: Workspace) -> None:
    child, document = DocumentPaths(ws.tmp_dir()), ws.document("doc-aaaaaaaaaa")
    child.pages.mkdir(parents=True)
    child.words(1).write_text(json.dumps([["a", -3, 0.5, 9, 0.2]] * (MOST_WORDS + 5)))
    document.pages.mkdir(parents=True)
    take_words(child, document, 1)
    words = read_words(document, 1)
    assert len(words) == MOST_WORDS and words[0] == ("a", 0.0, 0.2, 1.0, 0.5)


def test_a_link_in_place_of_words_is_not_followed(ws: Workspace, tmp_path) -> None:
    child, document = DocumentPaths(ws.tmp_dir()), ws.document("doc-aaaaaaaaaa")
    child.pages.mkdir(parents=True)
    document.pages.mkdir(parents=True)
    (tmp_path / "private").write_text('[["secret",0,0,1,1]]')
    child.words(1).symlink_to(tmp_path / "private")
    take_words(child, document, 1)
    assert not document.words(1).exists()
