"""Jobs that wait for their lease get it one after the other, say for whom they wait, and can be stopped meanwhile."""

from __future__ import annotations

from core import jobs
from core.jobs import JobState
from tests.fakes.trainer import ARGV
from tests.waiting import until


def begin(ws, title: str, waits: bool = True, **params):
    return jobs.start(ws, "train", {"steps": 5, **params}, title=title, lease="accelerator", waits=waits, argv=ARGV)


def state(ws, job):
    return jobs.view(ws, job.id).state


def test_waiting_runs_begin_in_their_order(ws):
    first = begin(ws, "first", delay_s=0.3)
    second, third = begin(ws, "second"), begin(ws, "third")
    until(lambda: jobs.view(ws, third.id).waits_for == "second", 20)
    assert jobs.view(ws, second.id).waits_for == "first" and state(ws, second) is JobState.WAITING
    assert jobs.holder(ws).id == first.id
    for job in (first, second, third):
        assert jobs.wait(ws, job.id, 60).state is JobState.DONE
    began = {job.title: next(e["t"] for e in jobs.events(ws, job.id)[0] if e["type"] == "attached")
             for job in (first, second, third)}
    ended = {job.title: jobs.view(ws, job.id).ended_at for job in (first, second, third)}
    assert ended["first"] <= began["second"] <= ended["second"] <= began["third"]


def test_a_waiting_run_can_be_stopped_and_others_are_still_refused(ws):
    import pytest

    from core.errors import UserError

    first = begin(ws, "first", delay_s=1.0)
    second = begin(ws, "second")
    until(lambda: state(ws, second) is JobState.WAITING, 20)
    with pytest.raises(UserError) as caught:
        begin(ws, "third", waits=False)
    assert caught.value.params["holder"] == "first"
    jobs.request_stop(ws, second.id)
    assert jobs.wait(ws, second.id, 10).state is JobState.STOPPED
    assert not any(e["type"] == "attached" for e in jobs.events(ws, second.id)[0])
    assert not state(ws, first).is_terminal
    jobs.request_stop(ws, first.id, force=True)
    jobs.wait(ws, first.id, 20)
    assert jobs.wait(ws, jobs.resume(ws, second.id).id, 30).state is JobState.DONE


def test_a_killed_holder_lets_the_next_one_begin(ws):
    import os
    import signal

    first = begin(ws, "first", mode="hang", delay_s=0.2)
    second = begin(ws, "second")
    pid = until(lambda: jobs.view(ws, first.id).pid, 20)
    os.kill(pid, signal.SIGKILL)
    assert jobs.wait(ws, second.id, 60).state is JobState.DONE
