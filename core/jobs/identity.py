"""Which process a record means: boot id, pid, start time and a token in its environment. A pid alone means nothing.

Linux reads field 22 of /proc/<pid>/stat; elsewhere psutil's creation time is compared without tolerance. Zombies are
dead. A process whose environment can be read must carry the token.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from core.storage.owner import read_stat, start_time

TOKEN = "DOCTUNE_JOB_TOKEN"
SUPERVISOR_TOKEN = "DOCTUNE_SUPERVISOR_TOKEN"


@dataclass(frozen=True)
class Identity:
    """One process of one boot of one machine."""

    boot_id: str
    pid: int
    start: str
    token: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Form that is stored in JSON."""
        return asdict(self)


@lru_cache(maxsize=1)
def boot_id() -> str:
    """A text that changes with every boot; empty where the system has none."""
    try:
        fd = os.open("/proc/sys/kernel/random/boot_id", os.O_RDONLY)
    except OSError:
        return ""
    try:
        return os.read(fd, 100).decode("ascii", "replace").strip()
    finally:
        os.close(fd)


def of(pid: int, token: str = "") -> Identity | None:
    """Identity of a process that exists now; None when there is none. A child not yet reaped counts, even if ended."""
    stat = read_stat(pid) if sys.platform == "linux" else None
    start = str(stat[2]) if stat else start_time(pid)
    return None if start is None else Identity(boot_id(), pid, start, token)


def parse(record: Any) -> Identity | None:
    """Identity in a stored record; None for anything malformed."""
    if not isinstance(record, dict):
        return None
    pid, start, boot, token = (record.get(name) for name in ("pid", "start", "boot_id", "token"))
    if type(pid) is not int or not all(isinstance(text, str) for text in (start, boot, token)):
        return None
    return Identity(boot, pid, start, token)  # type: ignore[arg-type]


def is_alive(identity: Identity | None) -> bool:
    """Whether exactly this process still runs."""
    if identity is None or identity.pid <= 1 or identity.boot_id != boot_id():
        return False
    return start_time(identity.pid) == identity.start and carries(identity.pid, identity.token)


def carries(pid: int, token: str) -> bool:
    """Whether the environment of a process holds the token, or cannot be read, or no token is asked for."""
    values = _environment_values(pid) if token else None
    return values is None or token in values


def surely_carries(pid: int, token: str) -> bool:
    """Like `carries`, but on Linux an environment that cannot be read counts against it, as for signals it must.

    For an instant after a program is started its environment reads as empty; that is waited out.
    """
    for _ in range(20):
        values = _environment_values(pid) if token else set()
        if values is not None:
            return not token or token in values
        time.sleep(0.005)
    return sys.platform != "linux"


def with_token(token: str) -> list[Identity]:
    """All live processes whose environment says that they belong to the job with this token."""
    found = []
    for pid in _pids():
        if pid <= 1 or pid == os.getpid() or start_time(pid) is None:
            continue
        values = _environment_values(pid, TOKEN)
        if values and token in values and (identity := of(pid, token)):
            found.append(identity)
    return found


def untraced_children() -> list[Identity]:
    """Our own children that carry no job's mark (Linux): orphans that came to us and dropped theirs.

    What carries the mark of another job was started by this one and outlives it.
    """
    me, found = os.getpid(), []
    for pid in _pids() if sys.platform == "linux" else ():
        stat = read_stat(pid)
        if stat and stat[1] == me and stat[0] not in "ZX" and _is_unmarked(pid):
            found.append(Identity(boot_id(), pid, str(stat[2])))
    return found


def _is_unmarked(pid: int) -> bool:
    """Whether an environment names no job, or stays empty for longer than a program takes to be started."""
    for _ in range(20):
        raw = _environment(pid)
        if raw != b"":
            break
        time.sleep(0.005)
    return raw is not None and not _environment_values(pid)


def _pids() -> list[int]:
    if sys.platform == "linux":
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    import psutil

    return psutil.pids()


def _environment_values(pid: int, name: str = "") -> set[str] | None:
    """Values of the token variables of a process; None when its environment cannot be read (yet)."""
    names = {name} if name else {TOKEN, SUPERVISOR_TOKEN}
    if sys.platform == "linux":
        raw = _environment(pid)
        if not raw:
            return None
        pairs = (item.partition("=") for item in raw.decode("utf-8", "replace").split("\0"))
        return {value for key, _, value in pairs if key in names}
    import psutil

    try:
        environment = psutil.Process(pid).environ()
    except psutil.Error:
        return None
    return {environment[key] for key in names if key in environment}


def _environment(pid: int) -> bytes | None:
    """The environment of a Linux process as it is stored; None when it may not be read or the process is gone."""
    try:
        fd = os.open(f"/proc/{pid}/environ", os.O_RDONLY)
    except OSError:
        return None
    try:
        raw = b""
        while part := os.read(fd, 1 << 16):
            raw += part
    except OSError:
        return None
    finally:
        os.close(fd)
    return raw
