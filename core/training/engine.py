"""TRL's SFTTrainer with our checkpoints, batches by length, and the loss computed at answer tokens alone.

Imports torch; only the trainer process imports this module.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import torch
from torch.utils.data import Sampler
from transformers import TrainerCallback
from trl import SFTTrainer

from core.errors import UserError
from core.jobs import JobContext
from core.training import ranks
from core.training.answer_loss import summed_loss
from core.training.hardware import used_bytes
from core.training.keeping import Kept
from core.training.methods import rows_may_share
from core.training.row_attention import install
from core.training.sensors import Sensors
from core.training.settings import TrainSettings
from core.training.side_by_side import answer_states, parts, reach
from core.training.virtual import prompted

_LOST_STEPS = 3
_POOL_BATCHES = 4


class LengthGrouped(Sampler[int]):
    """Rows in random order, batches of similar length: pools of a few batches are sorted, then cut and shuffled.

    The order depends on seed and epoch alone, so a resumed run sees the same batches.

    Args:
        lengths: tokens of each row.
        batch_size: rows that are seen at once, by all processes together.
        instead: (epoch, row) → place in the dataset of another form of the row, seen there in that epoch.
        processes: how many share a batch; each takes every n-th of its rows, so that all have about as much to do.
        blank: place in the dataset of a row that counts for nothing, which fills up the last batch for several.
    """

    def __init__(self, lengths: list[int], batch_size: int, seed: int,
                 instead: dict[tuple[int, int], int] | None = None, processes: int = 1, blank: int = 0) -> None:
        self.lengths, self.batch_size, self.seed, self.epoch = lengths, batch_size, seed, 0
        self.instead, self.processes, self.blank = instead or {}, processes, blank

    def set_epoch(self, epoch: int) -> None:
        """The next iteration gives the order of this epoch (0, 1, …)."""
        self.epoch = epoch

    def __len__(self) -> int:
        batches = -(-len(self.lengths) // self.batch_size)
        return len(self.lengths) if self.processes == 1 else batches * self.batch_size

    def __iter__(self) -> Iterator[int]:
        rows = (self.instead.get((self.epoch, row), row) for row in self._order())
        return rows if self.processes == 1 else self._dealt(list(rows))

    def _dealt(self, rows: list[int]) -> Iterator[int]:
        """The share of each process in each batch, one after the other: they are handed out in this order."""
        for start in range(0, len(rows), self.batch_size):
            batch = rows[start:start + self.batch_size]
            for process in range(self.processes):
                share = batch[process::self.processes]
                yield from share
                yield from [self.blank] * (self.batch_size // self.processes - len(share))

    def _order(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        order = torch.randperm(len(self.lengths), generator=generator).tolist()
        pool = self.batch_size * _POOL_BATCHES
        pools = [sorted(order[i:i + pool], key=lambda row: -self.lengths[row]) for i in range(0, len(order), pool)]
        rows = [row for part in pools for row in part]
        batches = [rows[i:i + self.batch_size] for i in range(0, len(rows), self.batch_size)]
        # A last, smaller batch stays last: in the middle it would shift all that follow.
        last = [batches.pop()] if batches and len(batches[-1]) < self.batch_size else []
        for n in [*torch.randperm(len(batches), generator=generator).tolist()]:
            yield from batches[n]
        for batch in last:
            yield from batch


class AnswerTrainer(Kept, SFTTrainer):
    """SFTTrainer with batches by length that scores answers alone.

    On a graphics card TRL's fused head already scores answer tokens only; elsewhere it scores every token, so the
    loss is computed here from the hidden states at answer positions (same value, fewer products with the vocabulary).

    Args:
        lengths, instead: as in `LengthGrouped`.
        opening: tokens that all rows begin with.
        prompt_loss_weight: weight of a question's tokens in the loss that is trained; what is reported stays the
            loss of the answers. After Shi et al. 2024, "Instruction Tuning With Loss Over Instructions", which found
            it to help where answers are short and rows are few.
    """

    def __init__(self, *args: Any, lengths: list[int], opening: int = 0,
                 instead: dict[tuple[int, int], int] | None = None, prompt_loss_weight: float = 0.0,
                 **kwargs: Any) -> None:
        self.opening, self.prompt_weight, self.reported, self.seen = opening, prompt_loss_weight, 0.0, 0
        super().__init__(*args, **kwargs)
        several, blank = ranks.count(), len(kwargs["train_dataset"]) - 1
        self.sampler = LengthGrouped(lengths, self.args.per_device_train_batch_size * several, self.args.seed, instead,
                                     several, blank)
        plain = _has_plain_head(self.model)
        self.answers_only = plain and (self.args.device.type != "cuda" or prompt_loss_weight > 0)
        if prompt_loss_weight > 0 and not plain:
            self.job.warn("train.warning.no_prompt_loss")
        self.in_parts = computed_in_parts(self.model, self.settings, self.args.device.type)
        self.reach, shares = reach(self.model.config.get_text_config()), rows_may_share(self.settings)
        self.masked = not (shares and self.reach != 0 and self.in_parts and install(self._causal()))
        self.merges = shares and (self.reach is None or not self.masked)
        if several > 1:
            _score_in_forward(self.model, self._score)

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        return self.sampler

    def _causal(self) -> Any:
        """The model under wrappers of processes and adapters."""
        whole = self.accelerator.unwrap_model(self.model)
        return whole.get_base_model() if hasattr(whole, "get_base_model") else whole

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> Any:
        """A batch in parts that are quick to compute, where that is so; their gradients add up."""
        split = self.in_parts and num_items_in_batch is not None
        losses = [super(AnswerTrainer, self).training_step(model, part, num_items_in_batch)
                  for part in (parts(inputs) if split else [inputs])]
        return torch.stack(losses).sum() if len(losses) > 1 else losses[0]

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False,
                     num_items_in_batch: Any = None) -> Any:
        """Mean negative log-likelihood per answer token of the whole step, in training with that of the questions."""
        if return_outputs or not self.answers_only:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        asks = model.training and self.prompt_weight > 0
        answered, asked, count = self._score(inputs, asks) if ranks.count() == 1 else model(scored=(inputs, asks))
        tokens = torch.as_tensor(count if num_items_in_batch is None else num_items_in_batch).clamp(min=1)
        if num_items_in_batch is not None and ranks.count() > 1:
            # Counted over all processes; their gradients are averaged.
            answered, asked = answered * ranks.count(), asked * ranks.count()
        loss = answered / tokens
        if model.training:
            self.seen += int(inputs["attention_mask"].sum())
            self.reported += float(loss.detach())
        return loss + self.prompt_weight * asked / tokens if asks else loss

    def _score(self, inputs: dict[str, torch.Tensor], asks: bool) -> tuple[torch.Tensor, Any, int]:
        """Summed losses of answers and, when `asks`, of questions (else 0), and how many tokens answers have."""
        causal = self._causal()
        decoder = prompted(self.model) if self.settings.trains_prompt else causal.base_model
        states, targets, answers = answer_states(decoder, inputs, self.merges, self.opening if asks else None,
                                                 self.masked, self.reach)
        head = causal.get_output_embeddings()
        answered = summed_loss(head, states[answers], targets[answers])
        return answered, summed_loss(head, states[~answers], targets[~answers]) if asks else 0, int(answers.sum())

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Reports the loss of the answers, which the held-out rows' loss can be compared with."""
        if "loss" in logs:
            reported, seen = ranks.total(self.reported, self.seen)
            self._total_train_tokens += int(seen)
            if self.answers_only and self.prompt_weight > 0:
                logs = logs | {"loss": reported / ranks.count()}
            self.reported, self.seen = 0.0, 0
        super().log(logs, *args, **kwargs)


