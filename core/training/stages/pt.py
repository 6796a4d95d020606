"""Continued pre-training: the model reads on in plain texts, without questions and answers."""

from __future__ import annotations

from typing import Any

from core.jobs import JobContext
from core.training.rows import Rows
from core.training.settings import TrainSettings
from core.training.stages import sft
from core.training.stages.base import Data, Setup, rows_of


def prepare(job: JobContext, settings: TrainSettings, tokenizer: Any) -> Data:
    """Texts one after the other, an end mark after each, cut into pieces of the cutoff length."""
    train, held_out = rows_of(job, settings)
    total = len(train) + len(held_out)
    return Data(_pieces([row.text for row in train], tokenizer, settings.cutoff_len, job, 0, total),
                _pieces([row.text for row in held_out], tokenizer, settings.cutoff_len, job, len(train), total))


def _pieces(texts: list[str], tokenizer: Any, cutoff_len: int, job: JobContext, before: int, total: int) -> Rows:
    from core.models.chat_template import plain_ids

    found, waiting = Rows(), []
    for done, text in enumerate(texts, 1):
        waiting += [*plain_ids(text, tokenizer), tokenizer.eos_token_id]
        while len(waiting) >= cutoff_len:
            _add(found, waiting[:cutoff_len])
            waiting = waiting[cutoff_len:]
        job.progress(before + done, total, "rows")
    if len(waiting) > 1:
        _add(found, waiting)
    return found


def _add(rows: Rows, ids: list[int]) -> None:
    rows.rows.append({"input_ids": ids, "labels": list(ids)})
    rows.tokens += len(ids)


def build(setup: Setup) -> Any:
    """As for conversations; every token counts."""
    return sft.build(setup)
