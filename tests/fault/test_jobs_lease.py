"""One job at a time on the accelerator, whoever asks and however the last one ended."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from core import jobs
from core.errors import UserError
from core.jobs import identity
from core.jobs.state import JobState
from core.storage import Workspace, write_json
from tests.fakes.trainer import ARGV
from tests.waiting import until

pytestmark = pytest.mark.fault
OTHER = """
import sys
from core import jobs
from core.errors import UserError
from core.storage import Workspace
from tests.fakes.trainer import ARGV
sys.stdin.readline()
try:
    jobs.start(Workspace.default(), "train", {"steps": 100000}, title="mine", lease="accelerator", argv=ARGV)
    print("started")
except UserError as error:
    print(error.key, error.params["holder"])
"""


def _workers(ws: Workspace) -> int:
    """How many processes of this workspace carry the token of a job."""
    found = 0
    for pid in identity._pids():
        raw = identity._environment(pid) or b""
        found += f"DOCTUNE_HOME={ws.root}".encode() in raw.split(b"\0") and f"{identity.TOKEN}=".encode() in raw
    return found


def test_twenty_threads_and_two_processes_start_exactly_one(ws: Workspace) -> None:
    others = [subprocess.Popen([sys.executable, "-c", OTHER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
              for _ in range(2)]
    outcomes: list[str] = []
    barrier = threading.Barrier(21)

    def attempt() -> None:
        barrier.wait()
        try:
            jobs.start(ws, "train", {"steps": 100_000}, title="mine", lease="accelerator", argv=ARGV)
            outcomes.append("started")
        except UserError as error:
            outcomes.append(f"{error.key} {error.params['holder']}")

    threads = [threading.Thread(target=attempt) for _ in range(20)]
    for thread in threads:
        thread.start()
    for other in others:
        assert other.stdin
        other.stdin.write("go\n")
        other.stdin.flush()
    barrier.wait()
    for thread in threads:
        thread.join()
    outcomes += [other.communicate(timeout=60)[0].strip() for other in others]
    assert sorted(outcomes) == ["jobs.error.busy mine"] * 21 + ["started"]
    found = jobs.list_jobs(ws)
    assert len(found) == 1 and not found[0].state.is_terminal
    held = jobs.holder(ws)
    assert held and held.id == found[0].id
    until(lambda: jobs.metrics(ws, found[0].id))
    assert jobs.view(ws, found[0].id).state is JobState.RUNNING
    assert _workers(ws) == 1 and [path.name for path in ws.runs.iterdir()] == [found[0].id]
    jobs.request_stop(ws, found[0].id)
    assert jobs.wait(ws, found[0].id, 60).state is JobState.STOPPED
    assert jobs.holder(ws) is None


@pytest.mark.parametrize("mode", ["ok", "kill", "exit-3"])
def test_the_lease_is_free_as_soon_as_the_job_counts_as_ended(ws: Workspace, mode: str) -> None:
    for _ in range(2):
        job = jobs.start(ws, "train", {"mode": mode, "steps": 2}, lease="accelerator", argv=ARGV)
        assert jobs.wait(ws, job.id, 60).state.is_terminal


def test_a_forged_holder_record_does_not_keep_the_lease(ws: Workspace) -> None:
    for record in ({"id": "run-ghost", "title": "ghost", "yields": False}, {"id": "../../etc"}, [], {"id": 7}):
        write_json(ws.lease("accelerator").with_suffix(".json"), record)
        job = jobs.start(ws, "train", {"steps": 1}, lease="accelerator", argv=ARGV)
        assert jobs.wait(ws, job.id, 60).state is JobState.DONE


def test_a_forged_holder_record_stops_no_job_that_holds_nothing(ws: Workspace) -> None:
    innocent = jobs.start(ws, "x", {"steps": 100_000}, title="innocent", argv=ARGV)
    until(lambda: jobs.metrics(ws, innocent.id))
    record = {"id": innocent.id, "title": "innocent", "yields": True}
    write_json(ws.lease("accelerator").with_suffix(".json"), record)
    job = jobs.start(ws, "train", {"steps": 1}, lease="accelerator", argv=ARGV)
    assert jobs.wait(ws, job.id, 60).state is JobState.DONE
    assert jobs.view(ws, innocent.id).state is JobState.RUNNING


def test_a_holder_that_yields_is_stopped_and_waited_for(ws: Workspace) -> None:
    server = jobs.start(ws, "serve", {"steps": 100_000}, title="server", lease="accelerator", yields=True, argv=ARGV)
    job = jobs.start(ws, "train", {"steps": 2}, title="run", lease="accelerator", argv=ARGV)
    assert jobs.wait(ws, server.id, 60).state is JobState.STOPPED
    assert jobs.wait(ws, job.id, 60).state is JobState.DONE
