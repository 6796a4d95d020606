"""Other kinds of files through the real reader: good ones become text, hostile and broken ones end with a sentence."""

from __future__ import annotations

import http.server
import io
import os
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import docx
import openpyxl
import pptx
import psutil
import pytest
from PIL import Image

from core import documents
from core.documents import ChildLimits, ConvertSettings, ImportLimits
from core.documents.conversion import Conversion
from core.errors import UserError
from core.storage import Workspace

pytestmark = pytest.mark.fault
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
CONTAINER = '<container><rootfiles><rootfile full-path="b.opf"/></rootfiles></container>'
OPF = ('<package><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
       '<spine><itemref idref="a"/></spine></package>')
LOL = '<!DOCTYPE x [<!ENTITY a "lol lol lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
XXE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def given(ws: Workspace, tmp_path: Path, name: str, content: bytes, **limits: int) -> list[documents.ImportResult]:
    path = tmp_path / "given"
    path.write_bytes(content)
    return documents.import_files(ws, [(path, name)], ImportLimits(**limits))


def convert(ws: Workspace, tmp_path: Path, name: str, content: bytes, page_s: float = 60) -> documents.DocumentInfo:
    [result] = given(ws, tmp_path, name, content)
    assert result.document_id, result.error
    Conversion(ws, result.document_id, ConvertSettings(), "job-test", limits=ChildLimits(page_s=page_s)).run()
    return next(d for d in documents.list_documents(ws) if d.id == result.document_id)


def refusal(document: documents.DocumentInfo) -> str:
    assert document.state == "failed" and document.error, document
    assert all(UserError(document.error["key"], **document.error["params"]).text(lang) for lang in ("en", "zh"))
    return document.error["key"].removeprefix("documents.error.")


def keys(results: list[documents.ImportResult]) -> list[str]:
    return [r.error["key"].removeprefix("documents.error.") if r.error else "" for r in results]


def zipped(files: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def workbook() -> bytes:
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["Code", "Meaning"])
    book.active.append(["F-03", "tank empty"])
    book.save(buffer)
    return buffer.getvalue()


def deck() -> bytes:
    slides, buffer = pptx.Presentation(), io.BytesIO()
    slide = slides.slides.add_slide(slides.slide_layouts[5])
    slide.shapes.title.text = "Pump care"
    slides.save(buffer)
    return buffer.getvalue()


def book(chapter: str = "<html><body><h1>Pump care</h1></body></html>", **more: str | bytes) -> bytes:
    return zipped({"mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER, "b.opf": OPF,
                   "a.xhtml": chapter, **more})


def changed(archive: bytes, part: str, change) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as old:
        return zipped({name: change(old.read(name)) if name == part else old.read(name) for name in old.namelist()})


def declared(raw: bytes, what: str) -> bytes:
    head, mark, rest = raw.partition(b"?>")
    return head + mark + what.encode() + rest if mark else what.encode() + raw


def test_each_kind_becomes_text_with_its_language(ws: Workspace, tmp_path: Path) -> None:
    for name, content, text in (
            ("a.xlsx", workbook(), "## Sheet\n\n| Code | Meaning |\n| --- | --- |\n| F-03 | tank empty |\n"),
            ("a.pptx", deck(), "## Pump care\n"), ("a.epub", book(), "# Pump care\n"),
            ("a.html", b"<html><body><h1>Pump care</h1>", "# Pump care\n"),
            ("a.csv", "代码;含义\n水箱;没水\n".encode("gb18030"), "| 代码 | 含义 |\n| --- | --- |\n| 水箱 | 没水 |\n")):
        done = convert(ws, tmp_path, name, content)
        assert (done.state, done.error, done.kind) == ("done", None, name[2:]), done
        assert documents.document_markdown(ws, done.id) == text


def test_every_picture_in_a_tiff_is_a_page(ws: Workspace, tmp_path: Path) -> None:
    pictures = [Image.new("L", (60, 40), 255) for _ in range(3)]
    buffer = io.BytesIO()
    pictures[0].save(buffer, "TIFF", save_all=True, append_images=pictures[1:])
    [result] = given(ws, tmp_path, "scan.tif", buffer.getvalue())
    Conversion(ws, result.document_id or "", ConvertSettings(ocr="never"), "job-test").run()
    assert documents.list_documents(ws)[0].pages == 3


