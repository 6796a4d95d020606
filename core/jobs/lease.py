"""Resources that jobs take turns on, such as the accelerator: a lock that the job's processes hold open.

The kernel frees it when the last of them is gone, so no crash can leave it taken. Beside the lock a small file says
who took it last; it is for people and for asking a holder that yields, never for deciding whether the lock is free.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from core.errors import UserError
from core.jobs.spec import JobSpec, load_spec
from core.jobs.state import JobState, JobView, list_jobs, view
from core.storage import Workspace, load_or_set_aside, write_json
from core.storage.locks import open_lock, try_lock

_LEFTOVER_WAIT_S = 5.0
_YIELD_WAIT_S = 60.0
_POLL_S = 0.3


def take(ws: Workspace, name: str, job_id: str, title: str, yields: bool, ask: Callable[[str], None]) -> int:
    """Takes a lease for a job and returns the descriptor that holds it.

    Args:
        ask: called once with the id of a holder that yields, to make it stop.

    Raises UserError naming the holder when that one does not yield, or does not let go in time.
    """
    fd = open_lock(ws.lease(name))
    try:
        asked = ""
        deadline = time.monotonic() + _LEFTOVER_WAIT_S
        while not try_lock(fd):
            record = _record(ws, name)
            current = holder(ws, name)
            if current and record.get("yields") and current.id != asked:
                asked = current.id
                ask(asked)
                deadline = time.monotonic() + _YIELD_WAIT_S
            if time.monotonic() > deadline or not asked and _is_settled(ws, record):
                raise UserError("jobs.error.busy", holder=str(record.get("title") or record.get("id") or name))
            time.sleep(0.05)
        write_json(ws.lease(name).with_suffix(".json"), {"id": job_id, "title": title, "yields": yields})
    except BaseException:
        os.close(fd)
        raise
    return fd


def wait(ws: Workspace, spec: JobSpec, stopped: Callable[[], bool], tell: Callable[[str], None],
         ask: Callable[[str], None]) -> int | None:
    """Waits for the lease of a job and returns the descriptor that holds it; None when the job was stopped first.

    Jobs that wait get it in the order in which they were made.

    Args:
        tell: called with the title of the job that is waited for, whenever that is another one.
        ask: called with the id of a holder that yields, to make it stop.
    """
    assert spec.lease is not None
    fd, told, asked = open_lock(ws.lease(spec.lease)), None, ""
    while not stopped():
        before = queue(ws, spec)
        if not before and try_lock(fd):
            record = {"id": spec.id, "title": spec.title, "yields": spec.yields}
            write_json(ws.lease(spec.lease).with_suffix(".json"), record)
            return fd
        current = holder(ws, spec.lease)
        if current and _record(ws, spec.lease).get("yields") and current.id != asked:
            asked = current.id
            ask(asked)
        title = before[-1].title if before else current.title if current else ""
        if title != told:
            told = title
            tell(title)
        time.sleep(_POLL_S)
    os.close(fd)
    return None


def queue(ws: Workspace, spec: JobSpec) -> list[JobSpec]:
    """The jobs that wait for the same lease and were made before this one, oldest first."""
    waiting = [load_spec(ws.job(found.id)) for found in list_jobs(ws) if found.state is JobState.WAITING]
    mine = (spec.created_at, spec.id)
    return sorted((one for one in waiting if one.lease == spec.lease and (one.created_at, one.id) < mine),
                  key=lambda one: (one.created_at, one.id))


def holder(ws: Workspace, name: str = "accelerator") -> JobView | None:
    """The job that holds a lease now; None when it is free."""
    try:
        found = view(ws, str(_record(ws, name).get("id", "")))
    except UserError:
        return None
    return None if found.state.is_terminal or found.state is JobState.WAITING else found


def _is_settled(ws: Workspace, record: dict[str, Any]) -> bool:
    """Whether the record names a job that runs, or is just being made; else the lock is about to be freed."""
    try:
        return not view(ws, str(record.get("id", ""))).state.is_terminal
    except UserError:
        return False


def _record(ws: Workspace, name: str) -> dict[str, Any]:
    record = load_or_set_aside(ws.lease(name).with_suffix(".json"), {})
    return record if isinstance(record, dict) else {}
