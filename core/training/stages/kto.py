"""KTO (Ethayarajh et al. 2024): learning from single answers, each called good or bad."""

from __future__ import annotations

import random
from typing import Any

from trl import KTOConfig, KTOTrainer

from core.datasets.rows import Row, said
from core.jobs import JobContext
from core.training.keeping import Kept
from core.training.rows import Rows
from core.training.settings import TrainSettings
from core.training.stages.base import Data, Setup, longest_of, pairs_of, rows_of, split_answer, turns


def prepare(job: JobContext, settings: TrainSettings, tokenizer: Any) -> Data:
    """Tokenised answers with their labels; a pair makes a good and a bad one."""
    mixture = rows_of(job, settings)
    train, held_out = (_tokenised(rows, tokenizer, settings) for rows in (mixture.train, mixture.held_out))
    return Data(train, held_out, mixture.parts)


def _tokenised(rows: list[Row], tokenizer: Any, settings: TrainSettings) -> Rows:
    judged = [(turns(row)[:-1], said(row.messages[-1]), row.label) for row in rows if row.kind == "label"]
    for talk, better, worse in pairs_of(rows):
        judged += [(talk, better, True), (talk, worse, False)]
    # The trainer reads rows in their order, because neighbours are compared; good and bad must not stand apart.
    random.Random(settings.seed).shuffle(judged)
    found = Rows()
    for talk, answer, label in judged:
        prompt, ids = split_answer(talk, answer, tokenizer)
        room = settings.cutoff_len - len(prompt)
        if room < 1 or not ids:
            found.dropped += 1
            continue
        found.cut += len(ids) > room
        found.rows.append({"prompt_ids": prompt, "completion_ids": ids[:room], "label": label})  # type: ignore[dict-item]
        found.tokens += len(prompt) + len(ids[:room])
    return found


class JudgedTrainer(Kept, KTOTrainer):
    """KTOTrainer for rows that are tokens already."""

    def _prepare_dataset(self, dataset: Any, processing_class: Any, args: Any, name: str) -> Any:
        def mismatched(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
            """Every question of a batch with the answer to the one before: what answers are worth by themselves."""
            answers = rows["completion_ids"]
            return {"KL_completion_ids": [answers[-1], *answers[:-1]]}

        return dataset.map(mismatched, batched=True, batch_size=args.per_device_train_batch_size)


def build(setup: Setup) -> Any:
    """The trainer and its reporter."""
    rows = setup.data.train
    return setup.make(JudgedTrainer, KTOConfig, rows.rows, setup.data.held_out.rows, longest_of(rows), at_once=2,
                      max_length=None, beta=setup.settings.preference_beta, train_sampling_strategy="sequential")
