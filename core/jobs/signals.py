"""The only place that signals processes. Whatever a record says, it refuses pid ≤ 1, ourselves and our own group,
and any process that is not exactly the one that the record means."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Any

from core.jobs.identity import Identity, boot_id, is_alive, surely_carries, untraced_children, with_token
from core.storage.owner import read_stat

TERMINATE = signal.SIGTERM
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
_PR_SET_CHILD_SUBREAPER = 36


def signal_process(identity: Identity | None, number: int) -> bool:
    """Sends a signal to one process. False, and nothing sent, unless it is alive and not protected."""
    if not _is_target(identity):
        return False
    assert identity is not None
    if sys.platform == "win32":
        return _windows_end([_psutil_process(identity.pid)])
    return _send(os.kill, identity.pid, number)


def signal_group(identity: Identity | None, number: int) -> bool:
    """Sends a signal to the group that a process leads (on Windows: to it and its descendants).

    False, and nothing sent, unless the process is alive, leads its group and is not protected.
    """
    if not _is_target(identity):
        return False
    assert identity is not None
    return _signal_led_group(identity.pid, number)


def end_child_group(identity: Identity) -> bool:
    """Kills what is left of the group of our own child, which may have ended but must not have been reaped yet.

    Until then the system cannot give its number away, so the group is surely still the child's.
    """
    if _is_protected(identity.pid) or identity.boot_id != boot_id():
        return False
    if sys.platform == "linux":
        stat = read_stat(identity.pid)
        if stat is None or stat[1] != os.getpid() or str(stat[2]) != identity.start:
            return False
    return _signal_led_group(identity.pid, KILL)


def end_by_token(token: str) -> int:
    """Kills every process whose environment carries the job's token, wherever it moved; returns how many."""
    return sum(signal_process(identity, KILL) for identity in with_token(token)) if token else 0


def adopt_orphans() -> None:
    """Makes descendants whose parent ends children of this process, on Linux: none can hide by leaving its family."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_orphans() -> int:
    """Kills the orphans that came to us and carry no job's mark; returns how many."""
    return sum(signal_process(identity, KILL) for identity in untraced_children())


def _is_target(identity: Identity | None) -> bool:
    """Whether an identity is that of a live process, surely the one meant, which is not protected."""
    return (identity is not None and not _is_protected(identity.pid) and is_alive(identity)
            and surely_carries(identity.pid, identity.token))


def _is_protected(pid: int) -> bool:
    """Whether a pid is one that must never be signalled: all, init, ourselves, our group, our parent."""
    own = {os.getpid(), os.getppid()} | ({os.getpgrp()} if hasattr(os, "getpgrp") else set())
    return type(pid) is not int or pid <= 1 or pid in own


def _signal_led_group(pid: int, number: int) -> bool:
    if sys.platform == "win32":
        leader = _psutil_process(pid)
        return leader is not None and _windows_end([*leader.children(recursive=True), leader])
    try:
        if os.getpgid(pid) != pid:
            return False
    except ProcessLookupError:
        return False
    return _send(os.killpg, pid, number)


def _send(call: Any, pid: int, number: int) -> bool:
    try:
        call(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _psutil_process(pid: int) -> Any:
    import psutil

    try:
        return psutil.Process(pid)
    except psutil.Error:
        return None


def _windows_end(processes: list[Any]) -> bool:
    import psutil

    ended = False
    for process in processes:
        try:
            process.kill()
            ended = True
        except (psutil.Error, AttributeError):
            continue
    return ended
