"""Times a training step in three ways: python -m benchmarks.train_step MODEL ROWS.jsonl

Padded rows; rows side by side with a mask; and what the trainer does on a processor, in parts without a mask and with
its own linear layers. MODEL is a folder of a small model, ROWS.jsonl has instruction and output (a dataset's
train.jsonl). All do the same batches in turn in one process; prints medians of rows and tokens a second and ratios.
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


class Way:
    """A model of its own, and how it does a step."""

    def __init__(self, folder: Path, merge: bool, quick: bool) -> None:
        import torch
        from peft import LoraConfig, get_peft_model
        from transformers import AutoModelForCausalLM

        from core.training.products import quicken
        from core.training.row_attention import install

        torch.manual_seed(1)
        model = get_peft_model(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32),
                               LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"))
        self.causal, self.merge, self.quick = model.get_base_model(), merge, quick
        self.weights = [p for p in model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(self.weights, lr=1e-4)
        if quick and not (install(self.causal) and quicken(model)):
            raise SystemExit("this model is not trained that way")

    def step(self, batch: dict[str, Any]) -> float:
        """One optimiser step; the loss before it."""
        import torch

        from core.training.answer_loss import summed_loss
        from core.training.side_by_side import answer_states, parts

        tokens, total = int((batch["labels"][:, 1:] != -100).sum()), 0.0
        self.optimizer.zero_grad()
        for part in parts(batch) if self.quick else [batch]:
            states, targets, _ = answer_states(self.causal.base_model, part, self.merge, masked=not self.quick)
            head = self.causal.get_output_embeddings()
            loss = (summed_loss(head, states, targets) if self.quick else
                    torch.nn.functional.cross_entropy(head(states), targets, reduction="sum")) / tokens
            loss.backward()
            total += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.optimizer.step()
        return total


def main() -> None:
    """Alternates the ways over the same batches."""
    from transformers import AutoTokenizer

    from core.training.rows import tokenise

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
    ways = {"padded": Way(args.model, False, False), "side by side": Way(args.model, True, False),
            "as the trainer": Way(args.model, True, True)}
    given = batches(rows, args.batch)[:args.steps + 1]
    first = [way.step(given[0]) for way in ways.values()]
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(args.rounds):
        for name, way in ways.items():
            began = time.monotonic()
            for batch in given[1:]:
                way.step(batch)
            seconds[name].append(time.monotonic() - began)
    tokens = sum(int(batch["attention_mask"].sum()) for batch in given[1:])
    done = sum(len(batch["input_ids"]) for batch in given[1:])
    for name, found in seconds.items():
        middle = statistics.median(found)
        ratio = statistics.median(a / b for a, b in zip(seconds["padded"], found, strict=True))
        print(f"{name:15} {done / middle:6.2f} rows/s {tokens / middle:6.0f} tokens/s (of {min(found):.1f} to "
              f"{max(found):.1f} s), {ratio:.2f} times as quick as padded")
    print(f"{tokens // len(given[1:])} tokens a step; losses of the first step differ by {max(first) - min(first):.1e}")


if __name__ == "__main__":
    main()
