"""What a service takes a minute is learned from its refusals; services with simulated clocks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import pytest

from core.llm.allowance import MARGIN_S, Allowance, Request

REPLY_S = 0.2


class Service:
    """Takes `most` requests in a window of a minute; counts what it refuses, too, when it is `strict`."""

    def __init__(self, most: int, strict: bool = False, fixed: bool = False) -> None:
        self.most, self.strict, self.fixed = most, strict, fixed
        self.seen: deque[float] = deque()

    def takes(self, now: float) -> bool:
        while self.seen and (self.seen[0] // 60 < now // 60 if self.fixed else self.seen[0] <= now - 60):
            self.seen.popleft()
        full = len(self.seen) >= self.most
        if not full or self.strict:
            self.seen.append(now)
        return not full


def drive(takes: Callable[[float], bool], seconds: float, workers: int = 8) -> tuple[int, int]:
    """(accepted, refused) in so many seconds by workers that ask again as soon as they may."""
    now, accepted, refused = 0.0, 0, 0
    allowance = Allowance(lambda: now)
    running: list[tuple[float, Request]] = []
    while now < seconds:
        for ends, request in [one for one in running if one[0] <= now]:
            running.remove((ends, request))
            allowance.ended(request)
        while len(running) < workers and isinstance(request := allowance.start(), Request):
            if takes(now):
                accepted += 1
                running.append((now + REPLY_S, request))
            else:
                refused += 1
                allowance.ended(request, refused=True)
        now = round(now + 0.05, 2)
    return accepted, refused


@pytest.mark.parametrize("service", [Service(60), Service(60, strict=True), Service(60, fixed=True), Service(500)],
                         ids=["sliding", "counts refusals", "fixed minutes", "500"])
def test_nearly_all_of_the_allowance_is_used_and_hardly_any_request_is_refused(service: Service) -> None:
    accepted, refused = drive(service.takes, 900)
    assert accepted >= 0.95 * service.most * 15 / (1 + MARGIN_S / 60)
    assert refused <= 0.02 * (accepted + refused)


def test_a_service_that_refuses_nothing_is_never_held_back() -> None:
    accepted, refused = drive(lambda now: True, 60)
    assert refused == 0 and accepted >= 0.8 * 8 * 60 / REPLY_S * REPLY_S / (REPLY_S + 0.05)


def test_one_refusal_for_another_reason_is_overcome() -> None:
    """A service that was full for a moment is soon used as before."""
    refusals = iter([True] * 2)
    accepted, _ = drive(lambda now: now < 5 or not next(refusals, False), 900)
    assert accepted >= 0.5 * 900 * 8 / (REPLY_S + 0.05)


def test_a_smaller_allowance_later_is_learned_anew() -> None:
    large, small = Service(100), Service(20)
    accepted, refused = drive(lambda now: (large if now < 300 else small).takes(now), 1500)
    assert accepted <= 100 * 5 + 20 * 21 and accepted >= 0.9 * (100 * 5 + 20 * 20)
    assert refused <= 0.04 * accepted
