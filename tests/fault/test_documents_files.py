"""Real files through the real reader: good ones become text, bad ones fail with their reason, never in silence."""

from __future__ import annotations

import io
from pathlib import Path

import docx
import pymupdf
import pytest

from core import documents
from core.documents import ChildLimits, ConvertSettings
from core.documents.conversion import Conversion, Stopped
from core.documents.record import fold
from core.documents.slots import Slots
from core.errors import UserError
from core.storage import Workspace
from tests.fakes import pdfs

pytestmark = pytest.mark.fault
SENTENCE = "The pump of the cabinet runs for six minutes in every hour, and the tank holds 22 litres of water."


def convert(ws: Workspace, tmp_path: Path, name: str, content: bytes, ocr: str = "auto", password: str = "",
            limits: ChildLimits | None = None) -> documents.DocumentInfo:
    path = tmp_path / "given"
    path.write_bytes(content)
    [result] = documents.import_files(ws, [(path, name)])
    assert result.document_id, result.error
    Conversion(ws, result.document_id, ConvertSettings(ocr=ocr), "job-test", password=password,
               limits=limits or ChildLimits()).run()
    return next(d for d in documents.list_documents(ws) if d.id == result.document_id)


def text_of(ws: Workspace, document: documents.DocumentInfo) -> str:
    return documents.document_markdown(ws, document.id)


def failed(document: documents.DocumentInfo, *keys: str) -> bool:
    error = document.error or {"key": "", "params": {}}
    assert UserError(error["key"], **error["params"]).text("zh") if document.error else True
    return document.state == "failed" and error["key"] in keys


def word_file(*paragraphs: str) -> bytes:
    document, buffer = docx.Document(), io.BytesIO()
    for text in paragraphs:
        document.add_paragraph(text)
    document.save(buffer)
    return buffer.getvalue()


def test_text_pages_in_three_languages_with_their_pictures(ws: Workspace, tmp_path: Path) -> None:
    pages = ("hello world", "Die Tür öffnet sich täglich.", "水泵每小时运行六分钟。")
    done = convert(ws, tmp_path, "ok.pdf", pdfs.text_pdf(*pages))
    assert (done.state, done.pages, done.error) == ("done", 3, None)
    assert [documents.page_markdown(ws, done.id, n).strip() for n in (1, 2, 3)] == list(pages)
    assert [(p.source, p.confidence) for p in documents.pages(ws, done.id)] == [("text", None)] * 3
    picture = documents.page_image(ws, done.id, 3)
    assert picture is not None
    pixmap = pymupdf.Pixmap(str(picture))
    assert max(pixmap.width, pixmap.height) <= 1600


def test_a_word_file_and_its_language(ws: Workspace, tmp_path: Path) -> None:
    done = convert(ws, tmp_path, "ok.docx", word_file("hello", "水泵每小时运行六分钟。", "تعمل المضخة"))
    assert text_of(ws, done) == "hello\n\n水泵每小时运行六分钟。\n\nتعمل المضخة\n"
    assert documents.page_image(ws, done.id, 1) is None


@pytest.mark.parametrize("turn", [0, 90, 180])
def test_a_scan_is_read_whichever_way_up_it_is(ws: Workspace, tmp_path: Path, turn: int) -> None:
    done = convert(ws, tmp_path, "scan.pdf", pdfs.scanned_pdf(f"{SENTENCE}\n\n{SENTENCE}", turn))
    assert done.state == "done" and "holds 22 litres of water" in " ".join(text_of(ws, done).split())
    [page] = documents.pages(ws, done.id)
    assert page.source == "ocr" and page.confidence > 0.8


def test_a_scan_without_ocr_says_so(ws: Workspace, tmp_path: Path) -> None:
    assert failed(convert(ws, tmp_path, "scan.pdf", pdfs.scanned_pdf(SENTENCE), ocr="never"),
                  "documents.error.no_text_ocr_off")


def test_a_locked_file_asks_for_its_password(ws: Workspace, tmp_path: Path) -> None:
    locked = pdfs.locked_pdf("secret words", "pump7")
    assert failed(convert(ws, tmp_path, "enc.pdf", locked), "documents.error.locked")
    assert failed(convert(ws, tmp_path, "enc.pdf", locked, password="x"), "documents.error.wrong_password")
    assert text_of(ws, convert(ws, tmp_path, "enc.pdf", locked, password="pump7")).strip() == "secret words"
    assert "pump7" not in "".join(p.read_text("utf-8", "replace") for p in ws.documents.rglob("*.json*"))


@pytest.mark.parametrize("content", [pdfs.cyclic_pdf(), pdfs.lying_pdf(), pdfs.empty_pdf(),
                                     pdfs.text_pdf("x" * 3000)[:400], b"%PDF-1.7\n"],
                         ids=["cycle", "countlie", "empty", "truncated", "head only"])
def test_broken_files_fail_with_a_reason(ws: Workspace, tmp_path: Path, content: bytes) -> None:
    broken = convert(ws, tmp_path, "broken.pdf", content, limits=ChildLimits(page_s=60))
    assert failed(broken, "documents.error.damaged", "documents.error.no_pages", "documents.error.no_text",
                  "documents.error.page_damaged"), broken


def test_a_page_that_never_ends_is_ended(ws: Workspace, tmp_path: Path) -> None:
    assert failed(convert(ws, tmp_path, "formloop.pdf", pdfs.formloop_pdf(), limits=ChildLimits(page_s=20)),
                  "documents.error.page_time", "documents.error.time", "documents.error.page_memory")


def test_a_picture_of_absurd_size_is_refused(ws: Workspace, tmp_path: Path) -> None:
    assert failed(convert(ws, tmp_path, "huge.png", pdfs.huge_png()), "documents.error.image_too_big")


def test_stopped_after_three_pages_it_goes_on_with_the_fourth(ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "long.pdf"
    path.write_bytes(pdfs.text_pdf(*(f"Page number {n}." for n in range(1, 501))))
    [result] = documents.import_files(ws, [(path, "long.pdf")])
    paths = ws.document(result.document_id)
    for enough in (3, 5):
        with pytest.raises(Stopped):
            Conversion(ws, paths.id, ConvertSettings(), "job-test", slots=Slots(1),
                       should_stop=lambda enough=enough: len(fold(paths).pages) >= enough).run()
    journal = ws.document(result.document_id).journal.read_text(encoding="utf-8")
    done = sorted(fold(ws.document(result.document_id)).pages)
    assert done == list(range(1, len(done) + 1)) and len(done) >= 5
    assert journal.count('"type":"page"') == len(done), "no page was converted twice"
    [document] = documents.list_documents(ws)
    assert (document.state, document.pages, document.done_pages) == ("stopped", 500, len(done))
