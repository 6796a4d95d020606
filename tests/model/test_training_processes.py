"""Runs in two processes: the loss curve of one, kills, stops, and checkpoints that another number goes on from."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from core import jobs
from core.jobs import JobState, JobStopped
from core.jobs.identity import with_token
from core.storage import load_or_set_aside, read_json, verify_dir, write_json
from core.training import checkpoints, curves, run_settings, start_run, stop_run, to_yaml
from core.training.launching import arguments, commands
from core.training.ranks import note
from core.training.runs import divided
from core.training.trainer import train
from tests.fakes import tiny_run
from tests.model.test_training_trainer import _adapter, _distance, _stop_at
from tests.waiting import until

pytestmark = pytest.mark.model


def settings(ws):
    """Twelve epochs of five steps. The last step of each has one row: nothing is left for a second process."""
    made = tiny_run.settings(ws, lora_dropout=0.0, epochs=12, evaluate_every=1000)
    write_json(ws.data / "tiny.json", read_json(ws.data / "tiny.json")[:17])
    return made


def losses(ws, run_id):
    return [loss for _, loss in curves(ws, run_id).train]


def processes_of(ws, run_id):
    """Every live process of a run but its supervisor."""
    record = load_or_set_aside(ws.job(run_id).identity, {})
    return [found.pid for found in with_token(record["worker"]["token"])] if record else []


def ranks_of(ws, run_id):
    """Process ids of the run's trainers, by their number."""
    found = {}
    for pid in processes_of(ws, run_id):
        names = Path(f"/proc/{pid}/environ").read_bytes().decode("utf-8", "replace").split("\0")
        rank = next((name.partition("=")[2] for name in names if name.startswith("RANK=")), None)
        if rank is not None:
            found[int(rank)] = pid
    return found


@pytest.fixture
def alone(ws):
    """The settings of a run in one process, trained to its end: (settings, run)."""
    job = tiny_run.new_job(ws)
    chosen = settings(ws)
    train(job, chosen)
    return chosen, job.id


def test_two_processes_have_the_curve_of_one_which_goes_on_where_they_stopped(ws, alone):
    """DDP, as the page starts it."""
    view = start_run(ws, divided(alone[0], 2))
    until(lambda: len(losses(ws, view.id)) > 2, 200)
    assert set(ranks_of(ws, view.id)) == {0, 1}
    stop_run(ws, view.id)
    ended = jobs.wait(ws, view.id, 60)
    assert ended.state is JobState.STOPPED, jobs.log_tail(ws, view.id, 40)
    reached = len(losses(ws, view.id))
    assert 2 < reached < 60 and processes_of(ws, view.id) == []
    assert checkpoints.complete(ws.run(view.id))[0][0] == reached
    assert verify_dir(ws.run(view.id).adapter, deep=True) == [] and ended.result["rows"] == 17
    ws.job(view.id).stop.unlink()
    train(tiny_run.new_job(ws, view.id), divided(run_settings(ws, view.id), 1))
    same_run(ws, alone[1], view.id)


def test_two_processes_go_on_where_one_stopped(ws, alone):
    """FSDP, as on two machines: each gets its command."""
    job = tiny_run.new_job(ws)
    _stop_at(job, 53)
    with pytest.raises(JobStopped):
        train(job, alone[0])
    chosen = divided(alone[0], 2).model_copy(update={"strategy": "fsdp", "processes": 1, "machines": 2,
                                                     "main_address": "127.0.0.1", "main_port": free_port()})
    path = ws.run(job.id).yaml
    path.write_text(to_yaml(chosen), encoding="utf-8")
    [further] = commands(ws, job.id, chosen)
    home, *typed = shlex.split(further)
    assert home == f"DOCTUNE_HOME={ws.root}"
    other = subprocess.Popen(typed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    first = subprocess.run([sys.executable, "-m", "accelerate.commands.launch", *arguments(chosen, path)], timeout=200,
                           capture_output=True, text=True, encoding="utf-8", check=False)
    assert first.returncode == 0, first.stderr[-3000:]
    assert other.wait(60) == 0
    assert [read_json(note(ws, job.id, n))["state"] for n in (0, 1)] == ["done", "done"]
    assert verify_dir(ws.run(job.id).adapter, deep=True) == []
    same_run(ws, alone[1], job.id)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def same_run(ws, one, other):
    """The curves of both runs, each step once, and what they have learned are the same."""
    assert [step for step, _ in curves(ws, other).train] == list(range(1, 61))
    assert max(abs(a - b) for a, b in zip(losses(ws, one), losses(ws, other), strict=True)) < 1e-3
    assert _distance(_adapter(ws, one), _adapter(ws, other)) < 1e-3
    assert [step for step, _ in checkpoints.complete(ws.run(other))] == [60, 55]


@pytest.mark.parametrize("killed", ["a trainer", "launcher and supervisor"])
def test_nothing_is_left_when_one_of_them_is_killed(ws, killed):
    view = start_run(ws, divided(settings(ws), 2))
    until(lambda: len(ranks_of(ws, view.id)) == 2, 100)
    everybody = processes_of(ws, view.id)
    if killed == "a trainer":
        os.kill(ranks_of(ws, view.id)[1], signal.SIGKILL)
    else:
        who = read_json(ws.job(view.id).identity)
        for name in ("supervisor", "worker"):
            os.kill(who[name]["pid"], signal.SIGKILL)
    until(lambda: not processes_of(ws, view.id), 60)
    assert len(everybody) == 3
    ended = jobs.wait(ws, view.id, 30)
    if killed == "a trainer":
        assert (ended.state, ended.error["key"]) == (JobState.FAILED, "jobs.error.killed")
    else:
        assert ended.state is JobState.INTERRUPTED


@pytest.mark.parametrize("rows", [16, 17, 19])
def test_each_batch_is_dealt_out_whole(rows):
    """Together the processes see the batches of one; what fills up the last one is the row that counts for nothing."""
    from core.training.engine import LengthGrouped

    lengths = [5 + n * 7 % 11 for n in range(rows)]
    one, two = LengthGrouped(lengths, 4, 1), LengthGrouped(lengths, 4, 1, None, 2, 99)
    for epoch in (0, 1):
        one.set_epoch(epoch)
        two.set_epoch(epoch)
        alone, dealt = list(one), list(two)
        assert len(dealt) == len(two) and len(dealt) % 4 == 0
        for start in range(0, len(dealt), 4):
            batch = [row for row in dealt[start:start + 4] if row != 99]
            assert sorted(batch) == sorted(alone[start:start + 4])
            shares = [sum(lengths[row] for row in dealt[n:n + 2] if row != 99) for n in (start, start + 2)]
            assert 99 in dealt[start:start + 4] or abs(shares[0] - shares[1]) <= max(lengths)