@pytest.mark.parametrize("what", [LOL, XXE], ids=["lol", "xxe"])
@pytest.mark.parametrize(("name", "content", "part"), [
    ("a.xlsx", workbook(), "xl/worksheets/sheet1.xml"), ("a.xlsx", workbook(), "xl/workbook.xml"),
    ("a.pptx", deck(), "ppt/slides/slide1.xml"), ("a.epub", book(), "a.xhtml"), ("a.epub", book(), "b.opf"),
])
def test_entities_are_refused(ws: Workspace, tmp_path: Path, name: str, content: bytes, part: str, what: str) -> None:
    hostile = changed(content, part, lambda raw: declared(raw, what).replace(b"Pump care", b"&b;&a;"))
    failed = convert(ws, tmp_path, name, hostile)
    assert refusal(failed) == "entities" and "root:" not in documents.document_markdown(ws, failed.id)


def test_main_parts_hide_under_no_other_name(ws: Workspace, tmp_path: Path) -> None:
    content = workbook()
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        files = {name: old.read(name) for name in old.namelist()}
    files["xl/worksheets/sheet1.bin"] = declared(files.pop("xl/worksheets/sheet1.xml"), LOL)
    for name in ("[Content_Types].xml", "xl/_rels/workbook.xml.rels"):
        files[name] = files[name].replace(b"sheet1.xml", b"sheet1.bin")
    assert refusal(convert(ws, tmp_path, "a.xlsx", zipped(files))) == "entities"


@pytest.mark.parametrize(("name", "part", "content"), [
    ("a.xlsx", "xl/worksheets/sheet1.xml", workbook()), ("a.pptx", "ppt/slides/slide1.xml", deck()),
    ("a.epub", "a.xhtml", book())])
def test_bombs_are_refused_before_they_unpack(ws: Workspace, tmp_path: Path, name: str, part: str,
                                              content: bytes) -> None:
    [result] = given(ws, tmp_path, name, changed(content, part, lambda raw: raw + b" " * 40_000_000))
    assert result.document_id is None and keys([result]) == ["bomb"]


def test_a_sheet_with_too_many_cells_is_refused(ws: Workspace, tmp_path: Path) -> None:
    row = "<row>" + "<c><v>1</v></c>" * 2000 + "</row>"
    rows = "".join(f"{row}<!--{os.urandom(900).hex()}-->" for _ in range(2100))
    content = changed(workbook(), "xl/worksheets/sheet1.xml",
                      lambda raw: raw.replace(b"<sheetData>", b"<sheetData>" + rows.encode()))
    assert refusal(convert(ws, tmp_path, "a.xlsx", content)) == "bomb"


