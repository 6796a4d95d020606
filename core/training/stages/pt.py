"""Continued pre-training: the model reads on in plain texts, without questions and answers."""

from __future__ import annotations

from typing import Any

from core.jobs import JobContext
from core.training.rows import Rows
from core.training.settings import TrainSettings
from core.training.stages import sft
from core.training.stages.base import Data, Setup, rows_of


def prepare(job: JobContext, settings: TrainSettings, tokenizer: Any) -> Data:
    """Texts with an end mark after each, cut into pieces of the cutoff length.

    Packed, they stand one after the other and pieces are full; otherwise a piece holds of one text only.
    """
    mixture = rows_of(job, settings)
    train, held_out = mixture.train, mixture.held_out
    total = len(train) + len(held_out)
    return Data(pieces([row.text for row in train], tokenizer, settings, job, 0, total),
                pieces([row.text for row in held_out], tokenizer, settings, job, len(train), total), mixture.parts)


def pieces(texts: list[str], tokenizer: Any, settings: TrainSettings, job: JobContext, before: int, total: int
           ) -> Rows:
    """The rows made of texts, each piece at most the cutoff length; nothing is lost but a lone last token.

    Args:
        before, total: for the progress: texts done before these, and all of them.
    """
    from core.models.chat_template import plain_ids

    found, waiting, cutoff_len = Rows(), [], settings.cutoff_len
    for done, text in enumerate(texts, 1):
        waiting += [*plain_ids(text, tokenizer), tokenizer.eos_token_id]
        while len(waiting) >= cutoff_len:
            _add(found, waiting[:cutoff_len])
            waiting = waiting[cutoff_len:]
        if not settings.packing:
            if len(waiting) > 1:
                _add(found, waiting)
            waiting = []
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
