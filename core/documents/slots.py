"""How many limited children may read at the same time: no more than there are cores and free memory for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from core.jobs.capacity import free_memory, usable_cores

CHILD_BYTES = 1024**3
"""What a child takes when it reads pictures of pages; text pages take a third."""
_LOOK_S = 0.05


class Slots:
    """Shared by all conversions of a process; each running child holds one slot.

    Args:
        most: children at the same time; by default one for each core.
        child_bytes: a further child starts only while so much memory is free. One may always run.
        free: tells the free memory in bytes.
    """

    def __init__(self, most: int | None = None, child_bytes: int = CHILD_BYTES,
                 free: Callable[[], int] = free_memory) -> None:
        self.cores = most or usable_cores()
        self.most = max(1, min(self.cores, free() // max(1, child_bytes)))
        self._child_bytes, self._free = child_bytes, free
        self._lock, self._taken = threading.Lock(), 0

    @property
    def threads(self) -> int:
        """Threads that a child started now may use, so that all of them together do not ask for more than the cores."""
        return max(1, self.cores // max(1, self._taken))

    def try_take(self) -> bool:
        """Takes a slot if there is one."""
        with self._lock:
            if self._taken and (self._taken >= self.most or self._free() < self._child_bytes):
                return False
            self._taken += 1
            return True

    def take(self, should_stop: Callable[[], bool]) -> bool:
        """Waits for a slot; False when asked to stop meanwhile."""
        while not self.try_take():
            if should_stop():
                return False
            time.sleep(_LOOK_S)
        return True

    def give(self) -> None:
        """Gives a slot back."""
        with self._lock:
            self._taken -= 1
