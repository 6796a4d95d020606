"""The pacer finds how much a service can take: a simulated service with slots, in simulated time."""

import heapq
from contextlib import ExitStack

import pytest

from core.llm.pacing import Pacer, run_many


def simulate(slots, requests, most=64):
    """(share of the best possible rate in the second half, limit at the end) for service times of 1.0, 1.2 and 1.4."""
    now, number, running, waiting, done = 0.0, 0, [], [], []
    pacer = Pacer(most, clock=lambda: now)
    while len(done) < requests:
        while pacer._busy < int(pacer.limit):
            stack = ExitStack()
            waiting.append((stack, stack.enter_context(pacer.slot())))
        while waiting and len(running) < slots:
            number += 1
            heapq.heappush(running, (now + 1.0 + 0.2 * (number % 3), number, *waiting.pop(0)))
        now, _, stack, succeeded = heapq.heappop(running)
        succeeded(50)
        stack.close()
        done.append(now)
    half = requests // 2
    return half / (done[-1] - done[half - 1]) / (slots / 1.2), pacer.limit


@pytest.mark.parametrize("slots", [1, 4, 32])
def test_the_service_is_filled_and_not_flooded(slots):
    share, limit = simulate(slots, 1000)
    assert share >= 0.95
    assert limit <= slots * 1.5 + 3


def test_refusals_halve_and_growth_returns():
    pacer = Pacer(32, start=16, clock=iter(range(100)).__next__)
    pacer.throttled()
    assert pacer.limit == 8
    pacer.throttled()
    assert pacer.limit == 4
    for _ in range(40):
        with pacer.slot() as succeeded:
            succeeded(1)
    assert pacer.limit > 4


def test_stop_starts_nothing_new():
    started = []
    stop = []
    work = run_many(range(100), lambda i: started.append(i) or i, workers=2, should_stop=lambda: bool(stop))
    for item, future in work:
        assert future.result() == item
        if item >= 5:
            stop.append(1)
    assert len(started) < 15


def test_a_steady_service_is_filled_from_the_first_request_on_and_recovers_from_a_stop() -> None:
    pacer = Pacer(most=8, steady=True)
    assert pacer.limit == 8
    pacer.throttled()
    assert pacer.limit == 4
    for _ in range(10):
        with pacer.slot() as done:
            done(10)
    assert pacer.limit == 8
