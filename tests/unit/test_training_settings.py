"""The table of training settings, its YAML, and the curves that are read from a run's events."""

from __future__ import annotations

import math
import random

import pytest

from core.errors import UserError
from core.i18n import LANGUAGES, t
from core.jobs import JobContext
from core.jobs.history import append_event
from core.settings import InvalidSettings
from core.training import TrainSettings, curves, read_yaml, record, to_yaml
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


def test_yaml_runs_nothing(tmp_path):
    canary, path = tmp_path / "canary", tmp_path / "run.yaml"
    for tag in ("object/apply:os.mkdir", "object/new:os.mkdir", "name:os.mkdir", "object:os.mkdir"):
        for text in (f"!!python/{tag} ['{canary}']", f"model: !!python/{tag} ['{canary}']"):
            path.write_text(text, encoding="utf-8")
            with pytest.raises(UserError):
                read_yaml(path)
    assert not canary.exists()


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


def _naive(events):
    """Training and held-out points as a plain reader of all events has them."""
    steps = {}
    for event in events:
        if event["type"] == "item":
            steps = {step: values for step, values in steps.items() if step <= event["resumed_from"]}
        else:
            steps[event["step"]] = {**steps.get(event["step"], {}), **event}

    def points(name):
        return tuple((n, v[name]) for n, v in sorted(steps.items()) if v.get(name) is not None)
    lost = tuple(n for n, v in sorted(steps.items()) if "loss" in v and v["loss"] is None)
    return points("loss"), points("held_out_loss"), lost


@pytest.mark.parametrize("block", [200, 4_000_000])
def test_curves_are_those_of_a_plain_reader_whatever_the_order(job, ws, monkeypatch, block):
    monkeypatch.setattr(record, "_BLOCK_BYTES", block)
    draw, events = random.Random(5), []
    for number in range(300):
        step = draw.choice([number, number, number, draw.randrange(number + 1)])
        kind = draw.random()
        if kind < 0.02:
            events.append({"type": "item", "resumed_from": step})
        elif kind < 0.2:
            events.append({"type": "metric", "step": step, "held_out_loss": draw.random()})
        else:
            events.append({"type": "metric", "step": step, "loss": None if kind < 0.3 else draw.random()})
    for number, event in enumerate(events, 1):
        append_event(job.paths.events, event["type"], **{k: v for k, v in event.items() if k != "type"}, durable=False)
        if number % 60 == 0:
            found = curves(ws, job.id)
            assert (found.train, found.held_out, found.lost_steps) == _naive(events[:number])


def test_looking_at_a_curve_again_reads_only_what_was_added(job, ws, monkeypatch):
    for step in range(50):
        job.metric(step=step, loss=1.0)
    assert len(curves(ws, job.id).train) == 50
    asked, original = [], record.jobs.events
    monkeypatch.setattr(record.jobs, "events", lambda ws, id, offset, limit: (
        asked.append(offset), original(ws, id, offset, limit))[1])
    size = job.paths.events.stat().st_size
    job.metric(step=50, loss=0.5)
    assert curves(ws, job.id).train[-1] == (50, 0.5) and asked == [size]
    curves(ws, job.id)
    assert asked == [size], "nothing new, nothing read"


HOSTILE = (b'{"seq":1,"type":"metric","step":1,"loss":2.5,"memory":5}\n'
           b'{"seq":2,"type":"metric","step":2,"loss":NaN,"grad_norm":Infinity}\n'
           b'{"seq":3,"type":"metric","step":3,"loss":1e400,"learning_rate":-Infinity}\n'
           b'{"seq":4,"type":"metric","step":4,"loss":1' + b"0" * 400 + b'}\n'
           b'{"seq":5,"type":"metric","step":1' + b"0" * 400 + b',"loss":1}\n'
           b'{"seq":6,"type":"metric","step":"five","loss":1}\n{"seq":7,"type":"metric","step":-1,"loss":1}\n'
           b'{"seq":8,"type":"metric","step":5,"loss":"low"}\n\xff\xfe{"seq":9}\n'
           b'{"seq":10,"type":"metric","step":6,"loss":2.0}\n{"seq":11,"type":"metric","step":6,"loss":1.5}\n')
TORN = b'{"seq":12,"type":"metric","step":7,"loss":1.0'


def test_hostile_numbers_reach_neither_the_curve_nor_its_words(job, ws):
    job.paths.events.write_bytes(HOSTILE + TORN)
    found = curves(ws, job.id)
    assert found.train == ((1, 2.5), (6, 1.5)) and found.lost_steps == (2, 3)
    assert found.grad_norm == found.learning_rate == ()
    with job.paths.events.open("ab") as file:
        file.write(b"}\n")
    assert curves(ws, job.id).train == ((1, 2.5), (6, 1.5), (7, 1.0)), "once it is whole, the last line counts"
