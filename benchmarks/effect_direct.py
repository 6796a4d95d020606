"""The effect figure without jobs and servers: facts → pairs → plain LoRA loop → closed-book answers, one process."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

from benchmarks.chunks import simple_chunks
from benchmarks.direct_loop import LocalClient, LoopSettings, Message, load, train
from benchmarks.scoring import right
from core.qa.facts import extract_facts
from core.qa.types import Draft
from core.qa.writer import write_pairs
from core.training.general import mix_general


def build(document: Path, client: Any, wordings: int, seed: int = 11, **options: Any) -> list[Draft]:
    """Drafts of a Markdown document."""
    drafts: list[Draft] = []
    for chunk in simple_chunks(document.read_text(encoding="utf-8"), document.name):
        drafts += write_pairs(chunk, extract_facts(chunk), client, wordings=wordings, seed=seed, **options)
    return drafts


def writer_client(starter: Path, adapter: Path) -> tuple[LocalClient, Any]:
    """The question writer on the starter model, in this process."""
    from peft import PeftModel

    model, tokenizer = load(starter)
    tuned = PeftModel.from_pretrained(model, adapter).eval()
    return LocalClient(tuned, tokenizer, 32), tuned


def rows_of(drafts: list[Draft]) -> list[list[Message]]:
    """Training conversations of drafts."""
    return [[{"role": "user", "content": d.question}, {"role": "assistant", "content": d.answer}] for d in drafts]


def ask(model: Any, tokenizer: Any, questions: list[dict[str, Any]]) -> list[tuple[bool, str]]:
    """Greedy closed-book answers and whether they are right."""
    client = LocalClient(model, tokenizer, 10)
    replies = client.complete_many([[{"role": "user", "content": q["question"]}] for q in questions], max_tokens=64)
    return [(right(r.text, q["must_contain"]), r.text) for q, r in zip(questions, replies, strict=True)]


def run(
    rows: list[list[Message]],
    starter: Path,
    settings: LoopSettings,
    questions: list[dict[str, Any]],
    general: list[dict[str, Any]],
    share: float,
    seed: int = 3,
    show: bool = True,
    max_seconds: float = 0,
) -> dict[str, Any]:
    """Trains and scores one setting; prints every wrong answer."""
    model, tokenizer = load(starter)
    begin = time.time()
    mixed = mix_general(rows, share, seed)
    random.Random(seed).shuffle(mixed)
    tuned = train(model, tokenizer, mixed, settings, lambda s: print(s, flush=True), max_seconds)
    spent = time.time() - begin
    answers = ask(tuned, tokenizer, questions)
    kept = ask(tuned, tokenizer, general)
    if show:
        for (fine, text), q in zip([*answers, *kept], [*questions, *general], strict=True):
            if not fine:
                print("   MISS", q["question"], q["must_contain"], "->", text[:160].replace("\n", " "))
    result = {
        "hits": sum(f for f, _ in answers),
        "of": len(questions),
        "general": sum(f for f, _ in kept),
        "general_of": len(general),
        "rows": len(rows),
        "replay": len(mixed) - len(rows),
        "seconds": round(spent),
    }
    print("RESULT", json.dumps(result), settings, flush=True)
    return result


def main_direct(document: Path, questions: list[dict[str, Any]], starter: Path) -> None:
    """The figure with the product's defaults, in this process."""
    from core.qa.settings import BuildSettings
    from core.training.settings import TrainSettings

    defaults = TrainSettings()
    folder = Path(__file__).parent
    begin = time.time()
    client, _ = writer_client(starter, folder.parent / "core" / "qa" / "question_writer")
    drafts = build(document, client, BuildSettings().wordings)
    print(f"pairs: {len(drafts)} in {(time.time() - begin) / 60:.1f} min", flush=True)
    settings = LoopSettings(
        epochs=defaults.epochs,
        learning_rate=defaults.learning_rate,
        batch_size=defaults.batch_size,
        rank=defaults.lora_rank,
        alpha=defaults.lora_alpha,
    )
    general = json.loads((folder / "effect_data" / "general.json").read_text(encoding="utf-8"))
    run(rows_of(drafts), starter, settings, questions, general, defaults.general_share)
