"""However a trainer ends, the state and the cause are told, nothing of it is left, and the lease is free again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from core import jobs
from core.errors import UserError
from core.jobs import identity
from core.jobs.history import FOLDS
from core.jobs.state import JobState, JobView, processes
from core.storage import Workspace, read_json
from core.storage.fsck import fsck
from core.storage.locks import open_lock, try_lock
from tests.fakes.trainer import ARGV
from tests.waiting import until

pytestmark = pytest.mark.fault
GRACE = (0.5, 0.5)


def _start(ws: Workspace, mode: str, silence_s: float | None = None, **params: object) -> str:
    job = jobs.start(ws, "train", {"mode": mode, **params}, title=mode, lease="accelerator", argv=ARGV, grace_s=GRACE,
                     silence_s=silence_s)
    return job.id


def _steps(ws: Workspace, id: str) -> list[float]:
    return [point["step"] for point in jobs.metrics(ws, id)]


def _assert_nothing_left(ws: Workspace, job: JobView) -> None:
    token = FOLDS.of(ws.job(job.id).events).token
    assert token and identity.with_token(token) == []
    fd = open_lock(ws.lease("accelerator"))
    try:
        assert try_lock(fd), "the lease is still taken"
    finally:
        os.close(fd)
    assert [problem for problem in fsck(ws) if problem.level == "error"] == []


@pytest.mark.parametrize(("mode", "state", "key"), [
    ("ok", "done", None), ("nan", "done", None), ("error", "failed", "jobs.error.unexpected"),
    ("exit-1", "failed", "jobs.error.exit_code"), ("exit-0", "failed", "jobs.error.exit_code"),
    ("exit-137", "failed", "jobs.error.killed"), ("kill", "failed", "jobs.error.killed"),
    ("segv", "failed", "jobs.error.crashed"), ("abort", "failed", "jobs.error.crashed"),
    ("oom", "failed", "jobs.error.out_of_memory"), ("torn", "failed", "jobs.error.killed"),
    ("fork", "failed", "jobs.error.exit_code")])
def test_every_end_has_its_state_and_cause(ws: Workspace, mode: str, state: str, key: str | None) -> None:
    job = jobs.wait(ws, _start(ws, mode), 60)
    assert (job.state, job.error["key"] if job.error else None) == (state, key), jobs.log_tail(ws, job.id)
    assert job.pid is None
    if mode == "error":
        assert "something in the trainer" in jobs.log_tail(ws, job.id)
        assert job.error and job.error["params"]["number"] in jobs.log_tail(ws, job.id)
    if mode == "segv":
        assert "Segmentation fault" in jobs.log_tail(ws, job.id)
    if mode == "nan":
        assert jobs.metrics(ws, job.id)[2]["loss"] is None
    if mode == "fork":
        children = next(event for event in jobs.events(ws, job.id)[0] if event["type"] == "item")["children"]
        assert len(children) == 3 and all(not identity.is_alive(identity.of(pid)) for pid in children)
    assert _steps(ws, job.id) == list(range(1, len(_steps(ws, job.id)) + 1))
    _assert_nothing_left(ws, job)


def test_a_silent_hang_is_ended_at_its_limit(ws: Workspace) -> None:
    job = jobs.wait(ws, _start(ws, "hang", silence_s=1), 60)
    assert (job.state, job.error["key"] if job.error else "") == (JobState.FAILED, "jobs.error.hang")
    _assert_nothing_left(ws, job)


@pytest.mark.parametrize("mode", ["hang", "ignore-term", "ok"])
@pytest.mark.parametrize("force", [False, True])
def test_stop_ends_every_trainer(ws: Workspace, mode: str, force: bool) -> None:
    id = _start(ws, mode, steps=10_000 if mode == "ok" else 6)
    until(lambda: len(_steps(ws, id)) >= 3)
    jobs.request_stop(ws, id, force=force)
    job = jobs.wait(ws, id, 60)
    assert job.state is JobState.STOPPED and job.error is None
    if mode == "ok" and not force:
        assert read_json(ws.job(id).dir / "checkpoint.json")["step"] == _steps(ws, id)[-1]
    _assert_nothing_left(ws, job)
    jobs.request_stop(ws, id)
    assert jobs.view(ws, id).state is JobState.STOPPED


def test_a_resumed_run_goes_on_from_its_checkpoint_without_gap_or_duplicate(ws: Workspace) -> None:
    id = _start(ws, "kill", steps=8)
    assert jobs.wait(ws, id, 60).state is JobState.FAILED
    job = jobs.resume(ws, id)
    with pytest.raises(UserError, match="still running|busy"):
        jobs.resume(ws, id)
    with pytest.raises(UserError, match="still running"):
        jobs.delete(ws, id)
    job = jobs.wait(ws, id, 60)
    assert (job.state, job.sitting, job.error, job.result) == (JobState.DONE, 2, None, {"steps": 8})
    assert _steps(ws, id) == list(range(1, 9))
    _assert_nothing_left(ws, job)


def test_a_stopped_run_can_be_resumed(ws: Workspace) -> None:
    id = _start(ws, "ok", steps=60)
    until(lambda: len(_steps(ws, id)) >= 3)
    jobs.request_stop(ws, id)
    assert jobs.wait(ws, id, 60).state is JobState.STOPPED
    jobs.resume(ws, id)
    assert jobs.wait(ws, id, 60).state is JobState.DONE
    assert _steps(ws, id) == list(range(1, 61))


@pytest.mark.parametrize("starter_dies", [True, False])
def test_the_server_is_killed_and_the_run_goes_on(ws: Workspace, starter_dies: bool) -> None:
    code = ("import sys, time; from core import jobs; from core.storage import Workspace;"
            "from tests.fakes.trainer import ARGV;"
            "print(jobs.start(Workspace.default(), 'train', {'steps': 10000}, lease='accelerator', argv=ARGV).id,"
            " flush=True); time.sleep(600)")
    server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert server.stdout
    id = server.stdout.readline().strip()
    until(lambda: len(_steps(ws, id)) >= 40)
    before = jobs.view(ws, id)
    server.kill() if starter_dies else server.terminate()
    server.wait()
    server.stdout.close()
    seen = _steps(ws, id)[-1]
    until(lambda: _steps(ws, id)[-1] > seen + 10)
    after = jobs.view(ws, id)
    assert (after.state, after.pid) == (JobState.RUNNING, before.pid) and after.pid
    found = _steps(ws, id)
    assert found == list(range(1, len(found) + 1))
    jobs.request_stop(ws, id)
    job = jobs.wait(ws, id, 45)
    assert job.state is JobState.STOPPED
    _assert_nothing_left(ws, job)


def test_with_its_supervisor_killed_the_run_goes_on_and_stop_still_works(ws: Workspace) -> None:
    for mode in ("ok", "ignore-term"):
        id = _start(ws, mode, steps=10_000 if mode == "ok" else 6)
        until(lambda id=id: len(_steps(ws, id)) >= 3)
        who = processes(ws.job(id), FOLDS.of(ws.job(id).events).token)
        assert who.supervisor
        os.kill(who.supervisor.pid, signal.SIGKILL)
        until(lambda who=who: not identity.is_alive(who.supervisor))
        assert jobs.view(ws, id).state is JobState.RUNNING
        with pytest.raises(UserError):
            jobs.start(ws, "train", {}, lease="accelerator")
        jobs.request_stop(ws, id)
        job = jobs.wait(ws, id, 60)
        assert job.state is JobState.STOPPED
        _assert_nothing_left(ws, job)


def test_everything_killed_at_once_is_an_interruption(ws: Workspace) -> None:
    id = _start(ws, "ok", steps=10_000)
    until(lambda: len(_steps(ws, id)) >= 3)
    who = processes(ws.job(id), FOLDS.of(ws.job(id).events).token)
    for one in (who.supervisor, who.worker):
        assert one
        os.kill(one.pid, signal.SIGKILL)
    job = jobs.wait(ws, id, 60)
    assert job.state is JobState.INTERRUPTED and job.error and job.error["key"] == "jobs.error.interrupted"
    _assert_nothing_left(ws, job)
    jobs.recover(ws)
    assert jobs.view(ws, id).state is JobState.INTERRUPTED
