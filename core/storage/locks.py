"""Locks that the kernel frees when their holder dies: flock, or on Windows a locked byte."""

from __future__ import annotations

import os
import time
from pathlib import Path

_FAR = 1 << 62  # the byte that Windows locks lies beyond any content, so that reading stays possible


def open_lock(path: Path) -> int:
    """Opens (makes) a lock file and returns its descriptor, not yet locked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)


def try_lock(fd: int) -> bool:
    """Takes the exclusive lock if it is free. It is held until every copy of the descriptor is closed."""
    try:
        _lock(fd, wait=False)
    except (BlockingIOError, PermissionError):
        return False
    return True


def wait_lock(fd: int) -> None:
    """Takes the exclusive lock, waiting for it as long as it takes (holders keep it for milliseconds)."""
    if os.name != "nt":
        _lock(fd, wait=True)
        return
    while not try_lock(fd):
        time.sleep(0.005)


def _lock(fd: int, wait: bool) -> None:
    if os.name != "nt":
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        return
    import msvcrt

    position = os.lseek(fd, 0, os.SEEK_CUR)
    os.lseek(fd, _FAR, os.SEEK_SET)
    try:
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    finally:
        os.lseek(fd, position, os.SEEK_SET)
