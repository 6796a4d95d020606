"""Supervised fine-tuning: the model learns the answers of conversations."""

from __future__ import annotations

from typing import Any

from core.datasets.formats import Conversation
from core.datasets.reading import as_conversation
from core.jobs import JobContext
from core.training import mixing, ranks
from core.training.arguments import steps_in
from core.training.general import mix_general
from core.training.key_words import cut_questions
from core.training.mixing import Part
from core.training.rows import IGNORED, tokenise
from core.training.settings import TrainSettings
from core.training.stages.base import Data, Setup


def prepare(job: JobContext, settings: TrainSettings, tokenizer: Any) -> Data:
    """Training rows (with the general ones, and questions cut to key words) and held-out rows."""
    talks, held_out_talks, parts = _talks(job, settings)
    total = len(talks) + len(held_out_talks)
    rows = tokenise(talks, tokenizer, settings.cutoff_len, lambda n: job.progress(n, total, "rows"),
                    settings.mask_history)
    held_out = tokenise(held_out_talks, tokenizer, settings.cutoff_len,
                        lambda n: job.progress(len(talks) + n, total, "rows"), settings.mask_history)
    if rows.rows:
        forms = cut_questions([talks[n] for n in rows.sources], settings.epochs, settings.key_word_share,
                              settings.seed)
        rows.add_forms(forms, tokenizer, settings.cutoff_len)
    return Data(rows, held_out, parts)


def _talks(job: JobContext, settings: TrainSettings) -> tuple[list[Conversation], list[Conversation], tuple[Part, ...]]:
    """Conversations to learn from, the general ones last, and held-out ones; what each dataset gave."""
    mixture = mixing.rows_of(job.ws, settings)
    train, held_out = ([as_conversation(row) for row in rows] for rows in (mixture.train, mixture.held_out))
    return mix_general(train, settings.general_share, settings.seed), held_out, mixture.parts


def build(setup: Setup) -> Any:
    """The trainer and its reporter; also for continued pre-training, whose rows are answers from end to end."""
    from trl import SFTConfig

    from core.training.engine import AnswerTrainer, computed_in_parts

    rows = setup.data.train
    lengths = [len(row["input_ids"]) for row in rows.rows]
    asks = setup.settings.prompt_loss_weight if setup.settings.stage == "sft" else 0.0
    given = {"lengths": lengths, "instead": rows.instead, "opening": rows.opening(), "prompt_loss_weight": asks}
    # A row that counts for nothing: where the last batch has too few rows for all processes.
    blank = [{"input_ids": rows.rows[0]["input_ids"][:1], "labels": [IGNORED]}] if ranks.count() > 1 else []
    split = computed_in_parts(setup.model, setup.settings, setup.device.kind)
    return setup.make(AnswerTrainer, SFTConfig, rows.every + blank, setup.data.held_out.rows, max(lengths), given=given,
                      split=split, steps=steps_in(setup.settings, len(lengths)), max_length=None, packing=False,
                      dataset_kwargs={"skip_prepare_dataset": True})
