"""The live curve is drawn when it has grown and a pause has passed: the browser shares the cores that train."""

from __future__ import annotations

import json
import time
from typing import Any

import gradio as gr
import pytest

from core.errors import UserError
from core.i18n import t
from core.jobs import JobState, JobView
from core.jobs.supervisor import cause
from core.training import Curves, TrainSettings, to_yaml
from core.training import curves as curves_of
from tests.unit.test_training_settings import HOSTILE
from webui.components import charts
from webui.page import Call
from webui.tabs import train_live
from webui.tabs.train_details import machines_of


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    made: list[int] = []
    monkeypatch.setattr(charts, "loss_curve", lambda train, held_out, lang: made.append(len(train)))
    return made


def curves(points: int) -> Curves:
    return Curves(train=[(n, 1.0) for n in range(points)], held_out=[])


def test_a_curve_that_has_grown_waits_for_its_pause(ws, drawn: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    call, now = Call(ws, "en"), time.monotonic()
    monkeypatch.setattr(train_live.time, "monotonic", lambda: now)
    _, state = train_live._plot(call, "run-a", curves(5), train_live.NOTHING, 8.0)
    assert drawn == [5]
    update, state = train_live._plot(call, "run-a", curves(7), state, 8.0)
    assert drawn == [5] and update == gr.skip()
    now += 9
    _, state = train_live._plot(call, "run-a", curves(8), state, 8.0)
    assert drawn == [5, 8]
    now += 60
    train_live._plot(call, "run-a", curves(8), state, 8.0)
    assert drawn == [5, 8], "nothing new"


def test_the_first_points_the_end_and_another_run_are_drawn_at_once(ws, drawn: list[int]) -> None:
    call = Call(ws, "en")
    _, state = train_live._plot(call, "run-a", curves(1), train_live.NOTHING, 8.0)
    _, state = train_live._plot(call, "run-a", curves(2), state, 8.0)
    assert drawn == [1, 2]
    _, state = train_live._plot(call, "run-a", curves(3), state, 0)
    _, state = train_live._plot(call, "run-b", curves(3), state, 8.0)
    assert drawn == [1, 2, 3, 3]


def test_the_commands_for_other_machines_are_shown_for_runs_on_several(ws) -> None:
    for run, machines in (("run-one", 1), ("run-three", 3)):
        made = TrainSettings(strategy="ddp", machines=machines, main_address="box")
        ws.run(run).dir.mkdir(parents=True)
        ws.run(run).yaml.write_text(to_yaml(made), encoding="utf-8")
    call = Call(ws, "en")
    assert machines_of(call, None)[0] == machines_of(call, "run-one")[0] == gr.update(visible=False)
    shown, text = machines_of(call, "run-three")
    assert shown == gr.update(visible=True) and text.count("--machine_rank") == 2
    assert "--machine_rank 1 " in text and "--machine_rank 2 " in text and "--main_process_ip box" in text


RUN = TrainSettings(batch_size=8, learning_rate=1e-3)
SMALLER, CALMER = {"batch_size": 4, "gradient_accumulation": 2}, {"learning_rate": 0.00033, "warmup_share": 0.1}
ENDS: dict[str, tuple[UserError, dict[str, Any]]] = {
    "traceback": (cause(1, 0), {}), "unforeseen": (UserError("jobs.error.unexpected", number="12ab"), {}),
    "kill -9": (cause(-9, 0), SMALLER), "137": (cause(137, 0), SMALLER), "the system's -9": (cause(-9, 1), SMALLER),
    "segfault": (cause(-11, 0), SMALLER), "139": (cause(139, 0), SMALLER),
    "hang": (UserError("jobs.error.hang", seconds=7200), SMALLER),
    "memory": (UserError("train.error.memory", batch=8, cutoff=1024), SMALLER),
    "memory of a library": (UserError("jobs.error.out_of_memory"), SMALLER),
    "full disk": (UserError("jobs.error.disk_full"), {}),
    "full disk of ours": (UserError("storage.error.disk_full", name="events.jsonl"), {}),
    "lost loss": (UserError("train.error.loss_lost", step=7), CALMER)}


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("end", list(ENDS))
def test_each_way_to_fail_is_told_plainly_with_the_try_that_may_mend_it(ws, end: str, lang: str) -> None:
    error, change = ENDS[end]
    call, view = Call(ws, lang), JobView("run-a", "train", "Tanks", JobState.FAILED, error=error.as_dict())
    ws.run("run-a").dir.mkdir(parents=True)
    ws.run("run-a").yaml.write_text(to_yaml(RUN), encoding="utf-8")
    message = train_live._message(call, view)
    told = message["value"].replace("\\", "")
    assert message["visible"] and told == error.text(lang).replace("\\", "")
    assert len(told) > 15 and not set("{}") & set(told)
    assert ("\u4e00" <= max(told)) == (lang == "zh")
    resume, retry, again = train_live._ends(call, view)
    assert resume["visible"] and again["visible"] and retry["visible"] == bool(change)
    for name, value in change.items():
        assert f"{t(f'train.{name}.label', lang)} {value:g}" in retry["value"]


def test_each_kind_of_failure_has_words_of_its_own(ws) -> None:
    kinds = {(error.key, error.text("zh")) for error, _ in ENDS.values()}
    assert len({text for _, text in kinds}) == len(kinds) > 8


def test_hostile_numbers_of_a_run_leave_plain_json_for_the_browser(ws) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    ws.job("run-a").dir.mkdir(parents=True)
    ws.job("run-a").events.write_bytes(HOSTILE)
    call, view, found = Call(ws, "en"), JobView("run-a", "train", "Tanks", JobState.RUNNING), curves_of(ws, "run-a")
    for kind in train_live.KINDS:
        figure = train_live._plot(call, "run-a", found, train_live.NOTHING, 8.0, kind)[0]["value"]
        assert figure is None or json.loads(figure.to_json(), parse_constant=refuse)["data"]
    words = train_live._numbers(call, view, found) + train_live._coach(call, view, found)["value"]
    assert "loss" in words and not {"nan", "inf", "infinity", "none"} & set(words.lower().split())
