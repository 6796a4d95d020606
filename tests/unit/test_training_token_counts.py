"""What the lengths of rows say: shares, bars, rows that a cutoff cuts or leaves out."""

from __future__ import annotations

from core.training.token_counts import TokenCounts

COUNTS = TokenCounts("m", {10: 5, 20: 4, 100: 1}, {8: 9, 60: 1}, 90, 30, 0)


def test_totals_and_shares():
    assert (COUNTS.rows, COUNTS.tokens, COUNTS.longest) == (10, 230, 100)
    assert (COUNTS.within(0.5), COUNTS.within(0.9), COUNTS.within(1.0)) == (10, 20, 100)


def test_a_cutoff_cuts_longer_rows_and_leaves_out_those_whose_answer_begins_beyond_it():
    assert [COUNTS.cut(n) for n in (9, 10, 19, 99, 100)] == [10, 5, 5, 1, 0]
    assert [COUNTS.dropped(n) for n in (8, 9, 60, 61)] == [10, 1, 1, 0]


def test_bars_hold_every_row_once():
    bars = COUNTS.bins(5)
    assert bars == [(20, 9), (40, 0), (60, 0), (80, 0), (100, 1)]
    for count in (1, 2, 3, 7, 24, 1000):
        assert sum(rows for _, rows in COUNTS.bins(count)) == COUNTS.rows
    assert TokenCounts("m", {1: 3}, {0: 3}, 0, 0, 0).bins() == [(1, 3)]
    empty = TokenCounts("m", {}, {}, 0, 0, 2)
    assert empty.bins() == [] and (empty.rows, empty.longest, empty.within(0.5)) == (0, 0, 0)
