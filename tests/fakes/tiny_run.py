"""Real training runs of the tiny model over a handful of made-up rows."""

from __future__ import annotations

from typing import Any

from core.jobs import JobContext
from core.storage import Workspace, new_id, write_json
from core.training import TrainSettings
from tests.fakes.tiny_model import make_model

DATASET = "tiny"
_THINGS = ("anchor", "mast", "winch", "lamp", "pump", "rope", "tank", "hull", "keel", "buoy")


def make_dataset(ws: Workspace) -> None:
    """Registers twenty training rows of different lengths and four held-out ones."""
    rows = []
    for n in range(20):
        thing = _THINGS[n % 10]
        question = f"How heavy is the {thing}?" if n < 10 else f"What does the table say of the {thing}'s weight today?"
        rows.append({"instruction": question, "input": "",
                     "output": f"The {thing} weighs {10 + n % 10} kilograms" + "." * (n % 5)})
    write_json(ws.data / "tiny.json", rows)
    write_json(ws.data / "tiny_held_out.json", rows[:4])
    write_json(ws.dataset_info, {DATASET: {"file_name": "tiny.json"},
                                 f"{DATASET}_held_out": {"file_name": "tiny_held_out.json"}})


def settings(ws: Workspace, **changes: Any) -> TrainSettings:
    """Settings of a small run (4 rows a step, 5 steps an epoch); model and dataset are made when missing."""
    folder = ws.models / "tiny"
    if not folder.exists():
        make_model(folder)
        make_dataset(ws)
    values = {"model": str(folder), "dataset": DATASET, "epochs": 2, "batch_size": 4, "lora_rank": 4,
              "learning_rate": 5e-3, "lora_dropout": 0.1, "general_share": 0.0,
              "save_every": 5, "evaluate_every": 5}
    return TrainSettings.load({**values, **changes})


def new_job(ws: Workspace, run_id: str = "") -> JobContext:
    """A context for training in this process; with the id of an earlier run it is that run's next sitting."""
    job_id = run_id or new_id("run")
    ws.job(job_id).dir.mkdir(parents=True, exist_ok=True)
    return JobContext(ws, job_id, {}, sitting=2 if run_id else 1)
