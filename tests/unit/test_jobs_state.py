"""State, progress, time left and curves, computed from events alone."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from core import jobs
from core.errors import UserError
from core.jobs import identity
from core.jobs.history import FOLDS, Fold, append_event
from core.jobs.spec import JobSpec
from core.jobs.state import JobState
from core.storage import Workspace, write_json

ID = "job-made"


def _job(ws: Workspace, *events: dict[str, Any], id: str = ID, kind: str = "x", created_at: float = 0.0) -> None:
    paths = ws.job(id)
    write_json(paths.spec, JobSpec(id, kind, id, created_at=created_at).as_dict())
    append_event(paths.events, "sitting", token="t", starter=None)
    for event in events:
        append_event(paths.events, event.pop("type"), **event)


@pytest.mark.parametrize("state", ["done", "stopped", "failed"])
def test_the_last_event_decides_when_no_process_is_left(ws: Workspace, state: str) -> None:
    _job(ws, {"type": "end", "state": state, "error": {"key": "jobs.error.hang", "params": {"seconds": 5}}})
    found = jobs.view(ws, ID)
    assert found.state == state and found.state.is_terminal
    assert found.error and UserError(found.error["key"], **found.error["params"]).text("zh")


def test_without_a_last_event_it_is_interrupted(ws: Workspace) -> None:
    _job(ws, {"type": "phase", "name": "train"}, {"type": "progress", "done": 3, "total": 10, "unit": "steps"})
    found = jobs.view(ws, ID)
    assert found.state is JobState.INTERRUPTED and found.pid is None and found.eta_s is None
    assert (found.phase, found.done, found.total, found.unit) == ("train", 3, 10, "steps")
    assert found.error == {"key": "jobs.error.interrupted", "params": {}}


def test_while_its_starter_lives_and_nothing_came_yet_it_is_starting(ws: Workspace) -> None:
    paths = ws.job(ID)
    write_json(paths.spec, JobSpec(ID, "x").as_dict())
    me = identity.of(os.getpid())
    assert me
    append_event(paths.events, "sitting", token="t", starter=me.as_dict())
    assert jobs.view(ws, ID).state is JobState.STARTING
    append_event(paths.events, "end", state="failed", error=None)
    assert jobs.view(ws, ID).state is JobState.FAILED


def test_results_and_warnings_add_up(ws: Workspace) -> None:
    _job(ws, {"type": "result", "facts": {"a": 1}}, {"type": "result", "facts": {"b": 2}},
         {"type": "warning", "key": "jobs.error.hang", "params": {"seconds": 3}})
    found = jobs.view(ws, ID)
    assert found.result == {"a": 1, "b": 2}
    assert found.warnings == [{"key": "jobs.error.hang", "params": {"seconds": 3}}]


def test_a_new_sitting_forgets_the_old_end_and_the_old_speed(ws: Workspace) -> None:
    _job(ws, {"type": "progress", "done": 1, "total": 9}, {"type": "progress", "done": 5, "total": 9},
         {"type": "end", "state": "failed", "error": None}, {"type": "sitting", "token": "u", "starter": None},
         {"type": "progress", "done": 6, "total": 9})
    found = jobs.view(ws, ID)
    assert found.state is JobState.INTERRUPTED and found.sitting == 2
    assert FOLDS.of(ws.job(ID).events).eta_s() is None


def test_time_left_comes_from_this_sitting_and_phase_and_is_never_negative() -> None:
    now, fold = time.monotonic(), Fold()

    def take(kind: str, ago: float, **facts: Any) -> None:
        fold.take({"type": kind, "t": -5.0, "m": now - ago, **facts})

    take("sitting", 1000, token="t", starter=None)
    take("progress", 900, done=1, total=100)
    take("progress", 800, done=2, total=100)
    take("sitting", 200, token="u", starter=None)
    take("phase", 200, name="train")
    take("progress", 100, done=10, total=40)
    assert fold.eta_s() is None
    take("progress", 0, done=20, total=40)
    assert fold.eta_s() == pytest.approx(200, abs=2)
    fold.last = (20, now - 500)  # the next one already takes far longer than those before it
    fold.first = (10, now - 600)
    assert fold.eta_s() == pytest.approx(190, abs=2)
    take("progress", -1, done=40, total=40)
    assert fold.eta_s() == 0
    take("phase", 0, name="save")
    assert fold.eta_s() is None


def test_a_wall_clock_set_back_changes_neither_elapsed_time_nor_order(ws: Workspace,
                                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    _job(ws)
    for step in (1, 2, 3):
        if step == 2:
            monkeypatch.setattr(time, "time", lambda: 1_577_836_800.0)
        append_event(ws.job(ID).events, "metric", step=step, loss=1.0)
        append_event(ws.job(ID).events, "progress", done=step, total=3)
    append_event(ws.job(ID).events, "end", state="done", error=None)
    assert [point["step"] for point in jobs.metrics(ws, ID)] == [1, 2, 3]
    elapsed = jobs.view(ws, ID).elapsed_s
    assert elapsed is not None and elapsed >= 0
    eta = FOLDS.of(ws.job(ID).events).eta_s()
    assert eta is None or eta >= 0


def test_steps_done_twice_count_once_the_last_wins_and_fields_merge(ws: Workspace) -> None:
    _job(ws, *({"type": "metric", "step": step, "loss": loss} for step, loss in
               [(1, 3.0), (2, 2.0), (3, 1.0), (2, 2.5), (3, float("nan"))]), {"type": "metric", "step": 2, "held": 9.0})
    assert [(p["step"], p["loss"], p.get("held")) for p in jobs.metrics(ws, ID)] == [
        (1, 3.0, None), (2, 2.5, 9.0), (3, None, None)]


def test_looking_again_reads_only_what_was_added(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.jobs import history

    _job(ws, *({"type": "metric", "step": step} for step in range(50)))
    jobs.view(ws, ID)
    offsets, original = [], history.journal_scan

    def scan(path: Any, offset: int = 0, limit: int = -1) -> Any:
        offsets.append(offset)
        return original(path, offset, limit)

    monkeypatch.setattr(history, "journal_scan", scan)
    size = ws.job(ID).events.stat().st_size
    append_event(ws.job(ID).events, "progress", done=1, total=2)
    assert jobs.view(ws, ID).done == 1
    assert min(offsets) == size


def test_a_journal_that_was_replaced_by_a_shorter_one_is_read_anew(ws: Workspace) -> None:
    _job(ws, {"type": "phase", "name": "old"}, *({"type": "item"} for _ in range(20)))
    assert jobs.view(ws, ID).phase == "old"
    ws.job(ID).events.unlink()
    append_event(ws.job(ID).events, "sitting", token="t", starter=None)
    assert jobs.view(ws, ID).phase == ""


def test_damaged_lines_are_told_and_a_damaged_spec_does_not_hide_the_others(ws: Workspace) -> None:
    _job(ws, {"type": "item"}, id="job-a", kind="build", created_at=1)
    _job(ws, id="job-b", kind="train", created_at=2)
    _job(ws, id="run-c", kind="train", created_at=3)
    events = ws.job("job-a").events
    events.write_bytes(events.read_bytes().replace(b"item", b"itex"))
    ws.job("job-b").spec.write_bytes(b"{")
    found = jobs.list_jobs(ws)
    assert [job.id for job in found] == ["run-c", "job-a", "job-b"]
    assert found[1].warnings == [{"key": "jobs.warning.journal_damaged", "params": {"count": 1}}]
    assert found[2].state is JobState.FAILED and found[2].error
    assert [job.id for job in jobs.list_jobs(ws, "train")] == ["run-c"]


def test_unknown_jobs_and_bad_ids_are_errors_for_people(ws: Workspace) -> None:
    for id in ("job-none", "../x"):
        with pytest.raises(UserError):
            jobs.view(ws, id)


def test_deleting_needs_an_ended_job(ws: Workspace) -> None:
    _job(ws, {"type": "end", "state": "done", "error": None})
    jobs.delete(ws, ID)
    assert not ws.job(ID).dir.exists() and jobs.list_jobs(ws) == []


def test_the_log_keeps_the_last_state_of_progress_bars(ws: Workspace) -> None:
    _job(ws)
    ws.job(ID).log.write_bytes(b"first\n 10%\r 20%\r 30%\nbad \xff byte\r\n")
    assert jobs.log_tail(ws, ID) == "first\n 30%\nbad \ufffd byte"
    assert jobs.log_tail(ws, ID, lines=1) == "bad \ufffd byte"
    assert jobs.log_tail(ws, "job-other") == ""
