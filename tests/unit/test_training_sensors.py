"""Temperatures are told where the machine tells them, and nothing is shown where it does not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from core.jobs.history import append_event
from core.storage import Workspace
from core.training import curves, sensors
from webui.page import Call
from webui.tabs import train_live


def readings(monkeypatch: pytest.MonkeyPatch, found: Any) -> None:
    monkeypatch.setattr(psutil, "sensors_temperatures", found, raising=False)
    monkeypatch.setattr(sensors, "_card", dict)


def test_the_warmest_sensor_of_the_processor_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    chips = {"nvme": [SimpleNamespace(current=70.0)],
             "k10temp": [SimpleNamespace(current=55.25), SimpleNamespace(current=61.0), SimpleNamespace(current=255.0)]}
    readings(monkeypatch, lambda: chips)
    assert sensors.Sensors().now() == {"cpu_temperature": 61.0}


@pytest.mark.parametrize("found", [lambda: {}, lambda: {"nvme": [SimpleNamespace(current=70.0)]}, lambda: 1 / 0])
def test_a_machine_that_tells_nothing_adds_nothing(monkeypatch: pytest.MonkeyPatch, found: Any) -> None:
    def ask() -> Any:
        try:
            return found()
        except ZeroDivisionError:
            raise OSError("no sensors") from None

    readings(monkeypatch, ask)
    assert sensors.Sensors().now() == {}


def test_it_is_asked_now_and_then_only(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    readings(monkeypatch, lambda: asked.append(1) or {})
    one = sensors.Sensors()
    for _ in range(50):
        one.now()
    assert len(asked) == 1


def test_the_page_tells_the_last_readings(ws: Workspace) -> None:
    ws.job("run-a").dir.mkdir(parents=True)
    warm = {"cpu_temperature": 61.0, "gpu_temperature": 70.0, "gpu_used": 12.3e9, "gpu_total": 80e9}
    for step, more in ((1, {}), (2, warm)):
        append_event(ws.job("run-a").events, "metric", step=step, loss=1.0, **more)
    told = curves(ws, "run-a").warmth
    assert told == warm
    assert train_live._warmth(Call(ws, "en", None), told) == ["graphics card 70 °C, 12.3 GB of 80.0 GB",
                                                             "processor 61 °C"]
    assert train_live._warmth(Call(ws, "zh", None), {}) == []
