"""Real training runs of the tiny model over a handful of made-up rows."""

from __future__ import annotations

from typing import Any

from core.jobs import JobContext
from core.storage import Workspace, new_id, read_json, write_json
from core.training import TrainSettings
from tests.fakes.tiny_model import make_model

DATASET = "tiny"
SETS = {"sft": DATASET, "rlhf": DATASET, "pt": "tiny_texts", "dpo": "tiny_pairs", "reward": "tiny_pairs",
        "kto": "tiny_judged"}
"""Stage → a dataset that it can learn from, made by `make_datasets`."""
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


def make_second(ws: Workspace, stage: str) -> str:
    """Registers the rows of a stage once more, in other words, and returns the name of that dataset."""
    name, registered = SETS[stage], read_json(ws.dataset_info)
    for suffix in ("", "_held_out"):
        text = (ws.data / f"{name}{suffix}.json").read_text(encoding="utf-8")
        for word, other in (("How heavy", "Of what weight"), ("What does", "Which number does"), ("weighs", "has")):
            text = text.replace(word, other)
        (ws.data / f"second{suffix}.json").write_text(text, encoding="utf-8")
        registered["second" + suffix] = {**registered[name + suffix], "file_name": f"second{suffix}.json"}
    write_json(ws.dataset_info, registered)
    return "second"


def make_datasets(ws: Workspace) -> None:
    """Registers the rows for every stage: conversations, texts, pairs of answers, and judged answers."""
    make_dataset(ws)
    registered = read_json(ws.dataset_info)
    rows = read_json(ws.data / "tiny.json")
    made = {
        "tiny_texts": ([{"text": f"{row['instruction']} {row['output']}"} for row in rows],
                       {"columns": {"prompt": "text"}}),
        "tiny_pairs": ([{"instruction": row["instruction"], "chosen": row["output"], "rejected": "Nobody knows."}
                        for row in rows],
                       {"ranking": True, "columns": {"prompt": "instruction", "chosen": "chosen",
                                                     "rejected": "rejected"}}),
        "tiny_judged": ([{"instruction": row["instruction"], "output": row["output"] if n % 2 else "Nobody knows.",
                          "label": bool(n % 2)} for n, row in enumerate(rows)],
                        {"columns": {"prompt": "instruction", "response": "output", "kto_tag": "label"}})}
    for name, (values, entry) in made.items():
        for suffix, some in (("", values), ("_held_out", values[:4])):
            write_json(ws.data / f"{name}{suffix}.json", some)
            registered[name + suffix] = {"file_name": f"{name}{suffix}.json", **entry}
    write_json(ws.dataset_info, registered)


def settings(ws: Workspace, **changes: Any) -> TrainSettings:
    """Settings of a small run (4 rows a step, 5 steps an epoch); model and dataset are made when missing."""
    folder = ws.models / "tiny"
    if not folder.exists():
        make_model(folder)
        make_datasets(ws)
    values = {"model": str(folder), "dataset": DATASET, "epochs": 2, "batch_size": 4, "lora_rank": 4,
              "learning_rate": 5e-3, "lora_dropout": 0.1, "general_share": 0.0,
              "save_every": 5, "evaluate_every": 5}
    return TrainSettings.load({**values, **changes})


def new_job(ws: Workspace, run_id: str = "") -> JobContext:
    """A context for training in this process; with the id of an earlier run it is that run's next sitting."""
    job_id = run_id or new_id("run")
    ws.job(job_id).dir.mkdir(parents=True, exist_ok=True)
    return JobContext(ws, job_id, {}, sitting=2 if run_id else 1)
