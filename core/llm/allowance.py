"""How many requests a minute a service takes, learned from its refusals (HTTP 429), and kept to from then on.

What was accepted in the minute before a refusal is the allowance; every later minute gets no more, wherever it begins,
which suits services that count by sliding and by fixed minutes. A refusal may also mean that too many were in work at
once; so a single request beyond the allowance is tried now and then, and the allowance grows when it is accepted.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

WINDOW_S = 60.0
MARGIN_S = 0.3
"""Clocks differ and requests travel: so much longer than a minute is waited."""
_LOOK_S, _SURE_S = 0.05, 2.0
_FIRST_TRY, _RARER, _RAREST = 0.25, 3.0, 10.0
"""Windows until a request beyond the allowance is tried, how much rarer after each that is refused, and at the most."""
_GROWTH = 1.5


@dataclass(eq=False)
class Request:
    """One request since its start; `outcome` is "" while it runs, then "accepted" or "refused"."""

    started: float
    beyond: bool = False
    outcome: str = ""


class Allowance:
    """Thread-safe. Times in seconds.

    Args:
        window_s: what a service counts in.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, window_s: float = WINDOW_S) -> None:
        self.most: int | None = None
        self.window_s = window_s
        self._clock, self._lock = clock, threading.Lock()
        self._recent: deque[Request] = deque()
        self._refused: list[Request] = []
        self._patience, self._try_at = _FIRST_TRY * window_s, 0.0
        self._asked_to_wait: float | None = None

    def start(self) -> Request | float:
        """A request that may begin now, or after how many seconds to ask again."""
        with self._lock:
            now = self._clock()
            while self._recent and self._recent[0].started <= now - self.window_s - MARGIN_S:
                self._recent.popleft()
            if self._refused and not self._learn(now):
                return _LOOK_S
            beyond = self.most is not None and len(self._recent) >= self.most
            if beyond and (wait := self._wait(now)):
                return wait
            self._recent.append(Request(now, beyond))
            return self._recent[-1]

    def _wait(self, now: float) -> float:
        """Seconds until a request is within the allowance again, or one beyond it may be tried; 0 for such a one now.

        One alone is tried, and only while the window is surely full: else its acceptance would say nothing.
        """
        assert self.most is not None
        free = self._recent[-self.most].started + self.window_s + MARGIN_S - now
        alone = all(request.outcome for request in self._recent)
        full = sum(request.outcome == "accepted" and request.started > now - self.window_s + _SURE_S
                   for request in self._recent) >= self.most
        if alone and now >= self._try_at and (full or not self._accepted_any()):
            return 0.0
        return max(_LOOK_S, min(free, self._try_at - now if now < self._try_at else _LOOK_S * 4))

    def _accepted_any(self) -> bool:
        return any(request.outcome == "accepted" for request in self._recent)

    def ended(self, request: Request, refused: bool = False, wait_s: float | None = None) -> None:
        """Tells how a request ended; every other fault than a refusal for too many counts as accepted.

        Args:
            wait_s: when the service says that it may be asked again.
        """
        with self._lock:
            request.outcome = "refused" if refused else "accepted"
            if refused:
                self._refused.append(request)
                self._asked_to_wait = wait_s
            elif request.beyond and self.most is not None:
                self.most, self._try_at = max(self.most + 1, int(self.most * _GROWTH)), 0.0

    def _learn(self, now: float) -> bool:
        """Takes the allowance from what was accepted before the first refusal; False while requests that began with it
        are still running."""
        first = min(request.started for request in self._refused)
        if any(not request.outcome and request.started <= now for request in self._recent):
            return False
        if all(request.beyond for request in self._refused):
            self._patience = min(self._patience * _RARER, _RAREST * self.window_s)
            told = None if self._accepted_any() else self._asked_to_wait
            self._try_at = now + (self._patience if told is None else told)
        else:
            self.most = max(1, sum(request.outcome == "accepted" and request.started > first - self.window_s
                                   for request in self._recent))
            self._patience = _FIRST_TRY * self.window_s
            self._try_at = now + (self._patience if self._asked_to_wait is None else self._asked_to_wait)
        self._refused.clear()
        return True
