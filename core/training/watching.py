"""What a run tells beside its curve: its first batch, answers to the person's own questions, how far a check is.

Imports torch; only the trainer process imports this module. Nothing here draws random numbers or changes the model, so
the losses are those of a run without it; and nothing here can end a run.
"""

from __future__ import annotations

import logging
from itertools import islice
from typing import Any

import torch
from transformers import TrainerCallback

from core.jobs import JobContext
from core.models.chat_template import encode_prompt, stop_ids
from core.storage import write_json
from core.training import ranks
from core.training.engine import Reporter
from core.training.seeing import pieces
from core.training.settings import TrainSettings, questions_of

ANSWER_TOKENS, ANSWER_S = 80, 6.0
"""Longest answer, and seconds that it may take."""
ROWS_SHOWN, TOKENS_SHOWN = 8, 600
log = logging.getLogger(__name__)


class Watcher(TrainerCallback):
    """Tells the journal what the page shows of a run in progress."""

    def __init__(self, job: JobContext, settings: TrainSettings, trainer: Any, reporter: Reporter,
                 tokenizer: Any) -> None:
        self.job, self.trainer, self.reporter, self.tokenizer = job, trainer, reporter, tokenizer
        self.settings, self.questions = settings, questions_of(settings)
        self.checked = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """The first batch, and what the model answers before it has learned anything."""
        if state.global_step == 0 and ranks.leads():
            self._quietly(self._show_batch)
            self._ask(0)

    def on_prediction_step(self, args: Any, state: Any, control: Any, eval_dataloader: Any = None, **kwargs: Any
                           ) -> None:
        """A batch of held-out rows was checked."""
        self.checked += 1
        total = len(eval_dataloader) if eval_dataloader is not None else None
        self.job.part("evaluate", self.checked, total)

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """The check is over."""
        self.checked = 0
        self.job.part("")

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """After each checkpoint the questions are asked again."""
        self._ask(state.global_step)

    def _ask(self, step: int) -> None:
        # One process can answer alone while the others wait, unless each has a part of the model only.
        if self.questions and ranks.leads() and (ranks.count() == 1 or self.settings.strategy == "ddp"):
            self.job.part("answer")
            self._quietly(lambda: self.job.item(answers=[self._answer(text) for text in self.questions], step=step))
            self.job.part("")
            self.reporter.restart_clock()

    def _answer(self, question: str) -> str:
        """The model's most likely answer, cut at the limits."""
        model, device = self.trainer.model, self.trainer.args.device
        talk = [{"role": "user", "content": question}]
        chats = bool(self.tokenizer.chat_template)
        given = encode_prompt(talk, self.tokenizer) if chats else self.tokenizer(question)["input_ids"]
        ids = torch.tensor([given], device=device)
        ends = stop_ids(self.tokenizer, getattr(model.generation_config, "eos_token_id", None))
        was_training = model.training
        model.eval()
        try:
            with torch.no_grad(), torch.random.fork_rng(enabled=True):
                made = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False,
                                      max_new_tokens=ANSWER_TOKENS, max_time=ANSWER_S, use_cache=True,
                                      eos_token_id=sorted(ends), pad_token_id=sorted(ends)[0],
                                      temperature=None, top_p=None, top_k=None)
        finally:
            model.train(was_training)
        return str(self.tokenizer.decode(made[0][ids.shape[1]:], skip_special_tokens=True)).strip()

    def _show_batch(self) -> None:
        """The rows of the first step with the text of each token and whether it counts."""
        if not hasattr(self.trainer, "sampler"):
            return
        self.trainer.sampler.set_epoch(0)
        rows = [self.trainer.train_dataset[n] for n in islice(iter(self.trainer.sampler), ROWS_SHOWN)]
        batch = min(len(rows), self.trainer.args.per_device_train_batch_size)
        write_json(self.job.ws.run(self.job.id).first_batch, [
            {"tokens": len(row["input_ids"]),
             "pieces": pieces(row["input_ids"][:TOKENS_SHOWN], row["labels"][:TOKENS_SHOWN], self.tokenizer)}
            for row in rows[:batch]])

    def _quietly(self, work: Any) -> None:
        """Does what is only to be looked at; a fault is told once and ends that alone."""
        try:
            work()
        except Exception:
            log.exception("what is shown beside the run")
            self.job.warn("train.warning.not_shown")
            self.questions = []
