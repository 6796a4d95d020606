"""SwanLab's board: serves what a real run wrote, to this computer alone, and ends with its opener."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest

from core import jobs
from core.errors import UserError
from core.jobs import JobState, identity
from core.training import board
from core.training.trainer import train
from tests.fakes import tiny_run
from tests.waiting import until

pytestmark = pytest.mark.model
LONG = 120


def test_the_board_shows_a_real_run_and_ends_with_its_opener(ws, monkeypatch):
    run = tiny_run.new_job(ws)
    with pytest.raises(UserError) as caught:
        board.open_board(ws, run.id)
    assert caught.value.key == "train.error.no_board_files"
    train(run, tiny_run.settings(ws, epochs=1, swanlab="local"))
    opener = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        monkeypatch.setattr(board.os, "getpid", lambda: opener.pid)
        job = board.open_board(ws, run.id)
        assert board.open_board(ws, run.id).id == job.id
        monkeypatch.undo()
        monkeypatch.setenv("DOCTUNE_HOME", str(ws.root))
        address = until(lambda: board.address(ws, run.id), LONG)
        assert address.startswith("http://127.0.0.1:")
        assert "<div id=\"app\"" in httpx.get(address).text
        told = httpx.get(f"{address}api/v1/project").json()
        assert [one["name"] for one in told["data"]["experiments"]] == [tiny_run.DATASET]
        assert httpx.get(address, headers={"Host": "elsewhere.example"}).status_code == 400
    finally:
        opener.communicate(b"\n")
    assert identity.of(opener.pid) is None
    assert jobs.wait(ws, job.id, LONG).state is JobState.DONE
    assert board.address(ws, run.id) == ""
