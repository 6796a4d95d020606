"""A plain LoRA loop and a plain local client: what experiments need, without the product's jobs and servers."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
Message = dict[str, str]


@dataclass(frozen=True)
class LoopSettings:
    """Learning settings of one run. `batch_size` counts rows, `epochs` whole passes."""

    epochs: float = 8
    learning_rate: float = 1e-3
    batch_size: int = 8
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0
    weight_decay: float = 0.0
    warmup: float = 0.03
    seed: int = 7
    rslora: bool = False


def load(folder: Path) -> tuple[Any, Any]:
    """Model and tokenizer in fp32, the type that CPUs train fastest in."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.padding_side = "left"
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32), tokenizer


def encode(tokenizer: Any, conversation: list[Message]) -> tuple[list[int], int]:
    """Token ids of a conversation that ends with the assistant, and how many of them are the prompt."""
    prompt = tokenizer.apply_chat_template(conversation[:-1], tokenize=False, add_generation_prompt=True)
    whole = tokenizer.apply_chat_template(conversation, tokenize=False)
    start = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    ids = tokenizer(whole.rstrip("\n"), add_special_tokens=False)["input_ids"]
    return ids, len(start)


def batches(rows: list[tuple[list[int], int]], size: int, rng: random.Random) -> list[list[tuple[list[int], int]]]:
    """Random batches whose rows have similar lengths, in random order."""
    order = sorted(rng.sample(rows, len(rows)), key=lambda r: len(r[0]) // 6)
    made = [order[i : i + size] for i in range(0, len(order), size)]
    rng.shuffle(made)
    return made


def loss_of(model: Any, batch: list[tuple[list[int], int]]) -> Any:
    """Mean cross entropy of the answer tokens; the vocabulary projection is computed for these alone."""
    import torch

    inner = model.base_model.model if hasattr(model, "peft_config") else model
    width = max(len(ids) for ids, _ in batch)
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    wanted = torch.zeros(len(batch), width, dtype=torch.bool)
    for row, (tokens, start) in enumerate(batch):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        mask[row, : len(tokens)] = 1
        wanted[row, start : len(tokens)] = True
    hidden = inner.model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
    logits = inner.lm_head(hidden[:, :-1][wanted[:, 1:]])
    return torch.nn.functional.cross_entropy(logits, ids[:, 1:][wanted[:, 1:]])


def train(
    model: Any,
    tokenizer: Any,
    conversations: list[list[Message]],
    settings: LoopSettings,
    log: Callable[[str], None] = print,
    max_seconds: float = 0,
) -> Any:
    """LoRA on all linear layers of a frozen base; returns the PEFT model. Linear decay after a short warm-up."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(settings.seed)
    rng = random.Random(settings.seed)
    rows = [encode(tokenizer, c) for c in conversations]
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=LINEAR,
        task_type="CAUSAL_LM",
        use_rslora=settings.rslora,
    )
    tuned = get_peft_model(model, config)
    tuned.train()
    weights = [p for p in tuned.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=settings.learning_rate, weight_decay=settings.weight_decay)
    plan: list[list[tuple[list[int], int]]] = []
    whole = -(-len(rows) // settings.batch_size)
    while len(plan) < whole * settings.epochs:
        plan += batches(rows, settings.batch_size, rng)
    plan = plan[: int(whole * settings.epochs)]
    begin, seen, mean, warm = time.time(), 0, 0.0, max(1, int(len(plan) * settings.warmup))
    for step, batch in enumerate(plan):
        rate = settings.learning_rate * min((step + 1) / warm, (len(plan) - step) / max(1, len(plan) - warm))
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = loss_of(tuned, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seen += sum(len(ids) for ids, _ in batch)
        mean += loss.item()
        if (step + 1) % whole == 0 or (step + 1) % 20 == 0:
            spent = time.time() - begin
            log(f"step {step + 1}/{len(plan)} loss {loss.item():.3f} {seen / spent:.0f} tok/s {spent:.0f} s")
        if max_seconds and time.time() - begin > max_seconds:
            break
    tuned.eval()
    return tuned


class LocalClient:
    """The chat client's `complete_many`, straight on a loaded model, for experiments."""

    def __init__(self, model: Any, tokenizer: Any, batch_size: int = 16) -> None:
        self.model, self.tokenizer, self.batch_size = model, tokenizer, batch_size

    def complete_many(
        self,
        conversations: list[list[Message]],
        *,
        max_tokens: int = 64,
        temperature: float = 0.0,
        top_p: float = 1.0,
        seed: int | None = None,
        **_: Any,
    ) -> list[Any]:
        """Replies in the order of the conversations; rows of similar length share a batch."""
        import torch

        from benchmarks.replies import Reply

        if seed is not None:
            torch.manual_seed(seed)
        prompts = [
            self.tokenizer.apply_chat_template(c, tokenize=False, add_generation_prompt=True) for c in conversations
        ]
        order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
        replies: list[Any] = [None] * len(prompts)
        sampling = (
            {"do_sample": True, "temperature": temperature, "top_p": top_p} if temperature > 0 else {"do_sample": False}
        )
        for at in range(0, len(order), self.batch_size):
            part = order[at : at + self.batch_size]
            enc = self.tokenizer(
                [prompts[i] for i in part], return_tensors="pt", padding=True, add_special_tokens=False
            )
            with torch.inference_mode():
                out = self.model.generate(
                    **enc, max_new_tokens=max_tokens, pad_token_id=self.tokenizer.eos_token_id, **sampling
                )
            for i, row in zip(part, out, strict=True):
                new = row[enc["input_ids"].shape[1] :]
                replies[i] = Reply(self.tokenizer.decode(new, skip_special_tokens=True).strip())
        return replies
