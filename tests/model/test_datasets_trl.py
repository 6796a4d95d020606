"""The script of an exported folder runs as it is: one step of each kind of training with a tiny model."""

from __future__ import annotations

import json
import runpy
import sys

import pytest

from core.datasets.importing import import_files
from core.datasets.trl_folder import export_trl
from tests.fakes.tiny_model import make_model

ROWS = {
    "sft": {"prompt": "What is it?", "completion": "A pump."},
    "dpo": {"prompt": "What is it?", "chosen": "A pump.", "rejected": "No."},
    "kto": {"prompt": "What is it?", "completion": "A pump.", "label": True},
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("tiny"))


@pytest.mark.parametrize("stage", ROWS)
def test_the_script_trains_one_step(ws, tmp_path, tiny, stage, monkeypatch):
    file = tmp_path / "rows.jsonl"
    rows = [{**ROWS[stage], **({"label": n % 2 == 0} if stage == "kto" else {})} for n in range(8)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    info = import_files(ws, [(file, file.name)]).datasets[0]
    folder = tmp_path / "trl"
    export_trl(ws, info.id, folder, model=str(tiny))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(sys, "argv", ["train.py", "--max-steps", "1", "--cutoff-len", "128"])
    runpy.run_path(str(folder / "train.py"), run_name="__main__")
    assert (folder / "output" / "adapter_model.safetensors").stat().st_size > 1000
    state = json.loads(next(folder.glob("output/checkpoint-1/trainer_state.json")).read_text(encoding="utf-8"))
    assert state["global_step"] == 1 and state["log_history"][0]["loss"] > 0
