"""Children that hang, crash, grow or lie cost a page or a document, never the others, and leave no process behind."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import psutil
import pytest

from core import documents, jobs
from core.documents import ChildLimits, ConvertSettings
from core.documents.conversion import Conversion, Stopped
from core.errors import UserError
from core.storage import Workspace
from core.storage.fsck import fsck

pytestmark = pytest.mark.fault
SMALL = ChildLimits(page_s=60, memory_bytes=600 * 1024 ** 2, pages_per_child=3, sections_per_child=3)


def add(ws: Workspace, tmp_path: Path, name: str = "a.md", text: str = "# Pump\n\nIt runs for six minutes.\n") -> str:
    path = tmp_path / "given"
    path.write_text(text, encoding="utf-8")
    [result] = documents.import_files(ws, [(path, name)])
    assert result.document_id, result.error
    return result.document_id


def convert(ws: Workspace, id: str, target: str, limits: ChildLimits = SMALL, **more) -> str:
    return Conversion(ws, id, ConvertSettings(), "job-test", limits=limits, target=f"tests.fakes.converters:{target}",
                      **more).run()


def info(ws: Workspace, id: str) -> documents.DocumentInfo:
    return next(d for d in documents.list_documents(ws) if d.id == id)


def survivors() -> list[psutil.Process]:
    """Children of this test that still run: the sandbox must have ended them all."""
    return [p for p in psutil.Process().children(recursive=True) if "resource_tracker" not in " ".join(p.cmdline())]


def test_pages_are_stored_as_they_come_in_several_children(ws: Workspace, tmp_path: Path) -> None:
    id, seen = add(ws, tmp_path), []
    assert convert(ws, id, "good", report=lambda done, total: seen.append((done, total))) == "done"
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    pids = {documents.page_markdown(ws, id, n).split("pid ")[1] for n in (1, 2, 3, 4)}
    assert len(pids) == 2, "three pages a child"
    found = info(ws, id)
    assert (found.state, found.pages, found.done_pages, found.language) == ("done", 4, 4, "en")
    assert [p.number for p in documents.pages(ws, id)] == [1, 2, 3, 4]
    assert [problem for problem in fsck(ws) if problem.level == "error"] == []


@pytest.mark.parametrize(("target", "reason", "limits"), [
    ("sleeps_on_two", "time", ChildLimits(page_s=6, pages_per_child=10)),
    ("aborts_on_two", "crash", SMALL), ("aborts_looking_ahead", "crash", SMALL), ("allocates_on_two", "memory", SMALL),
])
def test_one_bad_page_never_costs_the_document(ws: Workspace, tmp_path: Path, target: str, reason: str,
                                               limits: ChildLimits) -> None:
    id = add(ws, tmp_path)
    assert convert(ws, id, target, limits) == "partial"
    found = info(ws, id)
    assert (found.state, found.pages, found.done_pages, found.error) == ("partial", 4, 3, None)
    assert found.warnings == [{"key": f"documents.warning.pages_{reason}", "params": {"pages": "2"}}]
    bad = documents.pages(ws, id)[1]
    assert (bad.number, bad.chars) == (2, 0) and bad.warnings[0]["key"] == f"documents.error.page_{reason}"
    assert survivors() == []
    assert convert(ws, id, "good") == "done", "what is missing is tried again"
    assert info(ws, id).warnings == []


@pytest.mark.parametrize(("target", "key"), [
    ("aborts_at_once", "documents.error.crash"), ("always_aborts", "documents.error.page_crash"),
    ("refuses", "documents.error.encrypted"), ("empty", "documents.error.no_text"),
])
def test_a_hopeless_document_fails_with_its_reason(ws: Workspace, tmp_path: Path, target: str, key: str) -> None:
    id = add(ws, tmp_path)
    assert convert(ws, id, target) == "failed"
    found = info(ws, id)
    assert found.state == "failed" and found.error["key"] in (key, "documents.error.crash")
    assert UserError(found.error["key"], **found.error["params"]).text("zh")


def test_a_lying_child_writes_nothing_elsewhere(ws: Workspace, tmp_path: Path) -> None:
    id = add(ws, tmp_path)
    with pytest.raises(ValueError):
        convert(ws, id, "lies")
    assert not list(tmp_path.rglob("x")) and documents.pages(ws, id) == []
    assert survivors() == []


def test_stop_keeps_the_finished_pages_and_the_rest_follows(ws: Workspace, tmp_path: Path) -> None:
    id, stop = add(ws, tmp_path), threading.Event()

    def report(done: int, total: int) -> None:
        if done == 1:
            stop.set()

    with pytest.raises(Stopped):
        convert(ws, id, "sleeps_on_two", should_stop=stop.is_set, report=report)
    assert survivors() == []
    assert (info(ws, id).state, info(ws, id).done_pages) == ("stopped", 1)
    first = documents.page_markdown(ws, id, 1)
    assert convert(ws, id, "good") == "done"
    assert documents.page_markdown(ws, id, 1) == first, "page 1 was not converted again"


def test_other_settings_convert_anew_and_corrections_stay(ws: Workspace, tmp_path: Path) -> None:
    id = add(ws, tmp_path)
    convert(ws, id, "good")
    first = documents.page_markdown(ws, id, 1)
    documents.save_page_markdown(ws, id, 2, "corrected\0 by hand")
    settings = ConvertSettings(ocr="always")
    Conversion(ws, id, settings, "job-2", limits=SMALL, target="tests.fakes.converters:good").run()
    assert documents.page_markdown(ws, id, 1) != first
    assert documents.page_markdown(ws, id, 2) == "corrected by hand\n"
    assert "corrected by hand" in documents.document_markdown(ws, id)
    converted = ws.document(id).markdown(2).read_text(encoding="utf-8")
    documents.save_page_markdown(ws, id, 2, converted)
    assert not ws.document(id).edited(2).exists()
    with pytest.raises(UserError):
        documents.save_page_markdown(ws, id, 9, "no such page")


def test_the_job_converts_its_documents_and_one_failure_stops_none(ws: Workspace, tmp_path: Path) -> None:
    good = [add(ws, tmp_path, f"{n}.md", f"# Part {n}\n\nThe pump has {n} valves.\n") for n in range(3)]
    bad = tmp_path / "x.pdf"
    bad.write_bytes(b"%PDF-1.7\nnothing in it")
    [result] = documents.import_files(ws, [(bad, "bad.pdf")])
    job = documents.start_convert(ws, [good[0], result.document_id, *good[1:]], ConvertSettings())
    ended = jobs.wait(ws, job.id, 180)
    assert ended.state is jobs.JobState.DONE and ended.result == {"done": 3, "failed": 1}
    assert [info(ws, id).state for id in good] == ["done"] * 3
    assert info(ws, result.document_id).error["key"] == "documents.error.damaged"
    documents.delete_document(ws, good[0])
    assert good[0] not in [d.id for d in documents.list_documents(ws)]
    with pytest.raises(UserError):
        documents.start_convert(ws, [good[0]], ConvertSettings())


def test_a_killed_job_leaves_a_document_that_can_go_on(ws: Workspace, tmp_path: Path) -> None:
    text = "\n".join(f"# Chapter {n}\n\n" + "Words of this chapter. " * 200 for n in range(40))
    id = add(ws, tmp_path, "long.md", text)
    job = documents.start_convert(ws, [id], ConvertSettings())
    while not info(ws, id).done_pages and not jobs.view(ws, job.id).state.is_terminal:
        time.sleep(0.01)
    jobs.request_stop(ws, job.id, force=True)
    jobs.wait(ws, job.id, 60)
    assert info(ws, id).state in ("stopped", "done")
    again = documents.start_convert(ws, [id], ConvertSettings())
    assert jobs.wait(ws, again.id, 120).state is jobs.JobState.DONE
    assert info(ws, id).state == "done"
    assert documents.document_markdown(ws, id).count("# Chapter") == 40
    assert [problem for problem in fsck(ws) if problem.level == "error"] == []


def test_one_page_is_read_anew_and_the_others_stay(ws: Workspace, tmp_path: Path) -> None:
    id = add(ws, tmp_path)
    convert(ws, id, "good")
    before = [documents.page_markdown(ws, id, n) for n in (1, 2, 3, 4)]
    assert convert(ws, id, "good", only=3) == "done"
    after = [documents.page_markdown(ws, id, n) for n in (1, 2, 3, 4)]
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, True, False, True]
    assert convert(ws, id, "good") == "done" and documents.page_markdown(ws, id, 3) == after[2], "it is kept"


@pytest.mark.parametrize(("target", "key"), [("aborts_on_two", "documents.error.page_crash"),
                                             ("refuses", "documents.error.encrypted")])
def test_a_page_that_cannot_be_read_anew_stays_as_it_was(ws: Workspace, tmp_path: Path, target: str, key: str) -> None:
    id = add(ws, tmp_path)
    convert(ws, id, "good")
    before = documents.page_markdown(ws, id, 2)
    with pytest.raises(UserError) as raised:
        convert(ws, id, target, only=2)
    assert raised.value.key == key
    assert documents.page_markdown(ws, id, 2) == before
    assert (info(ws, id).state, info(ws, id).done_pages) == ("done", 4)


def test_a_correction_is_taken_back(ws: Workspace, tmp_path: Path) -> None:
    id = add(ws, tmp_path)
    convert(ws, id, "good")
    before = documents.page_markdown(ws, id, 2)
    documents.save_page_markdown(ws, id, 2, "by hand")
    assert documents.is_corrected(ws, id, 2) and documents.page_markdown(ws, id, 2) == "by hand\n"
    documents.undo_correction(ws, id, 2)
    assert not documents.is_corrected(ws, id, 2) and documents.page_markdown(ws, id, 2) == before


def test_only_pages_with_pictures_are_read_anew(ws: Workspace, tmp_path: Path) -> None:
    id = add(ws, tmp_path)
    convert(ws, id, "good")
    with pytest.raises(UserError):
        documents.start_page(ws, id, 1)
