"""As many requests at once as the service can use: additive increase, halving when it says stop.

The service counts as full when a reply takes so much longer than at best that requests must be waiting in its queue:
limit × (1 − best / now) is the number waiting, as in TCP Vegas (Brakmo and Peterson, 1995).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

I = TypeVar("I")  # noqa: E741
O = TypeVar("O")  # noqa: E741

QUEUE_LOW, QUEUE_HIGH = 1.0, 3.0


class Pacer:
    """Limits concurrent requests; thread-safe.

    Args:
        most: never more requests at once than this.
        start: requests at once before anything is known.
    """

    def __init__(self, most: int = 16, start: int = 2, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self.limit = float(min(start, most))
        self._clock = clock
        self._busy = 0
        self._best = float("inf")
        self._probing = True
        self._halved_at = float("-inf")
        self._free = threading.Condition()

    @contextmanager
    def slot(self) -> Iterator[Callable[[float], None]]:
        """Waits for a free place; call the value it gives with the size of the reply (tokens) after a success."""
        with self._free:
            self._free.wait_for(lambda: self._busy < int(self.limit))
            self._busy += 1
        began = self._clock()
        try:
            yield lambda size: self._succeeded((self._clock() - began) / max(size, 1.0))
        finally:
            with self._free:
                self._busy -= 1
                self._free.notify_all()

    def throttled(self) -> None:
        """The service refused or timed out: half as many from now on, once per second at most."""
        with self._free:
            now = self._clock()
            if now - self._halved_at >= 1.0:
                self.limit, self._halved_at, self._probing = max(1.0, self.limit / 2), now, False

    def _succeeded(self, seconds: float) -> None:
        with self._free:
            self._best = min(self._best * 1.001, max(seconds, 1e-6))
            waiting = self.limit * (1 - self._best / max(seconds, 1e-6))
            if waiting > QUEUE_HIGH:
                self._probing = False
                self.limit = max(1.0, self.limit - 0.5 / self.limit)
            elif waiting < QUEUE_LOW or self._probing:
                self.limit = min(float(self.most), self.limit + (0.5 if self._probing else 1 / self.limit))
            self._free.notify_all()


def run_many(
    items: Sequence[I], work: Callable[[I], O], *, workers: int, should_stop: Callable[[], bool] = lambda: False
) -> Iterator[tuple[I, Future[O]]]:
    """Runs `work` over `items` in threads and yields each with its finished future, in order of completion.

    No item is started after `should_stop()` is true or after the consumer leaves; those in flight are waited for.
    """
    queue = iter(items)
    pending: dict[Future[O], I] = {}
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="helper") as pool:
        while True:
            while len(pending) < workers and not should_stop():
                try:
                    item = next(queue)
                except StopIteration:
                    break
                pending[pool.submit(work, item)] = item
            if not pending:
                return
            for future in wait(pending, timeout=0.5, return_when=FIRST_COMPLETED).done:
                yield pending.pop(future), future
