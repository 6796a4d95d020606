"""Learning from rewards: the model answers, a reward judges, and answers better than their group become likelier.

GRPO (Shao et al. 2024) or RLOO (Ahmadian et al. 2024).
"""

from __future__ import annotations

from typing import Any

from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer
from trl.trainer.utils import RepeatSampler

from core.datasets.reading import as_conversation
from core.jobs import JobContext
from core.models.chat_template import encode_prompt, stop_ids
from core.training.keeping import Kept
from core.training.rows import Rows
from core.training.settings import TrainSettings
from core.training.stages.base import Data, Setup, rows_of
from core.training.stages.rewards import reward_of


def prepare(job: JobContext, settings: TrainSettings, tokenizer: Any) -> Data:
    """Questions with the dataset's answer, which a rule may compare with. Nothing is held out."""
    found, mixture = Rows(), rows_of(job, settings)
    for row in mixture.train:
        *talk, last = as_conversation(row)
        tokens = len(encode_prompt(talk, tokenizer))
        if tokens >= settings.cutoff_len:
            found.dropped += 1
            continue
        found.rows.append({"prompt": talk, "answer": last["content"]})  # type: ignore[dict-item]
        found.tokens += tokens
    return Data(found, Rows(), mixture.parts)


class EpochSampler(RepeatSampler):
    """Questions in an order that seed and epoch alone decide, so a resumed run sees the same ones."""

    def set_epoch(self, epoch: int) -> None:
        """The next iteration gives the order of this epoch (0, 1, …)."""
        self.generator.manual_seed(self.seed * 1_000_003 + epoch)


class _Asked(Kept):
    """Prompts become tokens as everywhere in the program: what people wrote cannot steer the template."""

    def _get_train_sampler(self, dataset: Any = None) -> EpochSampler:
        made: Any = super()._get_train_sampler(dataset)
        names = ("data_source", "mini_repeat_count", "batch_size", "repeat_count", "shuffle", "seed")
        self.sampler = EpochSampler(**{name: getattr(made, name) for name in names})
        return self.sampler

    def _tokenize_prompts(self, prompts: list[Any]) -> tuple[list[list[int]], None, dict[str, Any]]:
        return [encode_prompt(prompt, self.processing_class) for prompt in prompts], None, {}


class GroupTrainer(_Asked, GRPOTrainer):
    """GRPOTrainer with our prompts and checkpoints."""


class LeaveOneOutTrainer(_Asked, RLOOTrainer):
    """RLOOTrainer with our prompts and checkpoints."""


def build(setup: Setup) -> Any:
    """The trainer and its reporter."""
    settings, tokenizer, rows = setup.settings, setup.tokenizer, setup.data.train.rows
    questions = min(settings.batch_size, len(rows))
    steps = settings.epochs * max(1, len(rows) // questions // settings.gradient_accumulation)
    model = setup.model
    model.generation_config.eos_token_id = stop_ids(tokenizer, model.generation_config.eos_token_id)
    grouped = settings.rlhf_method == "grpo"
    return setup.make(
        GroupTrainer if grouped else LeaveOneOutTrainer, GRPOConfig if grouped else RLOOConfig, rows, [],
        settings.cutoff_len + settings.answer_len, at_once=settings.answers_per_question, steps=steps,
        given={"reward_funcs": reward_of(setup.job, settings, setup.device)},
        num_generations=settings.answers_per_question, max_completion_length=settings.answer_len,
        per_device_train_batch_size=questions * settings.answers_per_question, beta=settings.preference_beta,
        log_completions=False)
