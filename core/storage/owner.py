"""Names of temporary files that tell which process made them, so that only those of dead processes are swept."""

from __future__ import annotations

import os
import re
import secrets
import sys

_NAME = re.compile(r"\.tmp-(\d+)-([0-9a-z]+)-[0-9a-f]{8}\Z")


def read_stat(pid: int) -> tuple[str, int, int] | None:
    """(state letter, parent pid, start time in clock ticks since boot) of a Linux process; None when there is none."""
    try:
        fd = os.open(f"/proc/{int(pid)}/stat", os.O_RDONLY)
    except OSError:
        return None
    try:
        text = os.read(fd, 4096).decode("utf-8", "replace")
    except OSError:
        return None
    finally:
        os.close(fd)
    fields = text[text.rfind(")") + 2:].split()
    return (fields[0], int(fields[1]), int(fields[19])) if len(fields) > 19 else None


def start_time(pid: int) -> str | None:
    """Start time of a live process as text that identifies it together with its pid; None for none and for zombies."""
    if pid <= 0:
        return None
    if sys.platform == "linux":
        stat = read_stat(pid)
        return None if stat is None or stat[0] in "ZX" else str(stat[2])
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{round(process.create_time() * 1000):d}"
    except psutil.Error:
        return None


def temporary_name() -> str:
    """A fresh name ``.tmp-<pid>-<start>-<random>`` for a file or folder that this process is still building."""
    return f".tmp-{os.getpid()}-{start_time(os.getpid()) or 0}-{secrets.token_hex(4)}"


def is_temporary(name: str) -> bool:
    """Whether a name was made by `temporary_name`."""
    return _NAME.match(name) is not None


def is_abandoned(name: str) -> bool:
    """Whether a temporary name belongs to a process that is gone."""
    match = _NAME.match(name)
    return match is not None and start_time(int(match[1])) != match[2]
