"""Killed at any call that changes the disk: documents are there wholly or not at all, acknowledged pages stay."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import documents
from core.documents import ConvertSettings
from core.documents.conversion import Conversion
from core.storage import Workspace, sweep
from core.storage.folders import leftovers
from core.storage.fsck import fsck

pytestmark = pytest.mark.fault
KILLED = -9
TEXT = "# Pump\n\nThe pump runs for six minutes in every hour.\n"


def killed_at_every_step(tmp_path: Path, operation: str, template: Workspace,
                         step: int = 1) -> Iterator[tuple[Workspace, list[str]]]:
    """A copy of the template after each kill, and what was acknowledged before it."""
    k, code = 1 - step, KILLED
    while code == KILLED:
        k += step
        space = Workspace.at(tmp_path / f"at-{k}")
        shutil.copytree(template.root, space.root)
        done = subprocess.run([sys.executable, "-m", "tests.fakes.kill_documents", str(k), operation], check=False,
                              env={**os.environ, "DOCTUNE_HOME": str(space.root)}, capture_output=True,
                              encoding="utf-8")
        code = done.returncode
        assert code in (0, KILLED), done.stderr
        yield space, done.stdout.split()
        assert [p.text() for p in fsck(space) if p.level == "error"] == []
        sweep(space)
        assert leftovers(space) == []
        shutil.rmtree(space.root)
    assert k > 3


@pytest.fixture
def template(ws: Workspace) -> Workspace:
    """A workspace with a file to import."""
    (ws.root / "given.md").write_text(TEXT, encoding="utf-8")
    return ws


@pytest.fixture
def imported(template: Workspace) -> Workspace:
    documents.import_files(template, [(template.root / "given.md", "given.md")])
    return template


def convert(ws: Workspace) -> str:
    [document] = documents.list_documents(ws)
    return Conversion(ws, document.id, ConvertSettings(), "job-b", target="tests.fakes.converters:good").run()


def test_import(template: Workspace, tmp_path: Path) -> None:
    for space, said in killed_at_every_step(tmp_path, "add", template):
        listed = documents.list_documents(space)
        assert len(listed) <= 1 and [d.id for d in listed][:len(said)] == said
        again = documents.import_files(space, [(space.root / "given.md", "given.md")])
        assert again[0].document_id == documents.list_documents(space)[0].id


def test_conversion(imported: Workspace, tmp_path: Path) -> None:
    for space, said in killed_at_every_step(tmp_path, "convert", imported, step=4):
        [document] = documents.list_documents(space)
        pages = sum(word.isdigit() for word in said)
        assert document.done_pages >= pages and (document.state == "done" if "whole" in said else True)
        before = {n: documents.page_markdown(space, document.id, n) for n in range(1, pages + 1)}
        assert convert(space) == "done"
        assert {n: documents.page_markdown(space, document.id, n) for n in before} == before


def test_correction_and_deletion(imported: Workspace, tmp_path: Path) -> None:
    convert(imported)
    [document] = documents.list_documents(imported)
    old = documents.page_markdown(imported, document.id, 1)
    for space, said in killed_at_every_step(tmp_path / "c", "correct", imported):
        assert documents.page_markdown(space, document.id, 1) in (("corrected\n",) if said else ("corrected\n", old))
    for space, said in killed_at_every_step(tmp_path / "d", "delete", imported):
        assert [d.id for d in documents.list_documents(space)] in ([[]] if said else [[], [document.id]])
