"""Another engine's server and command: good replies become pages, bad ones cost a page or the document, in words."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from core import documents
from core.documents import ChildLimits, ConvertSettings, MinerUSettings, mineru
from core.documents.clean import clean_markdown
from core.documents.conversion import Conversion
from core.documents.engines import COMMAND, MINERU, plan_for, save_mineru
from core.errors import UserError
from core.storage import Workspace
from core.storage.workspace import CODE_ROOT
from tests.fakes import pdfs
from tests.fakes.mineru_server import MinerUServer

pytestmark = pytest.mark.fault
PAGE = ("## Pump house\n\nThe tank of part {} holds 22 litres.\n\nTable 1\n\n| Part | Litres |\n| --- | --- |\n"
        "| Tank | 22 |\n\n$$\nx^2\n$$\n\n- first\n2. second\n\n```\npump --start\n```\n\nFigure 1\n")


def add(ws: Workspace, tmp_path: Path, content: bytes, name: str = "a.pdf") -> str:
    path = tmp_path / "given"
    path.write_bytes(content)
    [result] = documents.import_files(ws, [(path, name)])
    assert result.document_id, result.error
    return result.document_id


def read(ws: Workspace, id: str, tmp_path: Path) -> tuple[dict[int, str], dict[int, str]]:
    """What the child sends when it runs in this process: Markdown of pages, and keys of what went wrong."""
    lines: list[dict[str, Any]] = []
    claims = tmp_path / "claims"
    claims.mkdir()
    plan = plan_for(ws, ConvertSettings(engine="mineru"), "pdf", ChildLimits())
    mineru.run({"path": str(ws.document(id).source("pdf")), "kind": "pdf", "ocr": "auto", "password": "", "first": 1,
                "most": 60, "skip": [], "images": str(claims), "claims": str(claims), **plan.input}, lines.append)
    return ({line["page"]: line["markdown"] for line in lines if "page" in line},
            {line["failed"]: line["error"]["key"] for line in lines if "failed" in line})


def test_pages_come_from_the_server_with_their_pictures(ws: Workspace, tmp_path: Path) -> None:
    id = add(ws, tmp_path, pdfs.locked_pdf("secret words", "pump7"))
    with MinerUServer() as server:
        save_mineru(ws, MinerUSettings(address=server.url, backend="pipeline"), key="sk-mineru-12345678")
        settings = ConvertSettings(engine="mineru", ocr="always", lang="korean")
        Conversion(ws, id, settings, "job-test", password="pump7").run()
    assert documents.page_markdown(ws, id, 1) == PAGE.format(1)
    assert documents.page_image(ws, id, 1) is not None
    [request] = server.requests
    assert (request["path"], request["authorization"]) == ("/file_parse", "Bearer sk-mineru-12345678")
    assert (request["parse_method"], request["lang_list"], request["backend"]) == ("ocr", "korean", "pipeline")
    assert not any("sk-mineru" in path.read_text("utf-8", "replace") for path in ws.root.rglob("*.json*"))


@pytest.mark.parametrize(("mode", "requests"), [("good", 1), ("busy once", 2), ("refuses batches", 3), ("markdown", 3)])
def test_pages_that_fail_together_are_tried_alone(ws: Workspace, tmp_path: Path, mode: str, requests: int) -> None:
    id = add(ws, tmp_path, pdfs.text_pdf("one", "two"))
    with MinerUServer(mode) as server:
        save_mineru(ws, MinerUSettings(address=server.url))
        pages, failed = read(ws, id, tmp_path)
    assert (sorted(pages), failed, len(server.requests)) == ([1, 2], {}, requests)
    assert "22 litres" in pages[2] and "images/" not in pages[2]


@pytest.mark.parametrize(("mode", "key"), [
    ("refuses all", "convert.error.mineru_failed"), ("garbage", "convert.error.mineru_reply"),
    ("huge", "helper.error.too_large"), ("slow", "convert.error.mineru_time"),
    ("status 500", "convert.error.mineru_status"), ("status 404", "convert.error.mineru_route")])
def test_a_page_that_cannot_be_had_is_told_in_words(ws: Workspace, tmp_path: Path, mode: str, key: str) -> None:
    id = add(ws, tmp_path, pdfs.text_pdf("one"))
    with MinerUServer(mode) as server:
        save_mineru(ws, MinerUSettings(address=server.url, wait_s=10))
        assert read(ws, id, tmp_path) == ({}, {1: key})


@pytest.mark.parametrize(("mode", "key"), [("status 401", "helper.error.auth"), ("redirect", "helper.error.redirect"),
                                           ("nobody", "helper.error.unreachable")])
def test_where_asking_again_is_of_no_use_the_document_ends(ws: Workspace, tmp_path: Path, mode: str, key: str) -> None:
    id = add(ws, tmp_path, pdfs.text_pdf("one", "two"))
    with MinerUServer(mode) as server:
        save_mineru(ws, MinerUSettings(address=server.url if mode != "nobody" else "http://127.0.0.1:9"))
        with pytest.raises(UserError) as ended:
            read(ws, id, tmp_path)
    assert ended.value.key == key and len(server.requests) <= 1


def test_nobody_there_and_refused_addresses(ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError) as none:
        documents.start_convert(ws, ["doc-x"], ConvertSettings(engine="mineru"))
    assert none.value.key == "convert.error.no_mineru"
    for address in ("file:///etc/passwd", "http://169.254.169.254/", "http://u:p@127.0.0.1/", "http://2852039166/"):
        with pytest.raises(UserError) as refused:
            save_mineru(ws, MinerUSettings(address=address))
        assert refused.value.key == "helper.error.refused_url"


def test_other_kinds_stay_with_the_built_in_engine(ws: Workspace) -> None:
    save_mineru(ws, MinerUSettings(address="http://127.0.0.1:9"))
    chosen = ConvertSettings(engine="mineru")
    assert [plan_for(ws, chosen, kind, ChildLimits()).target == MINERU for kind in ("pdf", "png", "md", "docx")] == [
        True, True, False, False]


@pytest.mark.parametrize("ending", ["", " --fail"])
def test_the_command_reads_pages_and_a_failing_one_costs_them(ws: Workspace, tmp_path: Path, ending: str,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    id = add(ws, tmp_path, pdfs.text_pdf("one", "two"))
    monkeypatch.setenv(COMMAND, f"{shlex.quote(sys.executable)} -m tests.fakes.mineru_server{ending}")
    monkeypatch.setenv("PYTHONPATH", str(CODE_ROOT))
    pages, failed = read(ws, id, tmp_path)
    if ending:
        assert (pages, failed) == ({}, dict.fromkeys((1, 2), "convert.error.mineru_failed"))
    else:
        assert clean_markdown(pages[2]) == PAGE.format(2)
