"""How long a dataset's rows are: as counted, or guessed from their letters until somebody counts."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

from core.datasets import DatasetInfo, get_dataset
from core.datasets.general import load_general
from core.datasets.reading import as_conversation, every_row
from core.datasets.rows import Row
from core.errors import UserError
from core.storage import Workspace
from core.training.general import how_many
from core.training.mixing import seen
from core.training.settings import TrainSettings
from core.training.token_counts import last_count

BUDGET_S = 0.08
"""Seconds that guessing may look at rows."""
_SAMPLE = 10_000
_LATIN, _OTHER, _TURN, _OPENING = 3.5, 1.3, 6, 20


@dataclass(frozen=True)
class Lengths:
    """Tokens of the training rows.

    Attributes:
        lengths: length before anything is cut → rows.
        counted: the same, of datasets whose tokens were counted; of others lengths are guessed.
        every: lengths of the rows as cut, general ones included; a sample of a large dataset.
        starts: place of the first trained token → counted rows.
        answers: share of the tokens that stand in answers.
        opening: tokens that all rows begin with.
        rows: of the datasets, without general ones.
        general: general rows that are mixed in.
    """

    lengths: dict[int, int]
    counted: dict[int, int]
    every: list[int]
    starts: dict[int, int]
    answers: float
    opening: int
    rows: int
    general: int

    @property
    def enough(self) -> int:
        """The least cutoff, in sixteens, that cuts nothing."""
        return -(-max(self.lengths, default=1) // 16) * 16

    def cut(self, cutoff_len: int) -> int:
        """Counted rows that are longer than the cutoff; 0 when lengths are guessed."""
        return sum(rows for length, rows in self.counted.items() if length > cutoff_len)

    def dropped(self, cutoff_len: int) -> int:
        """Counted rows of which no trained token is left; 0 when lengths are guessed."""
        return sum(rows for start, rows in self.starts.items() if start >= cutoff_len)

    def steps(self, settings: TrainSettings) -> int:
        """Optimiser steps of the whole run."""
        kept = self.rows + self.general - self.dropped(settings.cutoff_len)
        batches = -(-kept // (settings.batch_size * settings.world))
        return settings.epochs * -(-batches // settings.gradient_accumulation)

    def tokens(self, settings: TrainSettings) -> float:
        """Tokens of an epoch."""
        mean = sum(self.every) / max(1, len(self.every))
        return mean * (self.rows + self.general)


@dataclass(frozen=True)
class _Part:
    """One dataset of a run, each row as often as it is seen in a pass; names as in `Lengths`.

    Attributes:
        size: rows by the dataset's own count, which may be more than were looked at.
    """

    lengths: dict[int, int]
    starts: dict[int, int]
    answers: float
    rows: int
    size: int

    @property
    def tokens(self) -> int:
        """Of all rows that were looked at."""
        return sum(length * count for length, count in self.lengths.items())

    def texts(self) -> dict[int, int]:
        """Length of a text → texts, when those that were looked at stand for all."""
        share = max(self.size, self.rows) / max(1, sum(self.lengths.values()))
        return {length: round(count * share) for length, count in self.lengths.items()}


def known(ws: Workspace, info: DatasetInfo, settings: TrainSettings) -> Lengths:
    """What is known of the lengths. Counts of another model are better than letters.

    Args:
        info: of the run's own dataset.
    """
    parts = [_part(ws, info, 1.0), *(_part(ws, get_dataset(ws, one.dataset), one.weight) for one in settings.also)]
    if settings.stage == "pt":
        return _of_texts(_sum(part.texts() for part in parts), settings)
    general, general_lengths = _general(sum(part.size for part in parts),
                                        settings.general_share if settings.stage == "sft" else 0.0)
    lengths, cutoff = _sum(part.lengths for part in parts), settings.cutoff_len
    every = [min(length, cutoff) for length, count in lengths.items() for _ in range(count)]
    every += [min(length, cutoff) for length in general_lengths]
    answers = sum(part.answers * part.tokens for part in parts) / max(1, sum(part.tokens for part in parts))
    return Lengths(lengths, _sum(part.lengths for part in parts if part.starts), every,
                   _sum(part.starts for part in parts), answers, _OPENING, sum(part.rows for part in parts), general)


def _part(ws: Workspace, info: DatasetInfo, weight: float) -> _Part:
    counted, guess = last_count(ws, info), guessed(ws, info.id, info.state)
    size = max(info.rows, guess[1])
    if counted and counted.rows:
        return _Part(_often(counted.lengths, weight), _often(counted.starts, weight),
                     counted.trained / max(1, counted.tokens), seen(counted.rows, weight), seen(size, weight))
    return _Part(_often(dict(guess[0]), weight), {}, guess[2], seen(size, weight), seen(size, weight))


def _often(counts: dict[int, int], weight: float) -> dict[int, int]:
    """Counts by weight, rounded up: a rare length that may be drawn must not be forgotten."""
    return {length: ceil(count * weight) for length, count in counts.items()}


def _sum(counts: Iterable[dict[int, int]]) -> dict[int, int]:
    found: Counter[int] = Counter()
    for one in counts:
        found.update(one)
    return dict(found)


def pieces_of(lengths: dict[int, int], settings: TrainSettings) -> dict[int, int]:
    """What becomes of texts: length of a piece → how many. One token alone predicts nothing.

    Args:
        lengths: tokens of a text → how many texts.
    """
    if settings.packing:
        lengths = {sum(length * count for length, count in lengths.items()): 1}
    found: Counter[int] = Counter()
    for length, count in lengths.items():
        whole, rest = divmod(length, settings.cutoff_len)
        found[settings.cutoff_len] += whole * count
        found[rest] += count * (rest > 1)
    return {length: count for length, count in found.items() if count}


def _of_texts(lengths: dict[int, int], settings: TrainSettings) -> Lengths:
    pieces = pieces_of(lengths, settings)
    shown = max(1, -(-sum(pieces.values()) // _SAMPLE))
    every = [length for length, count in pieces.items() for _ in range(-(-count // shown))]
    return Lengths(pieces, {}, every, {}, 1.0, 0, sum(pieces.values()), 0)


@lru_cache(maxsize=16)
def guessed(ws: Workspace, dataset_id: str, state: str) -> tuple[tuple[tuple[int, int], ...], int, float]:
    """((length, rows) …, rows looked at, share of answers), from the letters of as many rows as there is time for.

    Args:
        state: of the dataset; a changed one is looked at anew.
    """
    found: Counter[int] = Counter()
    total = answered = 0.0
    end = time.monotonic() + BUDGET_S
    try:
        for row in every_row(ws, dataset_id, "train"):
            if isinstance(row, Row):
                talk = as_conversation(row)
                sizes = [letters(turn["content"]) + _TURN for turn in talk]
                total += sum(sizes) + _OPENING
                answered += sum(size for size, turn in zip(sizes, talk, strict=True) if turn["role"] == "assistant")
                found[round(sum(sizes)) + _OPENING] += 1
            if time.monotonic() > end:
                break
    except UserError:
        pass
    return tuple(sorted(found.items())), sum(found.values()), answered / total if total else 0.5


def letters(text: str) -> float:
    """About how many tokens a text has."""
    plain = sum(map(str.isascii, text))
    return plain / _LATIN + (len(text) - plain) * _OTHER


def _general(rows: int, share: float) -> tuple[int, list[int]]:
    """How many general rows are mixed in, and about how long those shipped are."""
    if share <= 0:
        return 0, []
    return how_many(rows, share), list(_general_lengths())


@lru_cache(maxsize=1)
def _general_lengths() -> tuple[int, ...]:
    try:
        pool = load_general()
    except UserError:
        return ()
    return tuple(round(sum(letters(turn["content"]) + _TURN for turn in talk)) + _OPENING for talk in pool)
