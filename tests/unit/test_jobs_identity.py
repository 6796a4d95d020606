"""Forged, stale and foreign process records: no signal is ever sent, the job counts as interrupted."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from core import jobs
from core.jobs import identity, signals
from core.jobs.history import append_event
from core.jobs.identity import TOKEN, Identity
from core.jobs.spec import JobSpec
from core.jobs.state import JobState
from core.storage import Workspace, write_json
from tests.waiting import until

FORGED = ["innocent", "pid 1", "pid 0", "pid -1", "pid -7", "own pid", "own group", "parent", "other boot",
          "one tick off", "wrong token", "zombie"]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Records what would have been signalled, and signals nothing."""
    calls: list[tuple[int, int]] = []
    for name in ("kill", "killpg"):
        monkeypatch.setattr(os, name, lambda pid, number: calls.append((pid, number)))
    return calls


@pytest.fixture
def sleeper() -> Iterator[tuple[subprocess.Popen[bytes], Identity]]:
    """A process in a group of its own, with a token, and its true identity."""
    token = secrets.token_hex(8)
    process = subprocess.Popen(["sleep", "600"], start_new_session=True, env={**os.environ, TOKEN: token})
    who = identity.of(process.pid, token)
    assert who
    yield process, who
    _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kills a child although `os.kill` may be replaced in this process."""
    subprocess.run(["kill", "-9", str(process.pid)], check=True)
    process.wait()


def _forge(kind: str, true: Identity) -> Identity:
    mine = identity.of(os.getpid(), "")
    assert mine
    if kind == "zombie":
        child = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
        dead = identity.of(child.pid)
        assert dead
        until(lambda: not identity.is_alive(dead))
        return dead
    if kind == "own group":
        return identity.of(os.getpgrp()) or replace(mine, pid=os.getpgrp())
    return {
        "innocent": replace(true, token="another"), "pid 1": replace(identity.of(1) or mine, pid=1),
        "pid 0": replace(mine, pid=0), "pid -1": replace(mine, pid=-1), "pid -7": replace(true, pid=-true.pid),
        "own pid": mine, "parent": identity.of(os.getppid()) or replace(mine, pid=os.getppid()),
        "other boot": replace(true, boot_id="0000"), "one tick off": replace(true, start=str(int(true.start) + 1)),
        "wrong token": replace(true, token=true.token + "x"),
    }[kind]


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_identity_is_never_signalled(kind: str, sleeper: tuple[Any, Identity], sent: list[Any]) -> None:
    forged = _forge(kind, sleeper[1])
    for call in (signals.signal_process, signals.signal_group):
        assert not call(forged, signal.SIGKILL)
    if kind not in ("zombie", "innocent", "wrong token"):  # these are children of ours, which we may end
        assert not signals.end_child_group(forged)
    assert sent == []


@pytest.mark.parametrize("kind", FORGED)
def test_a_job_with_a_forged_record_is_interrupted_and_stop_signals_nobody(
        ws: Workspace, kind: str, sleeper: tuple[Any, Identity], sent: list[Any]) -> None:
    forged = _forge(kind, sleeper[1])
    paths = ws.job("job-forged")
    write_json(paths.spec, JobSpec("job-forged", "x").as_dict())
    append_event(paths.events, "sitting", token="the-token", starter=None)
    for token in ("the-token", forged.token):
        record = replace(forged, token=token).as_dict()
        write_json(paths.identity, {"worker": record, "supervisor": record})
        assert jobs.view(ws, "job-forged").state is JobState.INTERRUPTED
        jobs.request_stop(ws, "job-forged", force=True)
    assert sent == [] and not paths.stop.exists()


@pytest.mark.parametrize("record", [None, [], 7, {}, {"worker": 5}, {"worker": {"pid": "12"}},
                                    {"worker": {"pid": True, "boot_id": "", "start": "1", "token": "t"}}])
def test_a_malformed_record_means_interrupted(ws: Workspace, record: Any, sent: list[Any]) -> None:
    paths = ws.job("job-x")
    write_json(paths.spec, JobSpec("job-x", "x").as_dict())
    append_event(paths.events, "sitting", token="t", starter=None)
    write_json(paths.identity, record)
    assert jobs.view(ws, "job-x").state is JobState.INTERRUPTED
    assert sent == []


def test_the_true_identity_is_alive_and_signalled_by_its_group(sleeper: tuple[Any, Identity], sent: list[Any]) -> None:
    process, who = sleeper
    assert identity.is_alive(who)
    assert signals.signal_group(who, signal.SIGTERM)
    assert sent == [(process.pid, signal.SIGTERM)]


def test_a_process_that_leads_no_group_is_not_signalled_as_one(sent: list[Any]) -> None:
    child = subprocess.Popen(["sleep", "600"])
    try:
        assert not signals.signal_group(identity.of(child.pid), signal.SIGKILL)
        assert sent == []
    finally:
        _end(child)


def test_processes_are_found_by_their_token(sleeper: tuple[Any, Identity]) -> None:
    process, who = sleeper
    assert [found.pid for found in until(lambda: identity.with_token(who.token))] == [process.pid]
    assert identity.with_token("nobody has this") == []
    assert signals.end_by_token("") == 0
