"""Word files: what a person sees in Word is what the Markdown says; bombs and entities are refused."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import docx
import pytest
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from core.documents import archive
from core.documents.archive import check_archive
from core.documents.word import WordReader
from core.errors import UserError


def read(document: docx.document.Document, tmp_path: Path) -> str:
    path = tmp_path / "x.docx"
    document.save(str(path))
    reader = WordReader(path)
    return "\n".join(reader.page(n, path).markdown for n in range(1, reader.total + 1))


def replaced(tmp_path: Path, part: str, change) -> Path:
    """A small Word file, one part of which was changed."""
    source, path = io.BytesIO(), tmp_path / "changed.docx"
    document = docx.Document()
    document.add_paragraph("hello")
    document.save(source)
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return path


def test_headings_lists_and_text(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Handbook", 0)
    document.add_heading("Use", 1)
    document.add_paragraph("The pump runs.")
    document.add_heading("Start", 2)
    document.add_paragraph("first", "List Number")
    document.add_paragraph("second", "List Number")
    document.add_paragraph("a bullet", "List Bullet")
    document.add_paragraph("deeper", "List Bullet 2")
    document.add_paragraph("# no heading")
    assert read(document, tmp_path) == (
        "# Handbook\n\n# Use\n\nThe pump runs.\n\n## Start\n\n1. first\n2. second\n- a bullet\n    - deeper\n\n"
        "\\# no heading\n")


def test_chinese_arabic_and_line_breaks(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("水泵每小时运行。")
    document.add_paragraph("تعمل المضخة")
    document.add_paragraph("one\ntwo\tthree")
    assert read(document, tmp_path) == "水泵每小时运行。\n\nتعمل المضخة\n\none\ntwo\tthree\n"


def test_tables_with_merged_cells(tmp_path: Path) -> None:
    document = docx.Document()
    plain = document.add_table(2, 2)
    for cell, text in zip(plain._cells, ("Code", "Meaning", "F-03", "empty | low"), strict=True):
        cell.text = text
    document.add_paragraph("between")
    merged = document.add_table(3, 2)
    merged.cell(0, 0).merge(merged.cell(0, 1)).text = "both"
    merged.cell(1, 0).merge(merged.cell(2, 0)).text = "tall"
    merged.cell(1, 1).text, merged.cell(2, 1).text = "x", "y"
    text = read(document, tmp_path)
    assert "| Code | Meaning |\n| --- | --- |\n| F-03 | empty \\| low |" in text
    assert ('<tr><th colspan="2">both</th></tr>\n<tr><td rowspan="2">tall</td><td>x</td></tr>\n'
            "<tr><td>y</td></tr>") in text


def test_code_is_fenced_and_inline_code_marked(tmp_path: Path) -> None:
    document = docx.Document()
    for line in ("def f():", "    return 1", "# comment"):
        document.add_paragraph().add_run(line).font.name = "Consolas"
    paragraph = document.add_paragraph("Call ")
    paragraph.add_run("f()").font.name = "Courier New"
    paragraph.add_run(" now.")
    assert read(document, tmp_path) == "```\ndef f():\n    return 1\n# comment\n```\n\nCall `f()` now.\n"


def test_deleted_text_is_gone_and_inserted_text_is_there(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("The pump ")
    for tag, text in (("w:del", "OLD "), ("w:ins", "new ")):
        change, run, words = OxmlElement(tag), OxmlElement("w:r"), OxmlElement("w:t")
        words.text = text
        words.set(qn("xml:space"), "preserve")
        run.append(words)
        change.append(run)
        paragraph._p.append(change)
    paragraph.add_run("runs.")
    assert read(document, tmp_path) == "The pump new runs.\n"


def test_long_files_become_sections(tmp_path: Path) -> None:
    document = docx.Document()
    for number in range(8):
        document.add_heading(f"Chapter {number}", 1)
        document.add_paragraph("Words of a chapter. " * 150)
    path = tmp_path / "long.docx"
    document.save(str(path))
    reader = WordReader(path)
    assert reader.total > 3
    assert all(reader.page(n, path).markdown.startswith("# Chapter") for n in range(1, reader.total + 1))


def test_the_example_counts_its_steps_anew(tmp_path: Path) -> None:
    example = Path(__file__).resolve().parents[2] / "data" / "examples" / "handbook-en.docx"
    reader = WordReader(example)
    text = "".join(reader.page(n, tmp_path).markdown for n in range(1, reader.total + 1))
    assert "\n1. Slide both growing trays" in text and "\n1. Take all plants out" in text
    assert re.search(r"^### 5\.2 Removing limescale$", text, re.M)


@pytest.mark.parametrize("payload", [
    b'<!DOCTYPE w:document [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    b'<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    b'<!DOCTYPE quad [<!ENTITY a "' + b"a" * 50_000 + b'">]>',
    b"<!--" + b"x" * (1 << 20) + b"--><!DOCTYPE x>",
])
def test_entities_are_refused(tmp_path: Path, payload: bytes) -> None:
    def change(raw: bytes) -> bytes:
        head, _, body = raw.partition(b"?>")
        return head + b"?>" + payload + body.replace(b"hello", b"hello")

    with pytest.raises(UserError) as caught:
        WordReader(replaced(tmp_path, "word/document.xml", change))
    assert caught.value.key == "documents.error.entities"


def test_three_million_paragraphs_are_refused_before_parsing(tmp_path: Path) -> None:
    path = replaced(tmp_path, "word/document.xml",
                    lambda raw: raw.replace(b"</w:body>", b"<w:p/>" * 3_000_000 + b"</w:body>"))
    with pytest.raises(UserError) as caught:
        WordReader(path)
    assert caught.value.key == "documents.error.bomb"


@pytest.mark.parametrize("depth", [100, 100_000])
def test_what_is_nested_without_end_is_refused(tmp_path: Path, depth: int) -> None:
    def change(raw: bytes) -> bytes:
        return raw.replace(b"<w:p>", b"<w:sdt><w:sdtContent>" * depth + b"<w:p>", 1).replace(
            b"</w:p>", b"</w:p>" + b"</w:sdtContent></w:sdt>" * depth, 1)

    path = replaced(tmp_path, "word/document.xml", change)
    if depth == 100:
        assert WordReader(path).page(1, tmp_path).markdown == "hello\n"
        return
    with pytest.raises(UserError) as caught:
        WordReader(path)
    assert caught.value.key == "documents.error.damaged"


def test_an_archive_that_promises_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = replaced(tmp_path, "word/document.xml", lambda raw: raw + b" " * 30_000_000)
    with pytest.raises(UserError) as caught:
        check_archive(path)
    assert caught.value.key == "documents.error.bomb"
    check_archive(replaced(tmp_path, "word/document.xml", lambda raw: raw + b" " * 100_000))
    monkeypatch.setattr(archive, "ENTRIES", 3)
    with pytest.raises(UserError):
        check_archive(replaced(tmp_path, "none", bytes))


def test_overlapping_entries_are_refused(tmp_path: Path) -> None:
    path = replaced(tmp_path, "none", bytes)
    raw = bytearray(path.read_bytes())
    central = raw.find(b"PK\x01\x02")
    second = raw.find(b"PK\x01\x02", central + 4)
    raw[second + 42:second + 46] = raw[central + 42:central + 46]
    path.write_bytes(bytes(raw))
    with pytest.raises(UserError):
        check_archive(path)


def test_a_broken_word_file_is_damaged_not_empty(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        WordReader(replaced(tmp_path, "word/document.xml", lambda raw: raw[:len(raw) // 2]))
    assert caught.value.key == "documents.error.damaged"
