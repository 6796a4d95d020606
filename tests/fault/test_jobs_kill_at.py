"""Killed at any call that changes the disk: the next start finds the old or the new, and all that was acknowledged."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core import jobs
from core.errors import UserError
from core.jobs import control, identity
from core.jobs.history import FOLDS
from core.jobs.state import JobState
from core.storage import Workspace, atomic_write, publish_dir, read_json, sweep, verify_dir, write_json
from core.storage.folders import leftovers
from core.storage.fsck import fsck
from core.storage.journal import journal_scan
from core.storage.locks import open_lock, try_lock
from tests.fakes.kill_at import ROWS
from tests.waiting import until

pytestmark = pytest.mark.fault
KILLED = -9


def _sweep(tmp_path: Path, operation: str,
           prepare: Callable[[Workspace], None]) -> Iterator[tuple[Workspace, list[str]]]:
    """For k = 1, 2, … until the operation survives: a fresh workspace after the kill, and what was acknowledged."""
    k, code = 0, KILLED
    while code == KILLED:
        k += 1
        assert k < 300, "the operation never ends"
        space = Workspace.at(tmp_path / str(k))
        prepare(space)
        done = subprocess.run([sys.executable, "-m", "tests.fakes.kill_at", str(k), operation], capture_output=True,
                              text=True, env={**os.environ, "DOCTUNE_HOME": str(space.root)}, check=False)
        code = done.returncode
        assert code in (0, KILLED), done.stderr
        yield space, done.stdout.split()
        _assert_sound(space)
    assert k > 3


def _assert_sound(space: Workspace) -> None:
    assert [problem.text() for problem in fsck(space) if problem.level == "error"] == []
    sweep(space)
    assert leftovers(space) == [] and fsck(space) == []


def _nothing(space: Workspace) -> None:
    space.saves.mkdir(parents=True)


def _old_settings(space: Workspace) -> None:
    write_json(space.settings_file, {"value": "old"})


def _model(space: Workspace) -> None:
    folder = space.tmp_dir()
    for name in ("a", "b"):
        atomic_write(folder / name, name)
    publish_dir(folder, space.model("tiny").dir)


def _ended_job(space: Workspace) -> None:
    jobs.start(space, "x", {}, id="job-a", argv=["true"])
    assert jobs.wait(space, "job-a", 60).state is JobState.DONE


def test_saving_settings(tmp_path: Path) -> None:
    for space, told in _sweep(tmp_path, "save", _old_settings):
        value = read_json(space.settings_file)["value"]
        assert value in ("old", "new") and (not told or value == "new")


def test_appending_rows(tmp_path: Path) -> None:
    for space, told in _sweep(tmp_path, "append", _nothing):
        journal = journal_scan(space.saves / "rows.jsonl")
        rows = [line["row"] for line in journal.lines]
        assert journal.bad == [] and rows == list(range(len(rows)))
        assert len(told) <= len(rows) <= min(len(told) + 1, ROWS)


def test_publishing_a_folder(tmp_path: Path) -> None:
    for space, told in _sweep(tmp_path, "publish", _nothing):
        folder = space.model("tiny").dir
        assert folder.exists() or not told
        assert not folder.exists() or verify_dir(folder, deep=True) == []


def test_removing_a_folder(tmp_path: Path) -> None:
    for space, told in _sweep(tmp_path, "remove", _model):
        folder = space.model("tiny").dir
        assert not (told and folder.exists())
        assert not folder.exists() or verify_dir(folder, deep=True) == []


def test_starting_a_job(tmp_path: Path) -> None:
    for space, told in _sweep(tmp_path, "start", _nothing):
        found = jobs.list_jobs(space)
        assert len(found) == 1 or not told
        for job in found:
            ended = until(lambda space=space, job=job: _ended(space, job.id))
            assert ended in (JobState.DONE, JobState.INTERRUPTED) and (not told or ended is JobState.DONE)
            assert (space.job(job.id).dir / "notes.txt").read_text(encoding="utf-8") == "hello"
        until(lambda space=space: _lease_is_free(space))


def test_resuming_a_job(tmp_path: Path) -> None:
    for space, told in _sweep(tmp_path, "resume", _ended_job):
        ended = until(lambda space=space: _ended(space, "job-a"))
        assert ended in (JobState.DONE, JobState.INTERRUPTED) and (not told or ended is JobState.DONE)


def test_a_killed_supervisor_leaves_no_process_that_nobody_knows(tmp_path: Path,
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    def prepare(space: Workspace) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(control, "_spawn_supervisor", lambda *_: None)
            patch.setattr(control.identity, "of", lambda pid: None)
            jobs.start(space, "x", {}, id="job-a", lease="accelerator",
                       argv=[sys.executable, "-m", "tests.fakes.trainer"])

    for space, _ in _sweep(tmp_path, "supervise", prepare):
        ended = until(lambda space=space: _ended(space, "job-a"))
        assert ended in (JobState.DONE, JobState.INTERRUPTED)
        token = FOLDS.of(space.job("job-a").events).token
        until(lambda token=token: not identity.with_token(token))
        until(lambda space=space: _lease_is_free(space))
        if ended is JobState.INTERRUPTED:
            jobs.resume(space, "job-a")
            assert jobs.wait(space, "job-a", 60).state is JobState.DONE


def test_finishing_a_job(tmp_path: Path) -> None:
    k, state = 0, JobState.FAILED
    while state is not JobState.DONE:
        k += 1
        assert k < 100, "the job never ends"
        space = Workspace.at(tmp_path / str(k))
        argv = [sys.executable, "-m", "tests.fakes.kill_at", str(k), "finish"]
        job = jobs.start(space, "x", {}, id="job-a", lease="accelerator", argv=argv)
        job = jobs.wait(space, "job-a", 60)
        state = job.state
        if state is JobState.FAILED:
            assert job.error and job.error["key"] == "jobs.error.killed"
        assert not job.result or read_json(space.job("job-a").dir / "report.json") == {"done": True}
        assert state is not JobState.DONE or job.result == {"report": "report.json"}
        _assert_sound(space)
        assert _lease_is_free(space)
    assert k > 10


def _ended(space: Workspace, id: str) -> JobState | None:
    """The state of a job none of whose processes is left and none of whose processes is just being started."""
    try:
        state = jobs.view(space, id).state
    except UserError:
        return None
    return state if state.is_terminal and not _supervised(space, id) else None


def _supervised(space: Workspace, id: str) -> bool:
    fd = open_lock(space.job(id).lock)
    try:
        return not try_lock(fd)
    finally:
        os.close(fd)


def _lease_is_free(space: Workspace) -> bool:
    fd = open_lock(space.lease("accelerator"))
    try:
        return try_lock(fd)
    finally:
        os.close(fd)
