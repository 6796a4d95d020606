"""What a job's processes are given, and what never reaches the disk."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from core import jobs
from core.jobs import JobContext, context, identity, signals
from core.jobs.environment import job_environment
from core.jobs.main import current_job, explain, run_job
from core.jobs.spec import JobSpec
from core.jobs.state import JobState
from core.jobs.supervisor import Supervisor, cause
from core.storage import Workspace
from core.storage.workspace import CODE_ROOT
from tests.waiting import until

SHOW = [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"]
KEY = "sk-CANARY-7f3a"


def test_variables_pass_by_allow_list_and_keys_only_when_given(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("GRADIO_SHARE", "True")
    assert KEY not in job_environment(ws).values()
    job = jobs.wait(ws, jobs.start(ws, "show", {}, argv=SHOW, env={"HELPER_KEY": KEY}).id, 30)
    assert job.state is JobState.DONE
    seen = json.loads(jobs.log_tail(ws, job.id))
    assert seen["HELPER_KEY"] == KEY and seen["DOCTUNE_HOME"] == str(ws.root) and seen["DOCTUNE_JOB"] == job.id
    assert "OPENAI_API_KEY" not in seen and "GRADIO_SHARE" not in seen
    ws.job(job.id).log.unlink()
    for path in ws.root.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()


def test_a_key_in_the_parameters_is_refused(ws: Workspace) -> None:
    with pytest.raises(ValueError, match="HELPER_KEY"):
        jobs.start(ws, "x", {"key": KEY}, env={"HELPER_KEY": KEY})
    assert jobs.list_jobs(ws) == []


def test_files_are_there_before_anything_starts(ws: Workspace) -> None:
    show = [sys.executable, "-c", "import os, sys; print(open(sys.argv[1], encoding='utf-8').read())"]
    run = ws.job("run-a")
    jobs.start(ws, "train", {}, id="run-a", argv=[*show, str(run.dir / "run.yaml")], files={"run.yaml": "epochs: 3"})
    assert jobs.wait(ws, "run-a", 30).state is JobState.DONE
    assert jobs.log_tail(ws, "run-a") == "epochs: 3"


def test_much_output_that_nobody_reads_blocks_no_job(ws: Workspace) -> None:
    chatty = [sys.executable, "-c", "import sys; [print('x' * 999, file=f) for f in (sys.stdout, sys.stderr) * 1000]"]
    job = jobs.wait(ws, jobs.start(ws, "x", {}, argv=chatty).id, 30)
    assert job.state is JobState.DONE and ws.job(job.id).log.stat().st_size == 2_000_000


def test_a_command_that_does_not_exist_is_a_failed_start(ws: Workspace) -> None:
    job = jobs.wait(ws, jobs.start(ws, "x", {}, argv=["/does/not/exist"]).id, 30)
    assert job.state is JobState.FAILED
    assert job.error and job.error["key"] == "jobs.error.start_failed"


def test_a_supervisor_that_dies_at_once_is_a_failed_start(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "false")
    id = jobs.start(ws, "x", {}).id
    until(lambda: (jobs.view(ws, id).error or {}).get("key") == "jobs.error.start_failed")
    assert jobs.view(ws, id).state is JobState.FAILED


def test_a_worker_that_nobody_supervises_ends_at_once(ws: Workspace) -> None:
    jobs.wait(ws, jobs.start(ws, "x", {}, argv=["true"], id="job-a").id, 30)
    assert run_job(ws, "job-a", lambda job: pytest.fail("must not run")) == 3
    assert current_job() is None


@pytest.mark.parametrize(("status", "oom", "key"), [
    (-signal.SIGKILL, 0, "jobs.error.killed"), (137, 0, "jobs.error.killed"),
    (-signal.SIGKILL, 1, "jobs.error.out_of_memory"), (137, 2, "jobs.error.out_of_memory"),
    (-signal.SIGSEGV, 0, "jobs.error.crashed"), (139, 0, "jobs.error.crashed"),
    (-signal.SIGABRT, 1, "jobs.error.crashed"), (-signal.SIGTERM, 0, "jobs.error.killed"),
    (1, 0, "jobs.error.exit_code"), (0, 0, "jobs.error.exit_code"), (255, 0, "jobs.error.exit_code")])
def test_causes_of_an_end_are_told_apart(status: int, oom: int, key: str) -> None:
    error = cause(status, oom)
    assert error.key == key
    assert error.text("en") and error.text("zh")


@pytest.mark.parametrize(("error", "key"), [
    (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
    (OSError(errno.EDQUOT, "Disk quota exceeded"), "disk_full"), (OSError(errno.EFBIG, "File too large"), "disk_full"),
    (RuntimeError("[enforce fail at inline_container.cc:664] . unexpected pos 64 vs 0"), "disk_full"),
    (RuntimeError("basic_ios::clear: iostream error"), "disk_full"),
    (RuntimeError("PytorchStreamWriter failed writing file data/0: file write failed"), "disk_full"),
    (ValueError("Error while serializing: I/O error: No space left on device (os error 28)"), "disk_full"),
    (MemoryError(), "out_of_memory"), (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "out_of_memory"),
    (OSError(errno.EIO, "I/O error"), "unexpected"), (KeyError("x"), "unexpected")])
def test_what_libraries_raise_is_told_by_its_cause(error: BaseException, key: str) -> None:
    assert explain(error).key == f"jobs.error.{key}"


@pytest.fixture
def watch(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> Supervisor:
    """A supervisor with a limit of a minute, which only notes what it would end."""
    monkeypatch.setattr(signals, "signal_group", lambda worker, number: True)
    paths = ws.job("job-quiet")
    paths.dir.mkdir(parents=True)
    me = identity.of(os.getpid())
    assert me
    return Supervisor(paths, JobSpec("job-quiet", "x", silence_s=60.0), me, None)


def test_silence_counts_only_while_somebody_looks(watch: Supervisor) -> None:
    now = watch.looked
    for step in (0.0, 0.1, 7 * 3600.0, 0.1):  # the lid of the computer was closed for a night
        now += step
        watch._follow_silence(now)
    assert not watch.hung and watch.silent < 2
    for _ in range(620):
        now += 0.1
        watch._follow_silence(now)
    assert watch.hung


def test_a_sign_of_life_ends_the_silence_and_costs_a_line_a_minute(
        watch: Supervisor, ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = watch.looked = 1000.0
    monkeypatch.setattr(context, "time", SimpleNamespace(monotonic=lambda: clock))
    job = JobContext(ws, "job-quiet", {})
    for second in range(600):
        clock += 0.5
        if second % 2:
            job.alive()
        watch._follow_silence(clock)
    assert not watch.hung
    assert [event["type"] for event in jobs.events(ws, "job-quiet")[0]] == ["alive"] * 5


def test_importing_jobs_is_cheap() -> None:
    code = "import core.jobs, core.storage, sys; print({'torch', 'gradio', 'pymupdf', 'psutil'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CODE_ROOT)
    assert done.stdout.strip() == "set()"
