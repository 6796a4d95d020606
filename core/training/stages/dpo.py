"""Learning from pairs of a better and a worse answer.

DPO (Rafailov et al. 2023) and IPO (Azar et al. 2023) hold the model near its beginning; ORPO (Hong et al. 2024) and
SimPO (Meng et al. 2024) do without that comparison.
"""

from __future__ import annotations

import os
from typing import Any

from trl import DPOConfig, DPOTrainer

from core.jobs import JobContext
from core.training.keeping import Kept
from core.training.settings import TrainSettings
from core.training.stages.base import Data, Setup, longest_of, pairs_of, rows_of, tokenised_pairs

os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")


def prepare(job: JobContext, settings: TrainSettings, tokenizer: Any) -> Data:
    """Tokenised pairs."""
    mixture = rows_of(job, settings)
    train, held_out = (tokenised_pairs(pairs_of(rows), tokenizer, settings.cutoff_len)
                       for rows in (mixture.train, mixture.held_out))
    return Data(train, held_out, mixture.parts)


class PairTrainer(Kept, DPOTrainer):
    """DPOTrainer for rows that are tokens already."""

    def _prepare_dataset(self, dataset: Any, *args: Any) -> Any:
        return dataset


def build(setup: Setup) -> Any:
    """The trainer and its reporter."""
    settings, rows = setup.settings, setup.data.train
    held_out, longest = setup.data.held_out.rows, longest_of(rows)
    if settings.preference_loss in ("sigmoid", "ipo"):
        return setup.make(PairTrainer, DPOConfig, rows.rows, held_out, longest, at_once=2, max_length=None,
                          beta=settings.preference_beta, loss_type=[settings.preference_loss])
    trainer, config, more = _alone(settings)
    return setup.make(trainer, config, rows.rows, held_out, longest, at_once=2, max_length=settings.cutoff_len,
                      beta=settings.preference_beta, remove_unused_columns=False, **more)


def _alone(settings: TrainSettings) -> tuple[Any, Any, dict[str, Any]]:
    """Trainer, arguments' class and further arguments of the losses that need no comparison with the beginning."""
    if settings.preference_loss == "orpo":
        from trl.experimental.orpo import ORPOConfig, ORPOTrainer

        class OddsTrainer(Kept, ORPOTrainer):
            """ORPOTrainer for rows that are tokens already."""

            def tokenize_row(self, feature: dict[str, Any], model: Any = None) -> dict[str, Any]:
                return _sequences(feature)

        return OddsTrainer, ORPOConfig, {}
    from trl.experimental.cpo import CPOConfig, CPOTrainer

    class MarginTrainer(Kept, CPOTrainer):
        """CPOTrainer for rows that are tokens already."""

        def tokenize_row(self, feature: dict[str, Any], model: Any = None) -> dict[str, Any]:
            return _sequences(feature)

    return MarginTrainer, CPOConfig, {"loss_type": "simpo", "cpo_alpha": 0.0}


def _sequences(row: dict[str, Any]) -> dict[str, Any]:
    """A pair as these trainers read it: both sequences with their masks, labels at the answers."""
    prompt = row["prompt_ids"]
    made: dict[str, Any] = {"prompt_input_ids": prompt, "prompt_attention_mask": [1] * len(prompt)}
    for name in ("chosen", "rejected"):
        ids = prompt + row[f"{name}_ids"]
        made |= {f"{name}_input_ids": ids, f"{name}_attention_mask": [1] * len(ids),
                 f"{name}_labels": [-100] * len(prompt) + row[f"{name}_ids"]}
    return made
