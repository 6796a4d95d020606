"""What this machine, or the container that it is, has for work right now: cores and free memory."""

from __future__ import annotations

import os

_V2 = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat")
_V1 = ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes",
       "/sys/fs/cgroup/memory/memory.stat")
_QUOTA = "/sys/fs/cgroup/cpu.max"


def usable_cores() -> int:
    """Cores that this process may use: its affinity and the quota of its container, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    quota, _, period = _read(_QUOTA).partition(" ")
    if quota.isdigit() and period.strip().isdigit() and int(period) > 0:
        cores = min(cores, -(-int(quota) // int(period)))
    return max(1, cores)


def free_memory() -> int:
    """Bytes that can be taken without swapping and without going over the limit of the container."""
    import psutil

    free = psutil.virtual_memory().available
    for most, used, parts in (_V2, _V1):
        limit, current = _read(most).strip(), _read(used).strip()
        if limit.isdigit() and current.isdigit():
            cached = next((int(line.split()[1]) for line in _read(parts).splitlines()
                           if line.startswith(("inactive_file ", "total_inactive_file "))), 0)
            free = min(free, max(0, int(limit) - int(current) + cached))
    return free


def _read(path: str) -> str:
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return ""
    try:
        return os.read(fd, 1 << 16).decode("ascii", "replace")
    except OSError:
        return ""
    finally:
        os.close(fd)
