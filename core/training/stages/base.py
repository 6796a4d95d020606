"""What the stages share: how a trainer of TRL is put together. Imports torch; only the trainer process does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.datasets.rows import Row, said
from core.jobs import JobContext
from core.models.chat_template import Message, encode
from core.training import kernels, mixing, ranks
from core.training.arguments import arguments, steps_in
from core.training.engine import Reporter
from core.training.hardware import Device, needs_checkpointing
from core.training.keeping import Best
from core.training.memory import at_once as computed_at_once
from core.training.methods import choose_weights, peft_config
from core.training.mixing import Mixture, Part
from core.training.products import quicken
from core.training.rows import Rows, last_answer
from core.training.settings import TrainSettings

Pair = tuple[list[Message], str, str]
"""A conversation up to the question, the better and the worse answer."""


@dataclass
class Data:
    """Rows of a run: to learn from, and held out; of several datasets how many rows each gave."""

    train: Rows
    held_out: Rows
    parts: tuple[Part, ...] = ()


@dataclass
class Setup:
    """What a stage makes its trainer of."""

    job: JobContext
    settings: TrainSettings
    tokenizer: Any
    model: Any
    device: Device
    data: Data

    def make(self, trainer: Any, config: Any, train: list[dict[str, Any]], held_out: list[dict[str, Any]],
             longest: int, *, at_once: int = 1, split: bool = False, steps: int | None = None,
             given: dict[str, Any] | None = None, **more: Any) -> tuple[Any, Reporter]:
        """The trainer, and the callback that reports to the job.

        Args:
            trainer: a class that `Kept` goes before; config: its arguments' class.
            longest: tokens of the longest sequence.
            at_once: sequences that a row makes; split: a batch is computed in parts.
            steps: optimiser steps of the whole run, when it is not one row a sequence.
            given: arguments of the trainer; `more` are fields of its configuration.
        """
        from datasets import Dataset

        job, settings = self.job, self.settings
        twice = settings.method != "prefix" and needs_checkpointing(
            self.model.config.get_text_config(),
            *computed_at_once(settings.batch_size * at_once, longest, split), self.device)
        if twice:
            job.warn("train.warning.checkpointing")
        choose_weights(self.model, settings)
        common = arguments(settings, str(job.ws.run(job.id).checkpoints), steps or steps_in(settings, len(train)),
                           bool(held_out), self.device, twice) | self._kernels()
        reporter = Reporter(job)
        callbacks: list[Any] = [reporter]
        if settings.early_stopping or settings.keep_best:
            if held_out:
                callbacks.append(Best(job, settings, self.tokenizer))
            else:
                job.warn("train.warning.no_checks")
        made = trainer(self.model, args=config(**common | more), train_dataset=Dataset.from_list(train),
                       eval_dataset=Dataset.from_list(held_out) if held_out else None,
                       processing_class=self.tokenizer, peft_config=peft_config(settings, self.model),
                       callbacks=callbacks, job=job, settings=settings, **given or {})
        if self.device.kind == "cpu" and ranks.count() == 1:
            quicken(made.model)
        reporter.trainer = made
        return made, reporter

    def _kernels(self) -> dict[str, Any]:
        kind, card = self.model.config.get_text_config().model_type, self.device.kind == "cuda"
        reason = kernels.why_not(self.settings, kind, card)
        if reason is not None:
            self.job.warn("train.warning.kernels", reason=reason.as_dict())
        return kernels.arguments(self.settings, kind, card)


def rows_of(job: JobContext, settings: TrainSettings) -> Mixture:
    """Typed rows to learn from and held out, without those that call tools."""
    return mixing.rows_of(job.ws, settings, lambda row: not row.calls_tools)


def turns(row: Row) -> list[Message]:
    """The messages of a row as plain ones."""
    return [{"role": m.role, "content": said(m)} for m in row.messages]


def pairs_of(rows: Iterable[Row]) -> list[Pair]:
    """Better and worse answers to the same question: of preference rows, or the best and worst of scored ones."""
    found: list[Pair] = []
    for row in rows:
        if row.chosen and row.rejected:
            found.append((turns(row), said(row.chosen), said(row.rejected)))
        elif len({answer.score for answer in row.answers}) > 1:
            ranked = sorted(row.answers, key=lambda answer: answer.score)
            found.append((turns(row), ranked[-1].content, ranked[0].content))
    return found


def split_answer(talk: list[Message], answer: str, tokenizer: Any) -> tuple[list[int], list[int]]:
    """Tokens up to an answer, and of the answer with the token that ends it: what training on it is about."""
    whole = encode([*talk, {"role": "assistant", "content": answer}], tokenizer)
    start, end = last_answer(whole.mask)
    return whole.ids[:start], whole.ids[start:end]


def tokenised_pairs(pairs: list[Pair], tokenizer: Any, cutoff_len: int) -> Rows:
    """Rows with `prompt_ids`, `chosen_ids` and `rejected_ids`, each answer cut at the limit; counts as in `Rows`."""
    found = Rows()
    for source, (talk, better, worse) in enumerate(pairs):
        prompt, chosen = split_answer(talk, better, tokenizer)
        _, rejected = split_answer(talk, worse, tokenizer)
        room = cutoff_len - len(prompt)
        if room < 1 or not chosen or not rejected or chosen[:room] == rejected[:room]:
            found.dropped += 1
            continue
        found.cut += len(chosen) > room or len(rejected) > room
        found.rows.append({"prompt_ids": prompt, "chosen_ids": chosen[:room], "rejected_ids": rejected[:room]})
        found.tokens += 2 * len(prompt) + len(chosen[:room]) + len(rejected[:room])
        found.sources.append(source)
    return found


def longest_of(rows: Rows) -> int:
    """Tokens of the longest sequence that a row can make."""
    return max(len(row.get("prompt_ids", ())) + max(len(ids) for name, ids in row.items()
                                                     if name.endswith("_ids") and name != "prompt_ids")
               for row in rows.rows)
