"""Copies with small changes are found among many rows; rows of one pattern, and contradictions, are no copies."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.near_duplicates import KINDS, changed, rows
from core.datasets.near import near_copies
from core.datasets.similar import bare


def test_planted_copies_are_found_and_nothing_else():
    draw = random.Random(11)
    every = rows(2000, draw)
    firsts = draw.sample(range(2000), 60)
    every += [changed(every[first], KINDS[n % len(KINDS)], draw) for n, first in enumerate(firsts)]
    found = near_copies(every)
    assert {copy for _, copy in found} <= set(range(2000, 2060))
    assert sum((first, 2000 + n) in found for n, first in enumerate(firsts)) >= 58


def test_numbers_and_what_must_be_equal_keep_rows_apart():
    alike = [(f"Which workshop looks after the cooling water pump number {n} of the plant?",) for n in range(300)]
    assert near_copies(alike) == []
    same = [("Is the long red valve of the main line open in winter?",)] * 3
    assert near_copies(same) == [(0, 1), (0, 2)]
    assert near_copies(same, same=["yes", "no", "yes"]) == [(0, 2)]
    assert near_copies([("",), ("水泵",), ("",)]) == [(0, 2)] and near_copies([]) == []


def test_a_large_crowd_of_copies_has_one_first():
    crowd = [(f"The quarterly inspection of the northern pumping station is due in {'May' + '!' * (n % 7)}",)
             for n in range(500)]
    assert near_copies(crowd) == [(0, n) for n in range(1, 500)]


@given(st.lists(st.text(alphabet="ab水 .", max_size=30), max_size=12))
def test_what_differs_in_marks_alone_is_always_found(texts):
    found = dict((copy, first) for first, copy in near_copies([(text,) for text in texts]))
    for number, text in enumerate(texts):
        earlier = [n for n in range(number) if bare(texts[n]) == bare(text)]
        assert not earlier or number in found
