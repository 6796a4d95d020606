"""Compares the memory estimate with what training takes: python -m benchmarks.memory_estimate [--starter FOLDER]

Each configuration trains in a process of its own, with rows of half the width to all of it. Measured is the peak of the
resident memory during training (Linux counts it anew after a write to /proc/self/clear_refs) less the resident memory
just before the model was loaded. Ends with status 1 when an estimate is off by more than 15 %.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

BOUND = 0.15
STEPS = {"small": 24, "starter": 20}
CONFIGURATIONS: tuple[dict[str, Any], ...] = (
    {"model": "small", "batch": 8, "width": 60, "rank": 16},
    {"model": "small", "batch": 8, "width": 256, "rank": 16},
    {"model": "small", "batch": 4, "width": 1000, "rank": 16},
    {"model": "small", "batch": 24, "width": 400, "rank": 64},
    {"model": "small", "batch": 24, "width": 400, "rank": 64, "checkpointing": True},
    {"model": "small", "batch": 8, "width": 256, "rank": 256, "accumulation": 2},
    {"model": "starter", "batch": 8, "width": 60, "rank": 16},
    {"model": "starter", "batch": 8, "width": 150, "rank": 16},
    {"model": "starter", "batch": 8, "width": 150, "rank": 16, "checkpointing": True},
)


def main() -> int:
    """Prints a line for each configuration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starter", type=Path, help="folder of the starter model; without it those lines are left out")
    parser.add_argument("--child", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(_train(**options.child)))
        return 0
    worst = 0.0
    print("model    batch  width  rank  twice  added  estimate  measured  ratio")
    for found in CONFIGURATIONS:
        if found["model"] == "starter" and not options.starter:
            continue
        with tempfile.TemporaryDirectory() as home:
            given = {**found, "home": home, "starter": str(options.starter or "")}
            done = subprocess.run([sys.executable, "-m", "benchmarks.memory_estimate", "--child", json.dumps(given)],
                                  capture_output=True, text=True, check=False, env={**os.environ, "DOCTUNE_HOME": home})
        if done.returncode:
            print(done.stderr[-3000:])
            return 1
        told = json.loads(done.stdout.splitlines()[-1])
        ratio = told["estimate"] / told["measured"]
        worst = max(worst, abs(ratio - 1))
        print(f"{found['model']:8} {found['batch']:5} {told['width']:6} {found['rank']:5}  "
              f"{'yes' if found.get('checkpointing') else 'no':5}  {found.get('accumulation', 1):5}  "
              f"{told['estimate'] / 1e6:5.0f} MB  {told['measured'] / 1e6:5.0f} MB  {ratio:5.2f}  {told['parts']}",
              flush=True)
    print(f"furthest off: {100 * worst:.0f} %")
    return int(worst > BOUND)


def _train(model: str, batch: int, width: int, rank: int, home: str, starter: str, checkpointing: bool = False,
           accumulation: int = 1) -> dict[str, Any]:
    """Trains in this process; bytes estimated and measured."""
    from core.jobs import JobContext
    from core.storage import Workspace, new_id, write_json
    from core.training import TrainSettings, engine, memory, methods, trainer
    from core.training.preflight import heaviest
    from core.training.stages import base, sft

    ws = Workspace.at(home)
    folder = Path(starter) if model == "starter" else _small(Path(home) / "model")
    write_json(ws.data / "rows.json", _rows(batch * accumulation * STEPS[model], width))
    write_json(ws.dataset_info, {"rows": {"file_name": "rows.json"}})
    settings = TrainSettings(model=str(folder), dataset="rows", epochs=1, batch_size=batch, lora_rank=rank,
                             gradient_accumulation=accumulation, general_share=0.0, key_word_share=0.0)
    marks: dict[str, Any] = {}
    load, prepare, begin = methods.load_model, sft.prepare, engine.Reporter.on_train_begin

    def loaded(*given: Any) -> Any:
        import peft  # noqa: F401
        import trl  # noqa: F401
        trl.SFTTrainer, trl.SFTConfig  # noqa: B018
        marks["before"] = _resident("VmRSS")
        return load(*given)

    def prepared(*given: Any) -> Any:
        data = prepare(*given)
        marks["rows"] = data.train
        return data

    def began(self: Any, *given: Any, **more: Any) -> None:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
        begin(self, *given, **more)

    methods.load_model, sft.prepare, engine.Reporter.on_train_begin = loaded, prepared, began  # type: ignore
    base.needs_checkpointing = lambda *given: checkpointing
    job = JobContext(ws, new_id("run"), {})
    job.dir.mkdir(parents=True)
    trainer.train(job, settings)
    rows = marks["rows"]
    opening = rows.opening()
    lengths = [len(row["input_ids"]) for row in rows.rows]
    answers = sum(label != -100 for row in rows.rows for label in row["labels"]) / sum(lengths)
    shape = memory.read_shape(folder)
    guess = memory.estimate(shape, heaviest(lengths, batch, answers, True, opening),
                            memory.Plan(rank, checkpointing=checkpointing, accumulation=accumulation,
                                        holes=1.0 if checkpointing else memory.HOLES))
    return {"estimate": guess.total, "measured": _resident("VmHWM") - marks["before"], "width": max(lengths),
            "parts": {name: round(value / 1e6) for name, value in vars(guess).items()}}


def _resident(name: str) -> int:
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(name + ":"))


def _rows(count: int, width: int) -> list[dict[str, str]]:
    """Rows of half of `width` tokens to all of them, two fifths in the question, the rest in the answer."""
    rows = []
    for n in range(count):
        words = max(4, width // 3 - n * 37 % max(1, width // 6))
        rows.append({"instruction": " ".join(f"{(n * 7 + w) % 90 + 10}" for w in range(words * 2 // 5)), "input": "",
                     "output": " ".join(f"{(n * 3 + w) % 90 + 10}" for w in range(words * 3 // 5))})
    return rows


def _small(folder: Path) -> Path:
    """A random Llama of 21 million parameters with a vocabulary of 16 thousand."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from tests.fakes.tiny_model import make_tokenizer

    tokenizer = make_tokenizer()
    torch.manual_seed(0)
    LlamaForCausalLM(LlamaConfig(
        vocab_size=16_000, hidden_size=384, intermediate_size=1024, num_hidden_layers=10, num_attention_heads=6,
        num_key_value_heads=2, max_position_embeddings=4096, tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id)).save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    return folder


if __name__ == "__main__":
    sys.exit(main())
