"""Books: chapters in reading order, titles from the table of contents, notes from other files, protection."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from core.documents.book import BookReader
from core.errors import UserError

CONTAINER = '<?xml version="1.0"?><container><rootfiles><rootfile full-path="OPS/b.opf"/></rootfiles></container>'


def make_book(path: Path, chapters: dict[str, str], spine: list[str], more: dict[str, str] | None = None) -> Path:
    items = "".join(f'<item id="{n}" href="{n}.xhtml" media-type="application/xhtml+xml"/>' for n in chapters)
    nav = '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    opf = (f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{items}{nav}</manifest><spine>'
           + "".join(f'<itemref idref="{n}"/>' for n in ["nav", *spine]) + "</spine></package>")
    toc = "".join(f'<li><a href="{n}.xhtml">Title of {n}</a></li>' for n in chapters)
    files = {"mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER, "OPS/b.opf": opf,
             "OPS/nav.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><body><nav>{toc}</nav></body></html>'}
    files |= {f"OPS/{name}.xhtml": chapter(text) for name, text in chapters.items()} | (more or {})
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def chapter(body: str) -> str:
    return ('<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "x.dtd">'
            '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title/></head>'
            f"<body>{body}</body></html>")


def pages(path: Path) -> list[str]:
    reader = BookReader(path)
    return [reader.page(n, path).markdown for n in range(1, reader.total + 1)]


def test_chapters_follow_the_spine_and_missing_titles_come_from_the_contents(tmp_path: Path) -> None:
    book = make_book(tmp_path / "b.epub", {"a": "<p>first&nbsp;words<a id='x'/> go on</p>", "b": "<h2>Own title</h2>",
                                           "empty": "<p><img src='i.png' alt=''/></p>"}, ["b", "empty", "a"])
    assert pages(book) == ["## Own title\n", "# Title of a\n\nfirst words go on\n"]


def test_long_chapters_are_cut_into_sections(tmp_path: Path) -> None:
    body = "".join(f"<h2>Part {n}</h2><p>{'Words of a part. ' * 200}</p>" for n in range(5))
    assert len(pages(make_book(tmp_path / "b.epub", {"a": body, "b": "<h1>B</h1>"}, ["a", "b"]))) > 3


def test_notes_in_a_file_of_their_own_come_to_their_chapters(tmp_path: Path) -> None:
    mark = '<a epub:type="noteref" href="notes.xhtml#n{0}">{0}</a>'
    notes = "".join(f'<aside epub:type="footnote" id="n{n}"><p>Note {n}</p></aside>' for n in (1, 2))
    book = make_book(tmp_path / "b.epub", {
        "a": f"<h1>A</h1><p>one{mark.format(1)}</p>", "b": f"<h1>B</h1><p>two{mark.format(2)}</p>", "notes": notes,
    }, ["a", "b", "notes"])
    assert pages(book) == ["# A\n\none[^1]\n\n[^1]: Note 1\n", "# B\n\ntwo[^2]\n\n[^2]: Note 2\n"]


def test_a_chapter_that_is_not_well_formed_is_read_as_browsers_do(tmp_path: Path) -> None:
    assert pages(make_book(tmp_path / "b.epub", {"a": "<h1>A</h1><p>one<br>two <b>x</p>"}, ["a"])) == [
        "# A\n\none\ntwo x\n"]


def test_chapters_in_the_encoding_that_they_declare(tmp_path: Path) -> None:
    book = make_book(tmp_path / "b.epub", {"a": "<p>x</p>"}, ["a"])
    text = '<?xml version="1.0" encoding="gb2312"?><html><body><h1>水泵</h1></body></html>'
    with zipfile.ZipFile(book) as old:
        parts = {name: old.read(name) for name in old.namelist()} | {"OPS/a.xhtml": text.encode("gb18030")}
    with zipfile.ZipFile(book, "w") as new:
        for name, content in parts.items():
            new.writestr(name, content)
    assert pages(book) == ["# 水泵\n"]


def test_a_protected_book_says_so(tmp_path: Path) -> None:
    locked = '<encryption><EncryptedData><CipherReference URI="OPS/a.xhtml"/></EncryptedData></encryption>'
    with pytest.raises(UserError) as caught:
        BookReader(make_book(tmp_path / "b.epub", {"a": "<p>x</p>"}, ["a"], {"META-INF/encryption.xml": locked}))
    assert caught.value.key == "documents.error.protected"


@pytest.mark.parametrize(("files", "key"), [
    ({"META-INF/container.xml": "<container/>"}, "documents.error.damaged"),
    ({"META-INF/container.xml": CONTAINER, "OPS/b.opf": "<package><spi"}, "documents.error.damaged"),
    ({"META-INF/container.xml": '<!DOCTYPE c [<!ENTITY x "y">]>' + CONTAINER}, "documents.error.entities"),
])
def test_broken_and_hostile_books(tmp_path: Path, files: dict[str, str], key: str) -> None:
    path = tmp_path / "b.epub"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    with pytest.raises(UserError) as caught:
        BookReader(path)
    assert caught.value.key == key
