"""What is shown beside a run is true and changes nothing in it."""

from __future__ import annotations

import json

import pytest

from core.training import curves
from core.training.record import RECORDS
from core.training.rows import IGNORED
from core.training.trainer import train
from core.training.watching import Watcher
from tests.fakes import tiny_run

pytestmark = pytest.mark.model
ASKED = "How heavy is the mast?\n\n  How heavy is the lamp?  \nA third\nA fourth is not asked"


def test_questions_the_first_batch_and_checks_leave_the_losses_as_they_are(ws):
    plain, watched = tiny_run.new_job(ws), tiny_run.new_job(ws)
    train(plain, tiny_run.settings(ws))
    train(watched, tiny_run.settings(ws, questions=ASKED))
    one, other = curves(ws, plain.id), curves(ws, watched.id)
    assert (one.train, one.held_out, one.grad_norm) == (other.train, other.held_out, other.grad_norm)
    assert len(other.memory) == len(other.train) and min(held for _, held in other.memory) > 50_000_000
    record = RECORDS.of(ws, watched.id)
    assert sorted(record.answers) == [0, 5, 10] and {len(said) for said in record.answers.values()} == {3}
    assert record.part is None and record.checkpoints == [5, 10]
    assert RECORDS.of(ws, plain.id).answers == {}
    parts = [(e["name"], e["done"]) for e in _events(watched) if e["type"] == "part"]
    assert ("evaluate", 1) in parts and ("answer", 0) in parts


def test_the_first_batch_is_what_the_first_step_learned_from(ws):
    job = tiny_run.new_job(ws)
    fed = []
    original = Watcher._show_batch

    def spied(self):
        from itertools import islice

        original(self)
        fed.extend(self.trainer.train_dataset[n] for n in islice(iter(self.trainer.sampler), 4))

    Watcher._show_batch = spied
    try:
        train(job, tiny_run.settings(ws, epochs=1))
    finally:
        Watcher._show_batch = original
    shown = json.loads(ws.run(job.id).first_batch.read_text(encoding="utf-8"))
    assert [row["tokens"] for row in shown] == [len(row["input_ids"]) for row in fed] and len(shown) == 4
    for row, given in zip(shown, fed, strict=True):
        learned = "".join(text for text, trained, _ in row["pieces"] if trained)
        assert learned.endswith("<|im_end|>") and "weighs" in learned
        assert sum(n for _, trained, n in row["pieces"] if trained) == sum(x != IGNORED for x in given["labels"])


def test_a_fault_beside_the_run_is_told_and_ends_that_alone(ws, monkeypatch):
    def broken(self, question):
        raise RuntimeError("no answer")

    monkeypatch.setattr(Watcher, "_answer", broken)
    job = tiny_run.new_job(ws)
    train(job, tiny_run.settings(ws, questions="Why?"))
    assert len(curves(ws, job.id).train) == 10
    warned = [e["key"] for e in _events(job) if e["type"] == "warning"]
    assert warned.count("train.warning.not_shown") == 1


def _events(job):
    return [json.loads(line) for line in job.paths.events.read_text(encoding="utf-8").splitlines()]
