"""What a run over a dataset will take, told before it starts: rows that stay, steps, tokens, hours."""

from __future__ import annotations

from dataclasses import dataclass

from core.datasets.general import load_general
from core.training.settings import TrainSettings
from core.training.token_counts import TokenCounts


@dataclass(frozen=True)
class Expected:
    """Of one run with certain settings.

    Attributes:
        rows: seen in each pass, general conversations included.
        cut, dropped: rows of the dataset that lose their end, and that training leaves out.
        steps: optimiser steps of all passes.
        tokens: seen in all passes.
        seconds: of training itself; None while no run has shown how quick this computer is.
    """

    rows: int
    cut: int
    dropped: int
    steps: int
    tokens: int
    seconds: float | None


def expected(counts: TokenCounts, settings: TrainSettings, pace: float | None) -> Expected:
    """What training with these settings makes of a counted dataset.

    Args:
        pace: tokens a second, see `core.training.pace`.
    """
    cutoff = settings.cutoff_len
    cut, dropped = counts.cut(cutoff), counts.dropped(cutoff)
    share, pool = settings.general_share, len(load_general())
    general = min(pool, round(counts.rows * share / (1 - share))) if counts.rows else 0
    rows = counts.rows - dropped + general
    batches = -(-rows // settings.batch_size)
    steps = settings.epochs * -(-batches // settings.gradient_accumulation)
    tokens = settings.epochs * (counts.within_cutoff(cutoff) + round(counts.general * general / max(1, pool)))
    return Expected(rows, cut, dropped, steps, tokens, tokens / pace if pace else None)
