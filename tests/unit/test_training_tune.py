"""What a tuning may try, how its journal is read, what the page says of it; what was measured of which run."""

from __future__ import annotations

from typing import Any

import pytest

from core import jobs
from core.errors import UserError
from core.jobs import JobState, JobView
from core.jobs.history import append_event
from core.storage import Workspace
from core.training import TrainSettings, measured, trials
from core.training.measuring import Clock
from core.training.tune_settings import TuneSettings, space
from webui.page import Call
from webui.tabs import train_tune


def tuning(ws: Workspace, events: list[dict[str, Any]], **values: Any) -> trials.Tuning:
    """A tuning whose journal has these events."""
    ws.job("job-tune").dir.mkdir(parents=True)
    for event in events:
        append_event(ws.job("job-tune").events, **event)
    told, plan = trials.told(ws, "job-tune")
    params = {"train": TrainSettings(dataset="rows").model_dump(), "tune": TuneSettings(**values).model_dump()}
    view = JobView("job-tune", "tune", "Rows", JobState.DONE, params=params)
    return trials.Tuning(view, tuple(told), plan, trials.best_of(told))


def item(number: int, state: str, held_out: float | None = None, **more: Any) -> dict[str, Any]:
    values = {"learning_rate": 1e-3 if number == 1 else 2e-3, "lora_rank": 16, "epochs": 4}
    return {"type": "item", "trial": number, "values": values, "state": state, "held_out": held_out, **more}


PLAN = {"rows": 60, "of": 100, "held_out": 20, "held_out_of": 30, "epoch_s": 30.0, "check_s": 5.0, "start_s": 10.0}


def test_only_settings_that_the_method_has_are_tried() -> None:
    assert set(space(TrainSettings(method="oft"), TuneSettings()).bounds) == {"learning_rate", "epochs"}
    with pytest.raises(UserError) as caught:
        space(TrainSettings(method="full"), TuneSettings(learning_rate=False, epochs=False))
    assert caught.value.key == "tune.error.nothing"
    with pytest.raises(UserError) as caught:
        space(TrainSettings(), TuneSettings(epochs_low=5, epochs_high=2))
    assert caught.value.key == "tune.error.range" and "5" in caught.value.text("en")


def test_the_strength_of_the_adapter_stays_and_ranks_are_doublings() -> None:
    room = space(TrainSettings(lora_rank=16, lora_alpha=32), TuneSettings(lora_rank_low=6, lora_rank_high=40))
    assert room.ranks == [6, 8, 16, 32, 40]
    assert room.settings({"lora_rank": 8}).lora_alpha == 16
    assert room.own() == {"learning_rate": 1e-3, "lora_rank": 16, "epochs": 4}
    assert space(TrainSettings(epochs=50), TuneSettings()).own() is None


def test_the_best_is_a_trial_that_came_to_its_end(ws: Workspace) -> None:
    found = tuning(ws, [{"type": "item", "plan": PLAN}, item(1, "running"), item(1, "done", 0.9, seconds=60.0),
                        item(2, "running"),
                        {"type": "metric", "trial": 2, "check": 1, "held_out": 0.1, "seconds": 12.0},
                        item(3, "pruned", 0.2), item(4, "failed", None, error={"key": "tune.error.no_number"}),
                        item(5, "done", 0.7, seconds=66.0)], minutes=10)
    assert found.best is not None and found.best.number == 5
    assert [one.state for one in found.trials] == ["done", "running", "pruned", "failed", "done"]
    assert found.trials[1].held_out == 0.1 and found.trials[1].checks == {1: 0.1}
    assert trials.possible(found.view, found.plan) == 4  # 600 s by 10 + 4 × 5 + 4 × 30
    call = Call(ws, "en", None)
    rows = train_tune.rows(call, found)
    assert rows[4][0] == "★ 5" and rows[4][1:5] == ["0.002", "16", "4", "0.7"] and rows[0][0] == "1"
    said = train_tune.summary(call, found).replace("\\", "")
    assert "about 4 trials" in said and "60 of 100 rows" in said and "20 of 30 held-out" in said
    assert "Trial 5 is best" in said and "0.9" in said
    assert "not a number" in rows[3][-1]
    for lang in ("en", "zh"):
        assert train_tune.values_of(Call(ws, lang, None), found.best.values)


def test_the_best_trial_changes_what_was_tuned_alone(ws: Workspace) -> None:
    found = tuning(ws, [item(1, "done", 0.5)])
    taken = trials.settings_of(found.view, found.trials[0])
    assert taken == TrainSettings(dataset="rows", learning_rate=1e-3, lora_rank=16, epochs=4)


def test_a_measurement_counts_for_runs_whose_steps_take_as_long(ws: Workspace, monkeypatch: pytest.MonkeyPatch
                                                               ) -> None:
    asked = TrainSettings(dataset="rows")
    facts = {"start_s": 10.0, "step_s": 2.0, "row_s": 0.5, "held_out_rows": 4}
    done = JobView("job-m", "measure", "", JobState.DONE, params=asked.model_dump(), result=facts)
    failed = JobView("job-n", "measure", "", JobState.FAILED, params=asked.model_dump())
    monkeypatch.setattr(jobs, "list_jobs", lambda ws, kind=None: [failed, done])
    found = measured.last_measured(ws, asked.model_copy(update={"epochs": 9, "learning_rate": 1e-5, "notice": True}))
    assert found is not None and found.seconds(100) == 10 + 200 + measured.CHECKS * 4 * 0.5
    for change in ({"batch_size": 4}, {"lora_rank": 8}, {"dataset": "other"}, {"cutoff_len": 512}):
        assert measured.last_measured(ws, asked.model_copy(update=change)) is None


def test_the_first_step_does_not_count_and_tokens_weigh(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([10.0, 11.0, 14.0])
    monkeypatch.setattr("core.training.measuring.time.monotonic", lambda: next(moments))
    clock = Clock()
    for speed in (5.0, 100.0, 100.0):
        clock.hear({"loss": 1.0, "tokens_per_second": speed})
    assert clock.step_seconds(200, 99.0) == pytest.approx(2.0)  # 4 s for 400 tokens
    assert Clock().step_seconds(200, 99.0) == 99.0
