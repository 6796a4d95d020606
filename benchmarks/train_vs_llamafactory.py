"""Compares training with LLaMA-Factory: python -m benchmarks.train_vs_llamafactory ROWS.json MODEL PEER

ROWS.json is alpaca_en_demo.json, MODEL the folder of the starter model, PEER a virtual environment with llamafactory.
Both train LoRA of rank 8 on all linear layers for one epoch over the same rows, 16 to a step, in turn, each by its own
command; see README.md for the settings. Prints a line for each pair, the medians, and the share of this machine's peak.
Ends with status 1 when a bound is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BATCH, CUTOFF, RANK, ALPHA = 16, 1024, 8, 16
RATIO, WORSE = 2.0, 1.02


@dataclass
class Measured:
    """One run: seconds of training and until the first step was reported, and where the adapter is.

    `peak` is the most bytes that all its processes held at once, `largest` the most that one of them did.
    """

    seconds: float
    first_step: float
    peak: int
    largest: int
    adapter: str
    loss: float = 0.0


@dataclass(frozen=True)
class Work:
    """What the rows are: all tokens, those of answers, and the operations that a step-by-step count gives."""

    tokens: int
    answers: int
    operations: float


def main() -> int:
    """Alternates the two programs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("peer", type=Path)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--held-out", type=int, default=64, help="rows for the loss at the end")
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--peer-setting", action="append", default=[], metavar="NAME=VALUE",
                        help="another setting for LLaMA-Factory, such as disable_gradient_checkpointing=true")
    args = parser.parse_args()
    rows = json.loads(args.rows.read_text(encoding="utf-8"))
    count = args.steps * BATCH
    chosen, held_out = rows[:count], rows[count:count + args.held_out]
    found: dict[str, list[Measured]] = {"ours": [], "LLaMA-Factory": []}
    work, peak = count_work(chosen, args.model), matmul_peak()
    print(f"{count} rows, {work.tokens} tokens ({work.answers} of answers), {args.steps} steps; "
          f"matrix products reach {peak / 1e9:.0f} GFLOP/s", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for pair in range(args.pairs):
            for name, train in (("LLaMA-Factory", theirs), ("ours", ours)):
                home = Path(folder) / f"{name}-{pair}"
                home.mkdir()
                run = train(home, chosen, args)
                run.loss = answer_loss(args.model, run.adapter, held_out, home)
                found[name].append(run)
                print(f"{pair + 1} {name:13} {work.tokens / run.seconds:6.1f} tokens/s  {run.seconds:6.1f} s  first "
                      f"step after {run.first_step:5.1f} s  loss {run.loss:.4f}  peak {run.peak / 1e6:5.0f} MB, "
                      f"one process {run.largest / 1e6:5.0f} MB  "
                      f"{100 * work.operations / run.seconds / peak:4.1f} % of the peak, load "
                      f"{os.getloadavg()[0]:.1f}", flush=True)
        before = answer_loss(args.model, "", held_out, Path(folder))
    return verdict(found, before)


def verdict(found: dict[str, list[Measured]], before: float) -> int:
    """Prints ratios; 1 when a bound is missed."""
    pairs = list(zip(found["ours"], found["LLaMA-Factory"], strict=True))
    ratios = [other.seconds / own.seconds for own, other in pairs]
    losses = [own.loss / other.loss for own, other in pairs]
    ratio, worst = statistics.median(ratios), max(losses)
    print(f"loss before {before:.4f}; ours / LLaMA-Factory: tokens/s {ratio:.2f} ({min(ratios):.2f} to "
          f"{max(ratios):.2f}), loss {statistics.median(losses):.4f} (at most {worst:.4f}), peak memory "
          f"{statistics.median(own.peak / other.peak for own, other in pairs):.2f}, until the first step "
          f"{statistics.median(own.first_step / other.first_step for own, other in pairs):.2f}")
    return int(ratio < RATIO or worst > WORSE)


def ours(home: Path, rows: list[dict[str, str]], args: argparse.Namespace) -> Measured:
    """Trains by `app.py train RUN.yaml` in a workspace of its own."""
    import yaml

    from core import jobs
    from core.storage import Workspace

    (home / "data").mkdir()
    (home / "data" / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    (home / "data" / "dataset_info.json").write_text(json.dumps({"rows": {"file_name": "rows.json"}}))
    (home / "run.yaml").write_text(yaml.safe_dump({
        "model": str(args.model.resolve()), "dataset": "rows", "epochs": 1, "learning_rate": args.rate,
        "batch_size": BATCH, "gradient_accumulation": 1, "cutoff_len": CUTOFF, "lora_rank": RANK, "lora_alpha": ALPHA,
        "lora_dropout": 0.0, "scheduler": "cosine", "warmup_share": 0.0, "weight_decay": 0.0, "max_grad_norm": 1.0,
        "general_share": 0.0, "key_word_share": 0.0, "prompt_loss_weight": 0.0}), encoding="utf-8")

    ws = Workspace.at(home)

    def told(kind: str) -> list[dict[str, Any]]:
        runs = [folder.name for folder in ws.runs.glob("run-*")]
        return [event for run in runs for event in jobs.events(ws, run)[0] if event["type"] == kind]

    first, peak, largest = watched([sys.executable, "app.py", "train", str(home / "run.yaml")],
                          {"DOCTUNE_HOME": str(home)}, lambda: len(told("metric")), home)
    began = next(event["m"] for event in told("phase") if event["name"] == "train")
    adapter = next(ws.run(folder.name).adapter for folder in ws.runs.glob("run-*"))
    return Measured(told("metric")[-1]["m"] - began, first, peak, largest, str(adapter))


def theirs(home: Path, rows: list[dict[str, str]], args: argparse.Namespace) -> Measured:
    """Trains by `llamafactory-cli train`, with what its page sets; only numbers that must be equal are changed."""
    import yaml

    (home / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    (home / "dataset_info.json").write_text(json.dumps({"rows": {"file_name": "rows.json"}}))
    given = {
        "stage": "sft", "do_train": True, "model_name_or_path": str(args.model.resolve()), "template": "smollm2",
        "preprocessing_num_workers": 16, "finetuning_type": "lora", "flash_attn": "auto", "dataset_dir": str(home),
        "dataset": "rows", "cutoff_len": CUTOFF, "learning_rate": args.rate, "num_train_epochs": 1.0,
        "max_samples": 100_000, "per_device_train_batch_size": 2, "gradient_accumulation_steps": BATCH // 2,
        "lr_scheduler_type": "cosine", "max_grad_norm": 1.0, "logging_steps": 1, "save_steps": 100, "warmup_steps": 0,
        "packing": False, "report_to": "none", "output_dir": str(home / "out"), "bf16": False, "fp16": False,
        "plot_loss": True, "trust_remote_code": True, "ddp_timeout": 180_000_000, "include_num_input_tokens_seen": True,
        "optim": "adamw_torch", "lora_rank": RANK, "lora_alpha": ALPHA, "lora_dropout": 0.0, "lora_target": "all"}
    given |= {name: yaml.safe_load(value) for name, value in (pair.split("=", 1) for pair in args.peer_setting)}
    (home / "run.yaml").write_text(yaml.safe_dump(given), encoding="utf-8")
    log = home / "out" / "trainer_log.jsonl"

    def reported() -> int:
        return sum('"loss"' in line for line in log.read_text().splitlines()) if log.is_file() else 0

    first, peak, largest = watched([str(args.peer / "bin" / "llamafactory-cli"), "train", str(home / "run.yaml")],
                          {"HF_HUB_OFFLINE": "1", "DISABLE_VERSION_CHECK": "1", "HF_HOME": str(home / "hf")}, reported,
                          home)
    seconds = json.loads((home / "out" / "train_results.json").read_text())["train_runtime"]
    return Measured(seconds, first, peak, largest, str(home / "out"))


def watched(command: list[str], more: dict[str, str], reported: Callable[[], int], home: Path
            ) -> tuple[float, int, int]:
    """Runs a command to its end: seconds until the first step was reported, and `peak` and `largest` of `Measured`.

    Our trainer is no child of the command that starts it, so processes are found by the folder that they work in.
    """
    with (home / "log.txt").open("wb") as log:
        began = time.monotonic()
        process = subprocess.Popen(command, env={**os.environ, **more}, stdout=log, stderr=log)
        first, peak, largest = 0.0, 0, 0
        known: dict[int, bool] = {}
        while process.poll() is None:
            held = resident(home, known)
            peak, largest = max(peak, sum(held)), max(largest, *held, 0)
            if not first and reported():
                first = time.monotonic() - began
            time.sleep(0.2)
    if process.returncode or not first:
        raise SystemExit((home / "log.txt").read_text(errors="replace")[-4000:])
    return first, peak, largest


def resident(home: Path, known: dict[int, bool]) -> list[int]:
    """Bytes that each process holds whose arguments or environment name this folder; `known` remembers which do."""
    import psutil

    held = []
    for process in psutil.process_iter(["pid", "memory_info"]):
        try:
            if process.pid not in known:
                texts = (*process.cmdline(), *process.environ().values())
                known[process.pid] = any(str(home) in text for text in texts)
            if known[process.pid]:
                held.append(process.info["memory_info"].rss)
        except (psutil.Error, OSError):
            continue
    return held


def count_work(rows: list[dict[str, str]], model: Path) -> Work:
    """Tokens without padding, by our tokenisation, and the floating-point operations that they need.

    The base is frozen: a linear layer of P numbers takes 2 P a token forwards and 2 P backwards, its adapter of A
    numbers 6 A (its own gradient, too); the output matrix counts at answers alone. Causal attention over n tokens takes
    two products forwards and five backwards of n² / 2 × heads × head size × 2 each.
    """
    from transformers import AutoTokenizer

    from core.training.memory import read_shape
    from core.training.rows import tokenise

    found = tokenise([talk(row) for row in rows], AutoTokenizer.from_pretrained(model), CUTOFF, lambda n: None)
    shape = read_shape(model)
    answers = sum(label != -100 for row in found.rows for label in row["labels"][1:])
    linear = sum(inputs * outputs for inputs, outputs in shape.linear)
    squares = sum(len(row["input_ids"]) ** 2 for row in found.rows)
    operations = ((4 * linear + 6 * shape.adapter(RANK)) * found.tokens
                  + 4 * shape.hidden_size * shape.vocab_size * answers
                  + 7 * shape.num_hidden_layers * shape.num_attention_heads * shape.head_dim * squares)
    return Work(found.tokens, answers, float(operations))


def talk(row: dict[str, str]) -> list[dict[str, str]]:
    """A row as the conversation that both programs make of it."""
    question = row["instruction"] + ("\n" + row["input"] if row.get("input") else "")
    return [{"role": "user", "content": question}, {"role": "assistant", "content": row["output"]}]


def matmul_peak() -> float:
    """Single-precision operations a second of a large product, by the quickest way that torch has."""
    import torch

    from core.training.products import product

    size, best = 2048, 0.0
    one, other = torch.randn(size, size), torch.randn(size, size)
    for way in (torch.matmul, product) * 8:
        began = time.perf_counter()
        way(one, other)
        best = max(best, 2 * size**3 / (time.perf_counter() - began))
    return best


def answer_loss(model: Path, adapter: str, rows: list[dict[str, str]], home: Path) -> float:
    """Mean loss of answer tokens of rows that neither has seen, by transformers and peft alone, in its own process."""
    given = home / "held_out.json"
    given.write_text(json.dumps([talk(row) for row in rows]), encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", _LOSS, str(model), adapter, str(given)], capture_output=True,
                          text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return float(done.stdout.split()[-1])


_LOSS = """
import json, sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
folder, adapter, file = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
if adapter:
    from peft import PeftModel
    model = PeftModel.from_pretrained(model, adapter)
total = count = 0
with torch.no_grad():
    for talk in json.load(open(file, encoding="utf-8")):
        start = len(tokenizer.apply_chat_template(talk[:-1], add_generation_prompt=True)["input_ids"])
        ids = tokenizer.apply_chat_template(talk, return_tensors="pt", return_dict=True)["input_ids"][:, :1024]
        logits = model.eval()(ids).logits[0, start - 1:-1]
        total += torch.nn.functional.cross_entropy(logits, ids[0, start:], reduction="sum").item()
        count += len(logits)
print(total / count)
"""


if __name__ == "__main__":
    sys.exit(main())
