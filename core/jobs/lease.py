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
from core.jobs.state import JobView, view
from core.storage import Workspace, load_or_set_aside, write_json
from core.storage.locks import open_lock, try_lock

_LEFTOVER_WAIT_S = 5.0
_YIELD_WAIT_S = 60.0


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


def holder(ws: Workspace, name: str = "accelerator") -> JobView | None:
    """The job that holds a lease now; None when it is free."""
    try:
        found = view(ws, str(_record(ws, name).get("id", "")))
    except UserError:
        return None
    return None if found.state.is_terminal else found


def _is_settled(ws: Workspace, record: dict[str, Any]) -> bool:
    """Whether the record names a job that runs, or is just being made; else the lock is about to be freed."""
    try:
        return not view(ws, str(record.get("id", ""))).state.is_terminal
    except UserError:
        return False


def _record(ws: Workspace, name: str) -> dict[str, Any]:
    record = load_or_set_aside(ws.lease(name).with_suffix(".json"), {})
    return record if isinstance(record, dict) else {}
