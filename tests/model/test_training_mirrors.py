"""Real runs with monitors: SwanLab's files, its cloud out of reach, one that hangs; the curve is that of none."""

from __future__ import annotations

import threading

import pytest

from core import jobs
from core.training import curves, monitors, trainer
from core.training.trainer import train
from tests.fakes import tiny_run

pytestmark = pytest.mark.model


class Hangs:
    name = "Hangs"

    def start(self, run):
        threading.Event().wait(120)

    def log(self, step, numbers):
        raise AssertionError

    def finish(self, state):
        raise AssertionError


def test_losses_are_the_same_whatever_the_monitors_do(ws, monkeypatch):
    plain, local, lost = (tiny_run.new_job(ws) for _ in range(3))
    train(plain, tiny_run.settings(ws))
    train(local, tiny_run.settings(ws, swanlab="local"))
    monkeypatch.setattr(monitors, "END_S", 1.0)
    monkeypatch.setattr(monitors, "chosen", lambda settings: [monitors.SwanLab("cloud"), Hangs()])
    monkeypatch.setattr(trainer, "load_key", lambda ws, name: None)
    train(lost, tiny_run.settings(ws, swanlab="cloud"))
    assert curves(ws, plain.id).train == curves(ws, local.id).train == curves(ws, lost.id).train
    [folder] = (ws.run(local.id).monitors / "swanlab").glob("run-*")
    [written] = folder.glob("*.swanlab")
    assert b"train/held_out_loss" in written.read_bytes() or written.stat().st_size > 1000
    assert not any("argv" in file.read_text(errors="replace") for file in (folder / "files").glob("*metadata*"))
    warned = [e["params"]["name"] for e in jobs.events(ws, lost.id)[0] if e["type"] == "warning"]
    assert sorted(warned) == ["Hangs", "SwanLab"]
    assert [e for e in jobs.events(ws, local.id)[0] if e["type"] == "warning"] == []
