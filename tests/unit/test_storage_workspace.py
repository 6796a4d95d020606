"""Ids and paths: whatever people type, nothing lands outside the workspace."""

from __future__ import annotations

import ntpath
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UserError
from core.storage import Workspace, check_id, new_id

BAD = ["", ".", "..", "../x", "a/b", "a\\b", "/etc", "C:x", "A", "a_b", "-a", "a\n", "a\0", "con", "nul",
       "x" * 41, "é", "a.b", "~"]


@pytest.mark.parametrize("text", BAD)
def test_names_that_are_no_ids_are_refused(ws: Workspace, text: str) -> None:
    for accessor in (check_id, ws.document, ws.qa, ws.dataset, ws.job, ws.model, ws.lease):
        with pytest.raises(UserError):
            accessor(text)


@given(st.text(max_size=60))
def test_any_text_is_refused_or_stays_inside(text: str) -> None:
    space = Workspace(Path("/somewhere"))
    try:
        folder = space.document(text).dir
    except UserError:
        return
    assert folder.parent == space.documents
    assert ntpath.basename(str(folder)) == text and text == text.lower() and text.isascii()


def test_new_ids_are_valid_and_differ() -> None:
    ids = {new_id("doc") for _ in range(500)}
    assert len(ids) == 500
    assert all(check_id(one) == one and one.startswith("doc-") for one in ids)


def test_runs_and_other_jobs_have_their_own_folders(ws: Workspace) -> None:
    assert ws.job("run-a").dir == ws.root / "saves" / "runs" / "run-a"
    assert ws.job("job-a").dir == ws.root / "saves" / "jobs" / "job-a"


def test_secrets_are_outside_the_workspace(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not ws.secrets_file.is_relative_to(ws.root)
    monkeypatch.delenv("DOCTUNE_SECRETS")
    assert not ws.secrets_file.is_relative_to(ws.root)


def test_examples_belong_to_the_program(ws: Workspace) -> None:
    assert not ws.examples.is_relative_to(ws.root)


def test_temporary_folders_are_made_on_the_disk_of_their_target(ws: Workspace) -> None:
    assert ws.tmp_dir().is_relative_to(ws.saves)
    assert ws.tmp_dir(near=ws.documents).is_relative_to(ws.data)
