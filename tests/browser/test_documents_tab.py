"""Documents: several files at once, an error for each bad one, corrections kept, deletion asked for once more."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from core import documents, jobs
from core.storage.workspace import Workspace
from tests.browser.driving import AppProcess
from tests.fakes import pdfs

JOB_MS = 300_000
WORDS = {
    "en": {"bad": "This is a program", "convert": "Convert 2 documents", "next": "Next: build Q&A",
           "saved": "Page saved."},
    "zh": {"bad": "程序", "convert": "转换 2 个文档", "next": "下一步：生成问答", "saved": "本页已保存。"},
}


def files(folder: Path) -> list[str]:
    """Two documents and a program."""
    texts = {"alpha.md": "# Alpha\n\nThe alpha pump is inspected every 14 days.",
             "说明 (1).txt": "水泵每 30 天检查一次。"}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "setup.exe").write_bytes(b"MZ" + bytes(200))
    return [str(folder / name) for name in (*texts, "setup.exe")]


def cell(page: Any, name: str) -> Any:
    """The cell of the list that shows a document's name."""
    return page.locator("#documents-list [role=gridcell]", has_text=name)


def open_box(page: Any) -> None:
    """Opens the box for corrections. A tab that is opened for the first time is filled a frame after it shows."""
    page.get_by_role("tab", name=re.compile("Correct|修改")).click()
    expect(page.locator("#documents-source textarea")).to_be_visible()
    page.evaluate("""() => new Promise(done => {
        let frames = 20
        const next = () => frames-- ? requestAnimationFrame(next) : done()
        next()
    })""")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_files_become_pages_that_can_be_corrected(lang: str, start_app: Callable[..., AppProcess], tmp_path: Path,
                                                  open_page: Callable[..., Any]) -> None:
    server, words = start_app(), WORDS[lang]
    page = open_page(lang, server=server)
    expect(page.locator("#documents-convert")).to_be_disabled()
    page.locator("#documents-files input[type=file]").set_input_files(files(tmp_path))

    expect(page.locator("#documents-refused")).to_contain_text("setup.exe")
    expect(page.locator("#documents-refused")).to_contain_text(words["bad"])
    expect(cell(page, "alpha.md")).to_be_visible()
    expect(cell(page, "说明 (1).txt")).to_be_visible()
    convert = page.locator("#documents-convert")
    expect(convert).to_have_text(words["convert"])
    convert.click()
    expect(page.locator("#documents-next")).to_have_text(words["next"], timeout=JOB_MS)

    cell(page, "alpha.md").click()
    expect(page.locator("#documents-rendered")).to_contain_text("every 14 days")
    open_box(page)
    box = page.locator("#documents-source textarea")
    box.fill("# Alpha\n\nThe alpha pump is inspected every 15 days. ![x](http://example.com/x.png)")
    page.locator("#documents-save").click()
    expect(page.locator("#documents-saved")).to_have_text(words["saved"])
    page.reload()
    cell(page, "alpha.md").click()
    expect(page.locator("#documents-rendered")).to_contain_text("every 15 days")


def two_converted(server: AppProcess, folder: Path, open_page: Callable[..., Any]) -> tuple[Any, Workspace]:
    """The page with two converted documents, alpha.md opened."""
    page = open_page(server=server)
    page.locator("#documents-files input[type=file]").set_input_files(files(folder)[:2])
    page.locator("#documents-convert:enabled").click()
    expect(page.locator("#documents-next")).to_be_visible(timeout=JOB_MS)
    cell(page, "alpha.md").click()
    expect(page.locator("#documents-head")).to_contain_text("alpha.md")
    return page, Workspace.at(server.home)


