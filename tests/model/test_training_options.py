"""Switches of a run: the best model kept, the early end, only the last answer, and every schedule and optimiser."""

from __future__ import annotations

import json
from collections import Counter
from importlib.util import find_spec

import pytest

from core.errors import UserError
from core.jobs import JobStopped
from core.storage import write_json
from core.training import curves
from core.training.keeping import best_step
from core.training.lengths import pieces_of
from core.training.rows import IGNORED, tokenise
from core.training.settings import SCHEDULERS
from core.training.stages.pt import pieces
from core.training.trainer import train
from tests.fakes import tiny_run
from tests.fakes.tiny_model import make_tokenizer
from tests.model.test_training_methods import distance, settings_of, stop_at, train_twice, weights

pytestmark = pytest.mark.model
TALK = [{"role": "user", "content": "one"}, {"role": "assistant", "content": "first"},
        {"role": "user", "content": "two"}, {"role": "assistant", "content": "second"}]


def warned(job):
    return [json.loads(line).get("key") for line in job.paths.events.read_text(encoding="utf-8").splitlines()]


def test_a_run_that_gets_worse_ends_early_and_keeps_its_best(ws):
    """The held-out rows answer otherwise than the rows that are learned, so learning makes them worse."""
    settings = settings_of(ws, learning_rate=0.02, epochs=10, evaluate_every=2, keep_best=True, early_stopping=2,
                           scheduler="constant")
    rows = json.loads((ws.data / "tiny_held_out.json").read_text(encoding="utf-8"))
    write_json(ws.data / "tiny_held_out.json", [{**row, "output": "zz qq 99"} for row in rows])
    job = tiny_run.new_job(ws)
    train(job, settings)
    held_out = curves(ws, job.id).held_out
    best = min(held_out, key=lambda point: point[1])[0]
    assert held_out[-1][0] == best + 4 < 50 and curves(ws, job.id).train[-1][0] == best + 4
    assert best_step(ws.run(job.id)) == best
    assert "train.warning.early_stop" in warned(job)
    until_best = tiny_run.new_job(ws)
    stop_at(until_best, best - 1)
    with pytest.raises(JobStopped):
        train(until_best, settings)
    assert distance(weights(ws, job.id, settings), weights(ws, until_best.id, settings)) < 1e-6


def test_without_held_out_rows_nothing_is_checked_and_that_is_said(ws):
    settings = settings_of(ws, keep_best=True, early_stopping=1)
    write_json(ws.data / "tiny_held_out.json", [])
    job = tiny_run.new_job(ws)
    train(job, settings)
    assert "train.warning.no_checks" in warned(job) and best_step(ws.run(job.id)) is None
    with pytest.raises(UserError) as caught:
        train(tiny_run.new_job(ws), settings_of(ws, scheduler="reduce_lr_on_plateau"))
    assert caught.value.key == "train.error.plateau"


def test_only_the_last_answer_counts():
    tokenizer = make_tokenizer()
    every, last = (tokenise([TALK], tokenizer, 512, lambda n: None, only).rows[0]["labels"] for only in (False, True))
    said = [tokenizer.decode([label for label in labels if label != IGNORED]) for labels in (every, last)]
    assert said == ["first<|im_end|>second<|im_end|>", "second<|im_end|>"]


@pytest.mark.parametrize("scheduler", [name for name in SCHEDULERS if name not in ("linear", "warmup_stable_decay")])
def test_schedules_do_what_they_are_called(ws, scheduler):
    job = tiny_run.new_job(ws)
    train(job, settings_of(ws, scheduler=scheduler, warmup_share=0.2, evaluate_every=1, min_rate_share=0.25))
    rates = [rate for _, rate in curves(ws, job.id).learning_rate]
    top = max(rates)
    assert top == pytest.approx(5e-3)
    if scheduler == "constant":
        assert set(rates) == {top}
    elif scheduler == "constant_with_warmup":
        assert rates[0] < rates[1] < rates[2] == top and set(rates[2:]) == {top}
    elif scheduler == "cosine_with_min_lr":
        assert 0.25 * top < rates[-1] < 0.35 * top
    elif scheduler == "cosine_with_restarts":
        assert any(after > before for before, after in zip(rates[3:], rates[4:], strict=False))
    else:
        assert rates[-1] <= rates[3] <= top


# APOLLO's licence keeps its package out of the requirements.
@pytest.mark.parametrize("optimizer", ["galore", *(["apollo"] if find_spec("apollo_torch") else [])])
def test_low_rank_optimisers_learn_and_go_on_with_the_projection_they_had(ws, optimizer):
    settings = settings_of(ws, method="full", optimizer=optimizer, projection_rank=8, projection_gap=5)
    losses = [loss for _, loss in curves(ws, train_twice(ws, settings)).train]
    assert sum(losses[-5:]) < sum(losses[:5])


def test_texts_are_packed_or_each_has_pieces_of_its_own(ws):
    tokenizer, texts = make_tokenizer(), ["How heavy is the anchor?", "x", "The mast. " * 9]
    job = tiny_run.new_job(ws)
    sizes = [len(tokenizer(text)["input_ids"]) + 1 for text in texts]
    for packing in (True, False):
        settings = settings_of(ws, stage="pt", cutoff_len=16, packing=packing)
        rows = [row["input_ids"] for row in pieces(texts, tokenizer, settings, job, 0, 3).rows]
        wanted = pieces_of({size: 1 for size in sizes}, settings)
        assert Counter(map(len, rows)) == wanted and sum(map(len, rows)) == sum(sizes)
        marks = [ids[:-1].count(tokenizer.eos_token_id) for ids in rows]
        assert (max(marks) > 0) is packing
    assert "".join(tokenizer.decode(ids) for ids in rows) == "".join(f"{text}<|im_end|>" for text in texts)
