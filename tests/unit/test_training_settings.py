"""The table of training settings, its YAML, and the curves that are read from a run's events."""

from __future__ import annotations

import math

import pytest

from core.errors import UserError
from core.i18n import LANGUAGES, t
from core.jobs import JobContext
from core.settings import InvalidSettings
from core.training import TrainSettings, curves, read_yaml, to_yaml
from core.training.runs import start_run


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_setting_has_a_label_and_one_sentence_of_help(lang):
    for name, field in TrainSettings.model_fields.items():
        assert t(f"train.{name}.label", lang)
        assert len(t(f"train.{name}.help", lang)) > 15
        for choice in (field.json_schema_extra or {}).get("choices") or []:
            assert t(f"train.{name}.choice.{choice}", lang)


def test_yaml_round_trip_keeps_every_value(tmp_path):
    settings = TrainSettings.load({"model": "/home/李/模型 \"x\": - y", "dataset": "ds-abc", "epochs": 3,
                                   "learning_rate": 3e-4, "lora_dropout": 0.1, "seed": 7})
    path = tmp_path / "run.yaml"
    path.write_text(to_yaml(settings), encoding="utf-8")
    assert read_yaml(path) == settings


def test_yaml_may_leave_out_what_has_a_default(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("\ufeffdataset: ds-abc\nlearning_rate: 0.0005\n", encoding="utf-8")
    assert read_yaml(path) == TrainSettings(dataset="ds-abc", learning_rate=0.0005)


@pytest.mark.parametrize("text", ["- a\n- b", "epochs: [", "!!python/object/apply:os.system ['true']", "\x00", "1: 2",
                                  "a: " + "[" * 5000])
def test_yaml_that_is_no_run_is_told(tmp_path, text):
    path = tmp_path / "run.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_yaml(path)
    assert caught.value.key == "train.error.yaml_damaged"
    with pytest.raises(UserError) as caught:
        read_yaml(tmp_path / "none.yaml")
    assert caught.value.key == "train.error.yaml_missing"


def test_all_wrong_values_are_told_at_once_by_their_labels():
    with pytest.raises(InvalidSettings) as caught:
        TrainSettings.load({"epochs": 0, "learning_rate": 5.0, "method": "magic", "rank": 3})
    text = caught.value.text("en")
    for part in ("Epochs must be ≥ 1", "Learning rate must be ≤ 0.1", "Method", "rank"):
        assert part in text


def test_a_run_needs_a_dataset(ws):
    with pytest.raises(UserError) as caught:
        start_run(ws, TrainSettings())
    assert caught.value.key == "train.error.no_dataset"
    assert not ws.runs.exists()


@pytest.fixture
def job(ws):
    ws.job("run-curves1").dir.mkdir(parents=True)
    return JobContext(ws, "run-curves1", {})


def test_curves_join_what_belongs_to_a_step(job, ws):
    for step in (1, 2, 3):
        job.metric(step=step, loss=3.0 / step, learning_rate=1e-3, tokens_per_second=100.0)
    job.metric(step=2, held_out_loss=2.5)
    found = curves(ws, job.id)
    assert found.train == ((1, 3.0), (2, 1.5), (3, 1.0))
    assert found.held_out == ((2, 2.5),)
    assert [step for step, _ in found.learning_rate] == [1, 2, 3]


def test_after_a_resume_no_step_is_doubled_or_stale(job, ws):
    for step in range(1, 8):
        job.metric(step=step, loss=1.0)
    job.metric(step=6, held_out_loss=9.0)
    job.item(resumed_from=4)
    assert [step for step, _ in curves(ws, job.id).train] == [1, 2, 3, 4]
    job.metric(step=5, loss=2.0)
    found = curves(ws, job.id)
    assert found.train == ((1, 1.0), (2, 1.0), (3, 1.0), (4, 1.0), (5, 2.0))
    assert found.held_out == ()


def test_numbers_that_are_none_leave_a_gap(job, ws):
    job.metric(step=1, loss=1.0)
    job.metric(step=2, loss=math.nan)
    job.metric(step=3, loss=math.inf)
    found = curves(ws, job.id)
    assert found.train == ((1, 1.0),)
    assert found.lost_steps == (2, 3)


def test_a_run_without_events_has_empty_curves(ws):
    assert curves(ws, "run-nothing").train == ()