def test_leaving_the_box_keeps_a_correction(start_app: Callable[..., AppProcess], tmp_path: Path,
                                            open_page: Callable[..., Any]) -> None:
    page, ws = two_converted(start_app(), tmp_path, open_page)
    open_box(page)
    page.locator("#documents-source textarea").fill("Only this.")
    for name in ("说明 (1).txt", "alpha.md", "说明 (1).txt", "alpha.md"):  # faster than the answers come
        cell(page, name).click()
    expect(page.locator("#documents-head")).to_contain_text("alpha.md")
    expect(page.locator("#documents-source textarea")).to_have_value(re.compile(r"^Only this\.\s*$"))
    texts = {d.label: documents.page_markdown(ws, d.id, 1).strip() for d in documents.list_documents(ws)}
    expect(page.locator("#documents-shown")).not_to_be_visible()
    assert texts["alpha.md"] == "Only this." and "水泵" in texts["说明 (1).txt"]


def test_deleting_asks_again(start_app: Callable[..., AppProcess], tmp_path: Path, open_page: Callable[..., Any]
                             ) -> None:
    page, ws = two_converted(start_app(), tmp_path, open_page)
    delete = page.locator("#documents-delete")
    delete.click()
    expect(delete).to_contain_text("Click again")
    assert len(documents.list_documents(ws)) == 2
    page.wait_for_timeout(1000)
    delete.click()
    expect(cell(page, "alpha.md")).to_have_count(0)
    assert [d.label for d in documents.list_documents(ws)] == ["说明 (1).txt"]


def test_a_locked_file_opens_with_its_password(start_app: Callable[..., AppProcess], tmp_path: Path,
                                               open_page: Callable[..., Any]) -> None:
    server, file = start_app(), tmp_path / "locked.pdf"
    file.write_bytes(pdfs.locked_pdf("The locked pump is inspected every 17 days.", "pump7"))
    page = open_page("en", server=server)
    page.locator("#documents-files input[type=file]").set_input_files(str(file))
    page.locator("#documents-convert").click()
    password = page.locator("#documents-password input")
    expect(password).to_be_visible(timeout=JOB_MS)
    expect(page.locator("#documents-problems")).to_contain_text("needs a password")
    password.fill("wrong")
    page.locator("#documents-unlock").click()
    expect(page.locator("#documents-problems")).to_contain_text("does not open", timeout=JOB_MS)
    expect(password).to_have_value("")
    password.fill("pump7")
    password.press("Enter")
    expect(page.locator("#documents-rendered")).to_contain_text("every 17 days", timeout=JOB_MS)
    expect(password).to_be_hidden()
    stored = [p.read_bytes() for p in server.home.rglob("*") if p.is_file()]
    assert stored and not any(b"pump7" in content for content in stored)


def test_a_correction_outlives_reading_again_and_is_taken_back(start_app: Callable[..., AppProcess], tmp_path: Path,
                                                               open_page: Callable[..., Any]) -> None:
    server, file = start_app(), tmp_path / "pump.pdf"
    file.write_bytes(pdfs.text_pdf("The grey pump is inspected every 14 days."))
    page, ws = open_page(server=server), Workspace.at(server.home)
    page.locator("#documents-files input[type=file]").set_input_files(str(file))
    page.locator("#documents-convert:enabled").click()
    expect(page.locator("#documents-next")).to_be_visible(timeout=JOB_MS)
    [id] = [d.id for d in documents.list_documents(ws)]
    open_box(page)
    box, undo = page.locator("#documents-source textarea"), page.locator("#documents-undo")
    expect(box).to_have_value(re.compile("14 days"))
    box.fill("The grey pump is inspected every 19 days.")
    page.locator("#documents-save").click()
    expect(undo).to_be_visible()

    page.locator("#documents-reread").click()
    expect(page.locator("#convert-progress")).to_be_visible()
    again = jobs.list_jobs(ws, "convert")[0]
    assert jobs.wait(ws, again.id, JOB_MS / 1000).state is jobs.JobState.DONE
    undo.click()  # at the moment at which the page learns that the job has ended, and draws everything anew
    expect(box).to_have_value(re.compile("14 days"))
    expect(undo).to_be_hidden()
    page.wait_for_timeout(2500)  # an answer that set out before must not bring the correction back
    expect(box).to_have_value(re.compile("14 days"))
    assert [p.source for p in documents.pages(ws, id)] == ["ocr"] and not documents.is_corrected(ws, id, 1)
