"""A reward model: it learns to give the better of two answers the higher score."""

from __future__ import annotations

from typing import Any

from trl import RewardConfig, RewardTrainer

from core.jobs import JobContext
from core.training.keeping import Kept
from core.training.rows import Rows
from core.training.settings import TrainSettings
from core.training.stages.base import Data, Setup, longest_of, pairs_of, rows_of, tokenised_pairs


def prepare(job: JobContext, settings: TrainSettings, tokenizer: Any) -> Data:
    """Whole conversations with either answer, as tokens."""
    mixture = rows_of(job, settings)
    train, held_out = (_whole(tokenised_pairs(pairs_of(rows), tokenizer, settings.cutoff_len))
                       for rows in (mixture.train, mixture.held_out))
    return Data(train, held_out, mixture.parts)


def _whole(rows: Rows) -> Rows:
    rows.rows = [{name: row["prompt_ids"] + row[name] for name in ("chosen_ids", "rejected_ids")} for row in rows.rows]
    return rows


class ScoreTrainer(Kept, RewardTrainer):
    """RewardTrainer with our checkpoints; rows that are tokens already are taken as they are."""


def build(setup: Setup) -> Any:
    """The trainer and its reporter."""
    rows = setup.data.train
    return setup.make(ScoreTrainer, RewardConfig, rows.rows, setup.data.held_out.rows, longest_of(rows), at_once=2,
                      max_length=None)
