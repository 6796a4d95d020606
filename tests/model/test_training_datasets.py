"""Real runs of a tiny model over two datasets: they learn both, stop and go on, in every stage."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from core import jobs
from core.jobs import JobStopped
from core.storage import Workspace
from core.training import TrainSettings, curves, stages
from core.training.trainer import train
from tests.fakes import tiny_run
from tests.model.test_training_trainer import _adapter, _distance, _stop_at

pytestmark = pytest.mark.model


def mixed(ws: Workspace, weight: float, stage: str = "sft", **changes: Any) -> TrainSettings:
    """A small run over the rows of a stage and, by weight, the same in other words."""
    plain = tiny_run.settings(ws, stage=stage, dataset=tiny_run.SETS[stage], **changes)
    second = tiny_run.make_second(ws, stage)
    return TrainSettings.load(plain.model_dump() | {"also": [{"dataset": second, "weight": weight}]})


def test_two_datasets_are_learned_and_a_resumed_run_equals_an_uninterrupted_one(ws: Workspace) -> None:
    settings = mixed(ws, 1.5, key_word_share=0.3, epochs=3, learning_rate=1e-2)
    whole = tiny_run.new_job(ws)
    train(whole, settings)
    losses = [loss for _, loss in curves(ws, whole.id).train]
    assert len(losses) == 3 * 13 and losses[-1] < losses[0] - 0.3  # 20 rows once, 20 one and a half times, by fours
    [told] = [event["facts"]["parts"] for event in jobs.events(ws, whole.id)[0] if event["type"] == "result"]
    assert [(part["dataset"], part["rows"]) for part in told] == [("tiny", 20), ("second", 30)]
    halves = tiny_run.new_job(ws)
    _stop_at(halves, 17)
    with pytest.raises(JobStopped):
        train(halves, settings)
    train(tiny_run.new_job(ws, halves.id), settings)
    assert _distance(_adapter(ws, whole.id), _adapter(ws, halves.id)) < 1e-5


@pytest.mark.parametrize("stage", tiny_run.SETS)
def test_every_stage_learns_from_all_rows_by_weight(ws: Workspace, stage: str) -> None:
    from transformers import AutoTokenizer

    settings = mixed(ws, 0.5, stage, packing=False)
    tokenizer = AutoTokenizer.from_pretrained(settings.model)
    job = tiny_run.new_job(ws)
    one = stages.module(stage).prepare(job, settings.model_copy(update={"also": ()}), tokenizer)
    both = stages.module(stage).prepare(job, settings, tokenizer)
    assert [part.rows for part in both.parts] == [20, 10] and one.parts == ()
    assert len(both.train.rows) == 1.5 * len(one.train.rows)
    assert len(both.held_out.rows) == (0 if stage == "rlhf" else 2 * len(one.held_out.rows))
    seen = Counter(map(str, both.train.rows))
    assert not Counter(map(str, one.train.rows)) - seen and max(seen.values()) == 1