@pytest.mark.parametrize(("name", "content"), [("a.xlsx", workbook()), ("a.pptx", deck()), ("a.epub", book())])
def test_truncated_files_are_damaged(ws: Workspace, tmp_path: Path, name: str, content: bytes) -> None:
    for share in (0.5, 0.97):
        assert keys(given(ws, tmp_path, name, content[:int(len(content) * share)])) == ["damaged"]
    part = {"a.xlsx": "xl/workbook.xml", "a.pptx": "ppt/presentation.xml", "a.epub": "b.opf"}[name]
    assert refusal(convert(ws, tmp_path, name, changed(content, part, lambda raw: raw[:len(raw) // 2]))) == "damaged"


def test_office_files_with_a_password_say_so(ws: Workspace, tmp_path: Path) -> None:
    locked = OLE.ljust(512, b"\0") + "EncryptedPackage".encode("utf-16-le").ljust(128, b"\0")
    for name in ("a.docx", "a.xlsx", "a.pptx"):
        assert keys(given(ws, tmp_path, name, locked)) == ["encrypted"]


class Counter(http.server.BaseHTTPRequestHandler):
    """Counts every request that reaches it."""

    hits: list[str] = []

    def do_GET(self) -> None:
        self.hits.append(self.path)
        self.send_response(404)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def beacon() -> Iterator[str]:
    Counter.hits.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counter)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/x"
    server.shutdown()
    server.server_close()


def test_web_pages_and_books_fetch_nothing_and_run_nothing(ws: Workspace, tmp_path: Path, beacon: str) -> None:
    body = (f"<h1>Pump</h1><script src='{beacon}'></script><script>document.write('RAN')</script><img src='{beacon}' "
            f"onerror='x()'><iframe src='{beacon}'></iframe><svg><image href='{beacon}'/><text>RAN</text></svg><p "
            f"style='background:url({beacon})'>words</p><object data='{beacon}'></object><link href='{beacon}'/>"
            f"<a href='javascript:alert(1)'>link</a><meta http-equiv='refresh' content='0;url={beacon}'/>")
    page = f"<!DOCTYPE html SYSTEM '{beacon}.dtd'><html><head><base href='{beacon}'/></head><body>{body}</body></html>"
    for name, content in (("a.html", page.encode()), ("a.epub", book(page))):
        done = convert(ws, tmp_path, name, content)
        assert documents.document_markdown(ws, done.id) == "# Pump\n\nwords\n\nlink\n"
    link = ('<Relationship Id="rId9" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" '
            f'Target="{beacon}" TargetMode="External"/></Relationships>')
    external = changed(deck(), "ppt/slides/_rels/slide1.xml.rels",
                       lambda raw: raw.replace(b"</Relationships>", link.encode()))
    assert convert(ws, tmp_path, "a.pptx", external).state == "done"
    assert Counter.hits == []


def test_a_page_without_end_is_ended(ws: Workspace, tmp_path: Path) -> None:
    page = b"<html><body>" + b"<div class=content><ul><li>x" * 60_000
    document = convert(ws, tmp_path, "a.html", page, page_s=15)
    assert document.state in ("done", "failed") and (document.error or {}).get("key", "") in (
        "", "documents.error.time", "documents.error.memory", "documents.error.no_text")


def test_members_of_an_archive_become_documents(ws: Workspace, tmp_path: Path) -> None:
    results = given(ws, tmp_path, "all.zip", zipped({
        "a/": b"", "a/notes.md": "# Notes\n", "../../etc/evil.txt": "text", "__MACOSX/._notes.md": "x", ".hidden": "x",
        "b/table.csv": "a,b\n1,2\n", "b/tool.exe": b"MZ\x90", "inner.zip": zipped({"x.txt": "x"}),
        "a/same.md": "# Notes\n", "/abs.txt": "absolute", "C:\\win.txt": "windows"}))
    assert [(r.label, k) for r, k in zip(results, keys(results), strict=True)] == [
        ("notes.md", ""), ("evil.txt", ""), ("table.csv", ""), ("tool.exe", "unsupported.program"),
        ("inner.zip", "archive_inside"), ("same.md", "duplicate"), ("abs.txt", ""), ("win.txt", "")]
    assert sorted(d.label for d in documents.list_documents(ws)) == [
        "abs.txt", "evil.txt", "notes.md", "table.csv", "win.txt"]
    assert not list((ws.data / "tmp").iterdir()) and not (tmp_path / "etc").exists()


def test_the_command_line_takes_folders(tmp_path: Path) -> None:
    folder = tmp_path / "given"
    (folder / "sub" / ".git").mkdir(parents=True)
    (folder / "a.md").write_text("# One\n", encoding="utf-8")
    (folder / "sub" / "b.txt").write_text("two", encoding="utf-8")
    (folder / "sub" / ".git" / "c.txt").write_text("hidden", encoding="utf-8")
    (folder / "more.zip").write_bytes(zipped({"d.txt": "four"}))
    assert documents.convert_files([folder], tmp_path / "out") == 0
    assert sorted(path.name for path in (tmp_path / "out").glob("[!.]*")) == ["a.md", "b.md", "d.md"]


def test_names_in_the_encoding_of_their_country_are_read(ws: Workspace, tmp_path: Path) -> None:
    raw = zipped({"xxxx.txt": "水泵每小时运行"}).replace(b"xxxx.txt", "水泵".encode("gb18030") + b".txt")
    assert [r.label for r in given(ws, tmp_path, "a.zip", raw)] == ["水泵.txt"]


def test_archives_keep_within_bounds(ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert keys(given(ws, tmp_path, "a.zip", zipped({"a.txt": b" " * 40_000_000}))) == ["bomb"]
    big = zipped({"a.txt": os.urandom(3000).hex(), "b.txt": "small"})
    assert keys(given(ws, tmp_path, "a.zip", big, file_bytes=5000)) == ["too_big", ""]
    assert keys(given(ws, tmp_path, "a.zip", zipped({".x": b"", "d/": b""}))) == ["archive_empty"]
    assert keys(given(ws, tmp_path, "a.zip", zipped({f"{n}.txt": str(n) for n in range(2001)}))) == ["too_many_members"]
    locked = bytearray(zipped({"a.txt": "secret"}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.find(mark) + offset] |= 1
    assert keys(given(ws, tmp_path, "a.zip", bytes(locked))) == ["encrypted"]
    assert keys(given(ws, tmp_path, "a.zip", zipped({"a.txt": "x" * 999})[:-30])) == ["damaged"]


def test_a_member_that_is_longer_than_it_says_is_left_out(ws: Workspace, tmp_path: Path) -> None:
    raw = bytearray(zipped({"a.txt": "many words " * 500, "b.txt": "fine"}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = raw.find(mark) + offset
        raw[at:at + 4] = (20).to_bytes(4, "little")
    results = given(ws, tmp_path, "a.zip", bytes(raw))
    assert keys(results)[1] == "" and keys(results)[0] in ("bomb", "damaged")


def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A LibreOffice that does what `script` says; $out is the folder for its result, $source the given file."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "soffice"
    program.write_text('#!/bin/sh\nwhile [ $# -gt 1 ]; do [ "$1" = --outdir ] && out="$2"; shift; done\nsource="$1"\n'
                       + script, encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def old_word_file() -> bytes:
    return OLE.ljust(512, b"\0") + "WordDocument".encode("utf-16-le").ljust(1024, b"\0")


def test_old_files_go_through_libreoffice(ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = docx.Document()
    document.add_heading("Pump care", 1)
    document.save(str(tmp_path / "made.docx"))
    stub(tmp_path, monkeypatch, f'env > {tmp_path}/env.txt\ncp {tmp_path}/made.docx "$out/source.docx"\n'
                                f'cp "$HOME/user/registrymodifications.xcu" {tmp_path}/settings.xml\n')
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    done = convert(ws, tmp_path, "old.doc", old_word_file())
    assert (done.kind, documents.document_markdown(ws, done.id)) == ("doc", "# Pump care\n")
    assert "sk-canary" not in (tmp_path / "env.txt").read_text(encoding="utf-8")
    told = ElementTree.parse(tmp_path / "settings.xml")
    values = {prop.get("{http://openoffice.org/2001/registry}name"): prop[0].text for prop in told.iter("prop")}
    assert values["DisableMacrosExecution"] == "true" and values["BlockUntrustedRefererLinks"] == "true"
    assert (values["ooInetProxyType"], values["ooInetHTTPProxyName"], values["ooInetHTTPSProxyPort"],
            values["ooInetNoProxy"]) == ("1", "127.0.0.1", "9", None)


@pytest.mark.parametrize(("script", "key"), [
    ("exit 0\n", "office_failed"), ("exit 77\n", "office_failed"), ('echo x > "$out/source.docx"\n', "damaged"),
])
def test_what_libreoffice_cannot_open_says_so(ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                              script: str, key: str) -> None:
    stub(tmp_path, monkeypatch, script)
    assert refusal(convert(ws, tmp_path, "old.doc", old_word_file())) == key


def test_a_libreoffice_that_hangs_is_ended_with_all_it_started(ws: Workspace, tmp_path: Path,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    stub(tmp_path, monkeypatch, f"sleep 987 & echo $! >> {tmp_path}/pids\necho $$ >> {tmp_path}/pids\nsleep 987\n")
    assert refusal(convert(ws, tmp_path, "old.doc", old_word_file(), page_s=4)) == "time"
    pids = [int(line) for line in (tmp_path / "pids").read_text(encoding="utf-8").split()]
    deadline = time.monotonic() + 10
    while any(map(psutil.pid_exists, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(pids) == 2 and not any(map(psutil.pid_exists, pids))
