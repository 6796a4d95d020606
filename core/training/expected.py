"""What a run over a dataset will take, told before it starts: rows that stay, steps, tokens, hours."""

from __future__ import annotations

from dataclasses import dataclass

from core.datasets.general import load_general
from core.training.arguments import steps_in
from core.training.general import how_many
from core.training.lengths import pieces_of
from core.training.settings import TrainSettings
from core.training.token_counts import TokenCounts


@dataclass(frozen=True)
class Expected:
    """Of one run with certain settings.

    Attributes:
        rows: seen in each pass, general conversations included.
        cut: rows of the dataset that are longer than the cutoff and lose their end.
        dropped: rows that training leaves out; conversations among them count as cut, too.
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
    if counts.kind == "text":
        return _of_texts(counts, settings, pace)
    share, pool = settings.general_share if counts.kind == "chat" else 0.0, len(load_general())
    general = how_many(counts.rows, share)
    rows = counts.rows - dropped + general
    if counts.kind != "chat":
        cut -= dropped
    sequences = 2 if counts.kind in ("preference", "scored") else 1
    seen = sequences * counts.within_cutoff(cutoff) + round(counts.general * general / max(1, pool))
    tokens = settings.epochs * seen
    return Expected(rows, cut, dropped, steps_in(settings, rows), tokens, tokens / pace if pace else None)


def _of_texts(counts: TokenCounts, settings: TrainSettings, pace: float | None) -> Expected:
    """Texts are cut into pieces of the cutoff length: nothing is lost."""
    pieces = sum(pieces_of(counts.lengths, settings).values())
    tokens = settings.epochs * counts.tokens
    return Expected(pieces, 0, 0, steps_in(settings, pieces), tokens, tokens / pace if pace else None)