def _score_in_forward(model: Any, score: Callable[..., Any]) -> None:
    """Makes a call of the model with `scored` give the losses of a batch.

    What wraps a model for several processes gathers its weights before its forward and gradients after it.
    """
    plain = model.forward

    @wraps(plain)
    def forward(*args: Any, scored: tuple[Any, ...] | None = None, **kwargs: Any) -> Any:
        return plain(*args, **kwargs) if scored is None else score(*scored)

    model.forward = forward


def computed_in_parts(model: Any, settings: TrainSettings, device: str) -> bool:
    """Whether a batch is computed in parts, which keeps what is worked on in a processor's cache.

    Elsewhere a large batch is what keeps the device busy; 8-bit products look for outliers among all tokens that they
    get at once; several processes gather weights in the order of one pass.
    """
    return device == "cpu" and ranks.count() == 1 and settings.quantization != "8bit" and _has_plain_head(model)


def _has_plain_head(model: Any) -> bool:
    """Whether logits are nothing but hidden states times the output matrix, and there is no further loss."""
    config = model.config.get_text_config()
    scales = ("final_logit_softcapping", "logit_scale", "output_multiplier", "lm_head_multiplier", "logits_scaling")
    return all(getattr(config, name, None) in (None, 1, 1.0) for name in scales) \
        and not hasattr(config, "output_router_logits")


