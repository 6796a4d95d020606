"""What a job's processes are given, and what never reaches the disk."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from core import jobs
from core.jobs.environment import job_environment
from core.jobs.main import current_job, run_job
from core.jobs.state import JobState
from core.jobs.supervisor import cause
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


def test_importing_jobs_is_cheap() -> None:
    code = "import core.jobs, core.storage, sys; print({'torch', 'gradio', 'pymupdf', 'psutil'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CODE_ROOT)
    assert done.stdout.strip() == "set()"
