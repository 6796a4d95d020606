"""The loss is that of a plain computation, and batches are grouped by length without losing a row."""

from __future__ import annotations

import os

import pytest

from core.datasets import conversations
from core.training import curves
from core.training.arguments import steps_in
from core.training.key_words import cut_questions
from core.training.rows import IGNORED, tokenise
from core.training.trainer import train
from tests.fakes import tiny_run
from tests.fakes.tiny_model import make_tokenizer

pytestmark = pytest.mark.model


def _reference(folder, rows, settings):
    """Losses of a plain loop: padded rows, full logits, AdamW with the same schedule, no trainer library."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, set_seed

    from core.training.engine import LengthGrouped

    set_seed(settings.seed)
    base = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model = get_peft_model(base, LoraConfig(r=settings.lora_rank, lora_alpha=settings.lora_alpha,
                                            target_modules="all-linear", task_type="CAUSAL_LM"))
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=settings.learning_rate, weight_decay=0.0)
    sampler = LengthGrouped([len(row["input_ids"]) for row in rows], settings.batch_size, settings.seed)
    losses, total = [], steps_in(settings, len(rows))
    opening = len(os.path.commonprefix([row["input_ids"] for row in rows]))
    for epoch in range(settings.epochs):
        sampler.set_epoch(epoch)
        order = list(sampler)
        for start in range(0, len(order), settings.batch_size):
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * (1 - len(losses) / total)
            batch = [rows[i] for i in order[start:start + settings.batch_size]]
            loss, questions = _padded_losses(model, batch, opening)
            optimizer.zero_grad()
            (loss + settings.prompt_loss_weight * questions).backward()
            torch.nn.utils.clip_grad_norm_(weights, settings.max_grad_norm)
            optimizer.step()
            losses.append(float(loss.detach()))
    return losses


def _padded_losses(model, batch, opening):
    """Mean loss of the answers' tokens, and the sum over those of questions divided by the answers' count."""
    import torch

    width = max(len(row["input_ids"]) for row in batch)
    ids = torch.tensor([row["input_ids"] + [0] * (width - len(row["input_ids"])) for row in batch])
    labels = torch.tensor([row["labels"] + [IGNORED] * (width - len(row["labels"])) for row in batch])
    seen = torch.tensor([[1] * len(row["input_ids"]) + [0] * (width - len(row["input_ids"])) for row in batch])
    logits = model(input_ids=ids, attention_mask=seen).logits[:, :-1]
    asked = torch.where((labels == IGNORED) & (seen == 1), ids, IGNORED)
    asked[:, :opening] = IGNORED
    answers, questions = (torch.nn.functional.cross_entropy(logits.flatten(0, 1), wanted[:, 1:].flatten(),
                                                            reduction="sum") for wanted in (labels, asked))
    count = (labels[:, 1:] != IGNORED).sum()
    return answers / count, questions / count


@pytest.mark.parametrize("weight", [0.0, 0.3])
def test_every_step_has_the_loss_of_a_plain_loop(ws, weight):
    settings = tiny_run.settings(ws, lora_dropout=0.0, warmup_share=0.0, prompt_loss_weight=weight,
                                 key_word_share=0.0)
    job = tiny_run.new_job(ws)
    train(job, settings)
    rows = tokenise(conversations(ws, tiny_run.DATASET), make_tokenizer(), settings.cutoff_len, lambda n: None).rows
    expected = _reference(ws.models / "tiny", rows, settings)
    assert [loss for _, loss in curves(ws, job.id).train] == pytest.approx(expected, abs=1e-4)


def test_accumulated_batches_weigh_every_token_the_same(ws):
    """Two half batches added up give the loss of the whole batch, though their answers differ in length."""
    whole, halves = tiny_run.new_job(ws), tiny_run.new_job(ws)
    train(whole, tiny_run.settings(ws, epochs=1, lora_dropout=0.0, batch_size=20))
    train(halves, tiny_run.settings(ws, epochs=1, lora_dropout=0.0, batch_size=10, gradient_accumulation=2))
    one, other = curves(ws, whole.id).train, curves(ws, halves.id).train
    assert len(one) == len(other) == 1
    assert one[0][1] == pytest.approx(other[0][1], abs=1e-4)


def test_every_row_once_an_epoch_in_an_order_of_its_own():
    from core.training.engine import LengthGrouped

    lengths = [n % 37 + 1 for n in range(101)]
    sampler = LengthGrouped(lengths, 8, seed=1)
    first = list(sampler)
    sampler.set_epoch(1)
    second = list(sampler)
    assert sorted(first) == sorted(second) == list(range(101))
    assert first != second
    sampler.set_epoch(0)
    assert list(sampler) == first
    spread = [max(lengths[i] for i in first[n:n + 8]) - min(lengths[i] for i in first[n:n + 8])
              for n in range(0, 96, 8)]
    assert sum(spread) / len(spread) < 18


def test_a_row_is_seen_in_its_other_form_in_that_epoch_only():
    from core.training.engine import LengthGrouped

    plain, sampler = LengthGrouped([5] * 20, 4, seed=1), LengthGrouped([5] * 20, 4, seed=1, instead={(0, 3): 20})
    assert [20 if row == 3 else row for row in plain] == list(sampler)
    for one in (plain, sampler):
        one.set_epoch(1)
    assert list(plain) == list(sampler)


def test_cut_questions_join_the_rows_with_their_answers_whole(ws):
    settings = tiny_run.settings(ws)
    talks = conversations(ws, tiny_run.DATASET)
    talks = [[{**m, "content": f"What is the code of part {n}?"} if m["role"] == "user" else m for m in talk]
             for n, talk in enumerate(talks)]
    tokenizer = make_tokenizer()
    rows = tokenise(talks, tokenizer, settings.cutoff_len, lambda n: None)
    forms = cut_questions(talks, 3, 0.5, seed=1)
    rows.add_forms(forms, tokenizer, settings.cutoff_len)
    assert 0.3 < len(forms) / (3 * len(talks)) < 0.7
    assert len(rows.rows) == len(talks) and set(rows.instead) == set(forms)
    for (_, row), place in rows.instead.items():
        kept, cut = rows.rows[row], rows.every[place]
        answer = [token for token in kept["labels"] if token != -100]
        assert [token for token in cut["labels"] if token != -100] == answer
        assert len(cut["input_ids"]) <= len(kept["input_ids"])
