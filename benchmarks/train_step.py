"""Times a training step with padded rows and with rows side by side: python -m benchmarks.train_step MODEL ROWS.jsonl

MODEL is a folder of a small model, ROWS.jsonl has instruction and output (a dataset's train.jsonl). Both ways do the
same batches in turn in one process; prints medians of rows a second, tokens a second and their ratio.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any


def batches(rows: list[dict[str, list[int]]], size: int) -> list[dict[str, Any]]:
    """Padded batches in the trainer's order, as tensors."""
    import torch

    from core.training.engine import LengthGrouped
    from core.training.rows import IGNORED

    order, made = list(LengthGrouped([len(row["input_ids"]) for row in rows], size, 1)), []
    for start in range(0, len(order) - size + 1, size):
        chosen = [rows[i] for i in order[start:start + size]]
        width = max(len(row["input_ids"]) for row in chosen)
        pad = [width - len(row["input_ids"]) for row in chosen]
        made.append({
            "input_ids": torch.tensor([r["input_ids"] + [0] * n for r, n in zip(chosen, pad, strict=True)]),
            "labels": torch.tensor([r["labels"] + [IGNORED] * n for r, n in zip(chosen, pad, strict=True)]),
            "attention_mask": torch.tensor([[1] * (width - n) + [0] * n for n in pad])})
    return made


def main() -> None:
    """Alternates the two ways over the same batches."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from core.training.rows import tokenise
    from core.training.side_by_side import answer_states

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=4)
    args = parser.parse_args()
    lines = [json.loads(line) for line in args.rows.read_text(encoding="utf-8").splitlines()]
    talks = [[{"role": "user", "content": row["instruction"]}, {"role": "assistant", "content": row["output"]}]
             for row in lines]
    rows = tokenise(talks, AutoTokenizer.from_pretrained(args.model), 1024, lambda done: None).rows
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32),
                           LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"))
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer, causal = torch.optim.AdamW(weights, lr=1e-4), model.get_base_model()
    given = batches(rows, args.batch)[:args.steps + 1]

    def step(batch: dict[str, Any], merge: bool) -> None:
        states, targets, _ = answer_states(causal.base_model, batch, merge)
        loss = torch.nn.functional.cross_entropy(causal.get_output_embeddings()(states), targets)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()

    seconds: dict[bool, list[float]] = {False: [], True: []}
    for merge in seconds:
        step(given[0], merge)
    for _ in range(args.rounds):
        for merge, found in seconds.items():
            began = time.monotonic()
            for batch in given[1:]:
                step(batch, merge)
            found.append(time.monotonic() - began)
    tokens = sum(int(batch["attention_mask"].sum()) for batch in given[1:])
    done = sum(len(batch["input_ids"]) for batch in given[1:])
    for merge, found in seconds.items():
        middle = statistics.median(found)
        print(f"{'side by side' if merge else 'padded':13} {done / middle:6.2f} rows/s {tokens / middle:6.0f} tokens/s "
              f"(of {min(found):.1f} to {max(found):.1f} s)")
    ratios = [a / b for a, b in zip(seconds[False], seconds[True], strict=True)]
    print(f"padded / side by side: {statistics.median(ratios):.2f} times the seconds")


if __name__ == "__main__":
    main()
