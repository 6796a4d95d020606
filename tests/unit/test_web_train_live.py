"""The live curve is drawn when it has grown and a pause has passed: the browser shares the cores that train."""

from __future__ import annotations

import time

import gradio as gr
import pytest

from core.training import Curves, TrainSettings, to_yaml
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
