"""Files come in by their content; names are labels only; limits hold; nothing is stored twice."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import documents
from core.documents import ImportLimits, office
from core.documents.clean import LABEL_CHARS, clean_label
from core.errors import UserError
from core.storage import Workspace
from core.storage.fsck import fsck

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
HOSTILE_NAMES = [
    "../../../../tmp/evil.pdf", "..\\..\\evil.pdf", "/etc/cron.d/x.pdf", "C:\\Windows\\x.pdf", "C:x.pdf", "con.pdf",
    "a.pdf::$DATA", "-rf.pdf", "--config=x.pdf", ".htaccess", "\u202efdp.exe", "x" * 300 + ".pdf", "a\0b.pdf",
    "$(id).pdf", "<img src=x onerror=alert(1)>.pdf", " .pdf", "",
]


def given_file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "given"
    path.write_bytes(content)
    return path


def keys(results: list[documents.ImportResult]) -> list[str]:
    return [result.error["key"] if result.error else "" for result in results]


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return buffer.getvalue()


def ole(*streams: str) -> bytes:
    """An old office file: magic number and a directory of streams, nothing else."""
    entries = b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in ("Root Entry", *streams))
    return (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + entries).ljust(2048, b"\0")


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_names_never_become_paths(ws: Workspace, tmp_path: Path, name: str) -> None:
    path = given_file(tmp_path, PDF)
    before = sorted(p for p in tmp_path.rglob("*") if not p.is_relative_to(ws.root))
    [result] = documents.import_files(ws, [(path, name)])
    assert result.error is None and result.document_id
    assert ws.document(result.document_id).source("pdf").read_bytes() == PDF
    assert sorted(p for p in tmp_path.rglob("*") if not p.is_relative_to(ws.root)) == before
    names = {p.name for p in ws.documents.rglob("*")}
    assert names == {result.document_id, "source.pdf", "spec.json", "manifest.json"}
    label = documents.list_documents(ws)[0].label
    assert label and "/" not in label and "\\" not in label and "\0" not in label and "\u202e" not in label


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400))
def test_any_text_gives_a_printable_label(name: str) -> None:
    label = clean_label(name)
    assert 0 < len(label) <= LABEL_CHARS and "/" not in label and "\\" not in label
    assert label.encode("utf-8").decode("utf-8") == label
    assert not any(ord(char) < 32 for char in label)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=60))
def test_any_name_stays_inside_the_workspace(ws: Workspace, tmp_path: Path, name: str) -> None:
    shutil.rmtree(ws.documents, ignore_errors=True)
    [result] = documents.import_files(ws, [(given_file(tmp_path, PDF), name)])
    if result.document_id:
        assert {p.name for p in ws.document(result.document_id).dir.iterdir()} == {"source.pdf", "spec.json",
                                                                                  "manifest.json"}
    assert {p.name for p in tmp_path.iterdir()} <= {"given", "home", "secrets"}


@pytest.mark.parametrize(("name", "content", "key"), [
    ("fake.pdf", b"MZ" + b"junk" * 50, "documents.error.unsupported.program"),
    ("html.pdf", b"<html><body>hello</body></html>", "documents.error.disguised"),
    ("page.pdf", b"\xef\xbb\xbf\n <!DOCTYPE html><p>x", "documents.error.disguised"),
    ("evil.docx", PDF, "documents.error.disguised"),
    ("x.exe", b"MZ\x90\0", "documents.error.unsupported.program"),
    ("x.docx", b"plain words", "documents.error.disguised"),
    ("x.docx", zipped("word/other.xml"), "documents.error.disguised"),
    ("x.docx", zipped("[Content_Types].xml", "xl/workbook.xml"), "documents.error.disguised"),
    ("x.docx", b"PK\x03\x04 cut off", "documents.error.damaged"),
    ("x.doc", ole(), "documents.error.unsupported.binary"),
    ("x.doc", ole("WordDocument"), "documents.error.needs_libreoffice"),
    ("x.rtf", b"{\\rtf1 hello}", "documents.error.needs_libreoffice"),
    ("x.docx", ole("EncryptedPackage"), "documents.error.encrypted"),
    ("x.svg", b"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>", "documents.error.unsupported.svg"),
    ("x.csv", b"%PDF-1.7 x", "documents.error.disguised"),
    ("x.7z", b"7z\xbc\xaf\x27\x1c" + bytes(50), "documents.error.unsupported.archive"),
    ("x.zip", b"PK\x05\x06" + bytes(18), "documents.error.archive_empty"),
    ("x.txt", bytes(range(256)) * 20, "documents.error.unsupported.binary"),
    ("x.txt", b"", "documents.error.empty"),
    ("x.pdf", b"   \n ", "documents.error.empty"),
])
def test_content_decides_and_nothing_is_stored(ws: Workspace, tmp_path: Path, name: str, content: bytes,
                                               key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.setattr(office, "_NAMES", ("no-such-office",))
    results = documents.import_files(ws, [(given_file(tmp_path, content), name)])
    assert keys(results) == [key] and results[0].document_id is None
    assert documents.list_documents(ws) == []
    assert not list(ws.data.rglob("source.*"))


def test_a_disguised_file_is_named_by_its_real_type(ws: Workspace, tmp_path: Path) -> None:
    [result] = documents.import_files(ws, [(given_file(tmp_path, PDF), "evil.docx")])
    assert result.error["params"] == {"type": "PDF", "claimed": "Word (DOCX)"}


@pytest.mark.parametrize(("name", "content", "kind"), [
    ("a.md", b"# Title\n", "md"), ("a.txt", b"# not a title\n", "txt"), ("README", b"# Title\n\ntext\n", "md"),
    ("notes", "Grüße aus Köln".encode("cp1252"), "txt"), ("a.txt", "水泵".encode("utf-16"), "txt"),
    ("a.htm", b"<!-- saved -->\n<html><p>x</p></html>", "html"), ("page", b"<!DOCTYPE html><p>x", "html"),
    ("a.html", b"<p>no head", "html"), ("a.txt", b"<html><p>x", "html"), ("a.csv", b"a,b\n1,2\n", "csv"),
    ("a.tsv", b"a\tb\n", "tsv"), ("a.xlsx", zipped("[Content_Types].xml", "xl/workbook.xml"), "xlsx"),
    ("a.xlsm", zipped("[Content_Types].xml", "xl/workbook.xml"), "xlsx"),
    ("a.pptx", zipped("[Content_Types].xml", "ppt/presentation.xml"), "pptx"),
    ("a.docx", zipped("[Content_Types].xml", "word/document2.xml"), "docx"),
    ("a.epub", zipped("META-INF/container.xml", "x/content.opf"), "epub"),
    ("a.txt", "plain words\n".encode("utf-16-le"), "txt"),
    ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(50), "png"), ("a.jpeg", b"\xff\xd8\xff\xe0" + bytes(50), "jpg"),
])
def test_kinds(ws: Workspace, tmp_path: Path, name: str, content: bytes, kind: str) -> None:
    documents.import_files(ws, [(given_file(tmp_path, content), name)])
    assert [d.kind for d in documents.list_documents(ws)] == [kind]


def test_limits_of_one_file_and_of_all(ws: Workspace, tmp_path: Path) -> None:
    files = []
    for number in range(6):
        path = tmp_path / f"{number}.pdf"
        path.write_bytes(PDF + b"%d" % number + bytes(1000))
        files.append((path, path.name))
    small = ImportLimits(file_bytes=500, total_bytes=10_000)
    assert keys(documents.import_files(ws, files[:1], small)) == ["documents.error.too_big"]
    with pytest.raises(UserError, match="too large"):
        documents.import_files(ws, files, ImportLimits(file_bytes=5000, total_bytes=5000))
    assert documents.list_documents(ws) == []
    assert [p for p in ws.root.rglob("*") if p.is_file() and p.name.startswith("source")] == []


def test_a_full_disk_is_refused_with_both_numbers(ws: Workspace, tmp_path: Path,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    documents.import_files(ws, [(given_file(tmp_path, PDF), "kept.pdf")])
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10_000_000))
    [result] = documents.import_files(ws, [(given_file(tmp_path, PDF + b"2"), "new.pdf")])
    assert result.error["key"] == "storage.error.no_space" and set(result.error["params"]) == {"needed", "free"}
    assert [d.label for d in documents.list_documents(ws)] == ["kept.pdf"]


def test_names_that_differ_only_in_case_or_composition_are_two_documents(ws: Workspace, tmp_path: Path) -> None:
    names = ["Report.pdf", "report.pdf", "é.pdf", "e\u0301.pdf"]
    for number, name in enumerate(names):
        documents.import_files(ws, [(given_file(tmp_path, PDF + b"%d" % number), name)])
    listed = documents.list_documents(ws)
    assert sorted(d.label for d in listed) == sorted(names)
    documents.delete_document(ws, next(d.id for d in listed if d.label == "report.pdf"))
    assert sorted(d.label for d in documents.list_documents(ws)) == sorted(set(names) - {"report.pdf"})


def test_the_same_bytes_from_many_threads_become_one_document(ws: Workspace, tmp_path: Path) -> None:
    path = given_file(tmp_path, PDF)
    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(lambda n: documents.import_files(ws, [(path, f"{n}.pdf")])[0], range(20)))
    assert len({result.document_id for result in results}) == 1
    assert sorted(keys(results)) == [""] + ["documents.error.duplicate"] * 19
    assert len(documents.list_documents(ws)) == 1


def test_a_missing_file_does_not_stop_the_others(ws: Workspace, tmp_path: Path) -> None:
    results = documents.import_files(ws, [(tmp_path / "gone.pdf", "gone.pdf"), (given_file(tmp_path, PDF), "a.pdf")])
    assert keys(results) == ["documents.error.unreadable", ""]


def test_the_examples_are_there_in_both_languages_and_only_once(ws: Workspace) -> None:
    first = documents.import_example(ws, "en") + documents.import_example(ws, "zh")
    assert len(set(first)) == 2 and documents.import_example(ws, "en") == first[:1]
    assert [problem for problem in fsck(ws) if problem.level == "error"] == []


def test_a_damaged_folder_does_not_hide_the_others(ws: Workspace, tmp_path: Path) -> None:
    documents.import_files(ws, [(given_file(tmp_path, PDF), "a.pdf")])
    [id] = [d.id for d in documents.list_documents(ws)]
    shutil.copytree(ws.document(id).dir, ws.document("doc-copy").dir)
    ws.document("doc-copy").spec.write_text("{", encoding="utf-8")
    assert [d.id for d in documents.list_documents(ws)] == [id]


def test_an_office_file_whose_packing_is_damaged_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "a.odt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/manifest.xml", "".join(f"<entry n=\"{n}\"/>" for n in range(900)))
    content = bytearray(path.read_bytes())
    content[51:400] = b"\xff" * 349
    path.write_bytes(content)
    with pytest.raises(UserError) as refused:
        office._refuse_locked(path)
    assert refused.value.key == "documents.error.damaged"
