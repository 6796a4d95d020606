"""General conversations are mixed in by share, always the same ones for a seed."""

from __future__ import annotations

import pytest

from core.datasets.general import load_general
from core.training.general import mix_general

OWN = [[{"role": "user", "content": f"q{n}"}, {"role": "assistant", "content": f"a{n}"}] for n in range(40)]


def test_the_shipped_conversations_end_with_an_answer():
    pool = load_general()
    assert pool
    for talk in pool:
        assert talk[-1]["role"] == "assistant"
        assert all(message["content"].strip() for message in talk)


@pytest.mark.parametrize("share", [0.1, 0.2])
def test_the_share_is_that_of_all_rows(share):
    mixed = mix_general(OWN, share, seed=1)
    assert mixed[:40] == OWN
    assert (len(mixed) - 40) / len(mixed) == pytest.approx(share, abs=0.01)


def test_a_seed_takes_the_same_ones_and_none_twice():
    one = mix_general(OWN, 0.2, seed=1)
    assert one == mix_general(OWN, 0.2, seed=1)
    added = [str(talk) for talk in one[40:]]
    assert len(set(added)) == len(added)
    assert one != mix_general(OWN, 0.2, seed=2)


def test_there_are_never_more_than_are_shipped():
    assert len(mix_general(OWN * 100, 0.5, seed=1)) == 4000 + len(load_general())


def test_no_share_adds_nothing():
    assert mix_general(OWN, 0.0, seed=1) == OWN
    assert mix_general([], 0.2, seed=1) == []