class Reporter(TrainerCallback):
    """Writes what happens to the job's journal, and carries its request to stop to the trainer."""

    def __init__(self, job: JobContext) -> None:
        self.job = job
        self.trainer: Any = None
        self.stopped = False
        self.lost = 0
        self.tokens, self.moment = 0, time.monotonic()
        self.sensors = Sensors()

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """The clock of the speed starts here, not at the loading."""
        self.moment = time.monotonic()
        self.job.progress(state.global_step, state.max_steps, "steps")

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """A resumed epoch must get its own order; the library passes the number on for whole epochs only."""
        if hasattr(self.trainer, "sampler"):
            self.trainer.sampler.set_epoch(int((state.epoch or 0) + 1e-6))

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """After each optimiser step: progress, and the end when it was asked for."""
        self.job.progress(state.global_step, state.max_steps, "steps")
        if state.global_step < state.max_steps and ranks.agree(self.job.should_stop()):
            self.stopped = True
            control.should_save = True
            control.should_training_stop = True
        # Not when stopped: an evaluation draws random numbers, and a resumed run must equal an uninterrupted one.
        if self.trainer is not None and self.trainer.eval_dataset is not None and state.global_step >= state.max_steps:
            control.should_evaluate = True

    def on_substep_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """After each batch of a step that has several."""
        self.job.alive()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **kwargs: Any) -> None:
        """One metric event a step; the held-out loss joins the step it was measured after."""
        logs = logs or {}
        if "eval_loss" in logs:
            self.job.metric(step=state.global_step, held_out_loss=logs["eval_loss"])
            self.restart_clock()
        elif "loss" in logs:
            self.job.metric(step=state.global_step, epoch=round(state.epoch or 0, 4), loss=logs["loss"],
                            learning_rate=logs.get("learning_rate"), grad_norm=logs.get("grad_norm"),
                            tokens_per_second=self._speed(), memory=used_bytes(), **self.sensors.now(),
                            **_further(logs))
            self._watch(logs["loss"], state.global_step)

    def restart_clock(self) -> None:
        """What was done since the last step is not training, and does not count as its time."""
        self.moment = time.monotonic()

    def _speed(self) -> float | None:
        """Tokens a second since the last step, padding not counted."""
        now = time.monotonic()
        total = getattr(self.trainer, "_total_train_tokens", 0) or 0
        tokens, seconds = total - self.tokens, now - self.moment
        self.tokens, self.moment = total, now
        return round(tokens / seconds, 1) if seconds > 0 else None

    def _watch(self, loss: float, step: int) -> None:
        """Ends the run with a plain cause when the loss has not been a number for some steps."""
        self.lost = 0 if math.isfinite(loss) else self.lost + 1
        if self.lost >= _LOST_STEPS:
            raise UserError("train.error.loss_lost", step=step)


# What trainers of other stages tell beside their loss: TRL's name → ours.
_FURTHER = {"reward": "reward", "rewards/margins": "reward_margin", "margin": "reward_margin",
            "rewards/accuracies": "reward_accuracy", "accuracy": "reward_accuracy", "kl": "kl"}


def _further(logs: dict[str, float]) -> dict[str, float]:
    return {ours: float(logs[theirs]) for theirs, ours in _FURTHER.items() if theirs in logs}
