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
    job = jobs.wait(ws, _start(ws, mode, says="what it said before"), 60)
    assert (job.state, job.error["key"] if job.error else None) == (state, key), jobs.log_tail(ws, job.id)
    assert job.pid is None and "what it said before" in jobs.log_tail(ws, job.id)
    if mode == "error":
        assert "something in the trainer" in jobs.log_tail(ws, job.id)
        assert job.error and job.error["params"]["number"] in jobs.log_tail(ws, job.id)
    if mode == "segv":
        assert "Segmentation fault" in jobs.log_tail(ws, job.id)
    if mode == "nan":
        assert jobs.metrics(ws, job.id)[2]["loss"] is None
    if mode == "fork":
        children = next(event for event in jobs.events(ws, job.id)[0] if event["type"] == "item")["children"]
        assert len(children) == 5 and all(not identity.is_alive(identity.of(pid)) for pid in children)
    assert _steps(ws, job.id) == list(range(1, len(_steps(ws, job.id)) + 1))
    _assert_nothing_left(ws, job)


def test_a_trainer_that_cannot_even_begin_leaves_its_traceback(ws: Workspace) -> None:
    argv = [sys.executable, "-c", "import json.no_such_part"]
    job = jobs.wait(ws, jobs.start(ws, "train", {}, lease="accelerator", argv=argv).id, 60)
    assert (job.state, job.error) == (JobState.FAILED, {"key": "jobs.error.exit_code", "params": {"code": 1}})
    assert "Traceback" in jobs.log_tail(ws, job.id) and "no_such_part" in jobs.log_tail(ws, job.id)
    _assert_nothing_left(ws, job)


def test_a_job_that_another_one_started_outlives_it(ws: Workspace) -> None:
    job = jobs.wait(ws, _start(ws, "starts"), 60)
    assert job.state is JobState.FAILED
    other = next(event for event in jobs.events(ws, job.id)[0] if event["type"] == "item")["other"]
    seen = len(until(lambda: _steps(ws, other)))
    until(lambda: len(_steps(ws, other)) > seen + 5)
    assert jobs.view(ws, other).state is JobState.RUNNING
    jobs.request_stop(ws, other)
    assert jobs.wait(ws, other, 60).state is JobState.STOPPED


def test_a_clock_set_back_in_the_midst_of_a_run_changes_nothing(ws: Workspace) -> None:
    id = _start(ws, "clock", steps=30)
    seen = []
    while not (job := jobs.view(ws, id)).state.is_terminal:
        seen.append((job.elapsed_s, job.eta_s))
    assert all(elapsed is None or elapsed >= 0 for elapsed, _ in seen)
    assert all(left is None or left >= 0 for _, left in seen)
    stamps = [event["t"] for event in jobs.events(ws, id)[0] if event["type"] == "metric"]
    assert min(stamps) < 1_600_000_000 < max(stamps), "the clock was set back"
    assert (job.id, job.state, job.sitting) == (id, JobState.DONE, 1) and 0 < (job.elapsed_s or 0) < 600
    assert _steps(ws, id) == list(range(1, 31))


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


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_the_server_is_killed_and_the_run_goes_on(ws: Workspace, number: signal.Signals) -> None:
    code = ("import sys, time; from core import jobs; from core.storage import Workspace;"
            "from tests.fakes.trainer import ARGV;"
            "print(jobs.start(Workspace.default(), 'train', {'steps': 10000}, lease='accelerator', argv=ARGV).id,"
            " flush=True); time.sleep(600)")
    server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert server.stdout
    id = server.stdout.readline().strip()
    until(lambda: len(_steps(ws, id)) >= 40)
    before, identities = jobs.view(ws, id), read_json(ws.job(id).identity)
    os.killpg(server.pid, number)  # all of its session, as when its terminal is closed
    server.wait()
    server.stdout.close()
    seen = _steps(ws, id)[-1]
    until(lambda: _steps(ws, id)[-1] > seen + 10)
    after = jobs.view(ws, id)
    assert (after.state, after.pid) == (JobState.RUNNING, before.pid) and after.pid
    assert read_json(ws.job(id).identity) == identities
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
