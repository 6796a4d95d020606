"""Requests on their way to the model: what is wanted, the bounded queue, and which of them form a batch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn. `temperature` 0 takes the likeliest; without `seed` every call differs."""

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    max_tokens: int = 256
    stop: tuple[str, ...] = ()


@dataclass(frozen=True)
class Delta:
    """News for the one who asked: more text, or the end (`finish`), or a fault (`error`, a catalogue key)."""

    text: str = ""
    finish: FinishReason | None = None
    error: str | None = None
    completion_tokens: int = 0

    @property
    def is_last(self) -> bool:
        return self.finish is not None or self.error is not None


@dataclass(eq=False)
class Work:
    """One request.

    Attributes:
        adapter: name of a loaded adapter, None for the base model.
        deliver: receives the news, called on the generation thread; must not block.
        group: (name, size) of requests that want to share a batch, such as before and after.
    """

    prompt: list[int]
    sampling: Sampling
    deliver: Callable[[Delta], None]
    adapter: str | None = None
    group: tuple[str, int] | None = None
    arrived: float = field(default_factory=time.monotonic)
    cancelled: bool = False


class QueueFull(Exception):
    """Too many requests wait already; the caller answers 429."""


class QueueClosed(Exception):
    """The server is stopping."""


class WorkQueue:
    """A bounded waiting line from which the generation thread takes batches.

    Args:
        limit: most requests that wait (those being answered do not count).
        max_batch: most rows of a batch.
        window_s: how long the first request waits for company.
        group_wait_s: how long an incomplete group is waited for.
        max_padded: most tokens of the padded prompt matrix, a memory bound.
    """

    def __init__(self, limit: int, max_batch: int = 16, window_s: float = 0.04, group_wait_s: float = 0.5,
                 max_padded: int = 16384) -> None:
        self.limit = limit
        self.max_batch = max_batch
        self._window_s = window_s
        self._group_wait_s = group_wait_s
        self._max_padded = max_padded
        self._items: list[Work] = []
        self._changed = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        return len(self._items)

    def put(self, work: Work) -> None:
        """Raises QueueFull or QueueClosed."""
        with self._changed:
            if self._closed:
                raise QueueClosed
            if len(self._items) >= self.limit:
                raise QueueFull
            self._items.append(work)
            self._changed.notify_all()

    def cancel(self, work: Work) -> None:
        """Forgets a waiting request at once; one that is being answered ends with its next token."""
        work.cancelled = True
        with self._changed:
            if work in self._items:
                self._items.remove(work)
                self._changed.notify_all()

    def close(self) -> list[Work]:
        """Lets nobody in any more and returns those who waited."""
        with self._changed:
            self._closed = True
            left, self._items = self._items, []
            self._changed.notify_all()
            return left

    def take(self) -> list[Work]:
        """Waits for requests and returns the next batch; an empty list means that the queue was closed."""
        with self._changed:
            while True:
                while not self._items and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return []
                missing = self._seconds_to_wait()
                if missing <= 0:
                    batch = select_batch(self._items, self.max_batch, self._max_padded)
                    self._items = [work for work in self._items if work not in batch]
                    return batch
                self._changed.wait(missing)

    def _seconds_to_wait(self) -> float:
        if len(self._items) >= self.max_batch:
            return 0.0
        first = self._items[0]
        wait = self._window_s
        if first.group is not None and sum(work.group == first.group for work in self._items) < first.group[1]:
            wait = self._group_wait_s
        return first.arrived + wait - time.monotonic()


def select_batch(waiting: list[Work], max_batch: int, max_padded: int) -> list[Work]:
    """The longest-waiting request, its group, and then those whose prompts are nearest to it in length.

    Nobody starves because the oldest always leads. A prompt that would more than double the padding waits
    for its own turn, unless it belongs to the group.
    """
    first = waiting[0]
    length = len(first.prompt)
    rest = sorted(waiting[1:], key=lambda work: (
        first.group is None or work.group != first.group, abs(len(work.prompt) - length), work.arrived))
    batch = [first]
    widest = narrowest = length
    for work in rest:
        size = len(work.prompt)
        wide, narrow = max(widest, size), min(narrowest, size)
        together = first.group is not None and work.group == first.group
        if len(batch) == max_batch or wide * (len(batch) + 1) > max_padded:
            break
        if not together and wide > 2 * narrow + 128:
            continue
        batch.append(work)
        widest, narrowest = wide, narrow
    return batch
