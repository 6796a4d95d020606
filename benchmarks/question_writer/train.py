"""Trains the shipped question writer: a LoRA on the starter model that turns (text, answer) into a question.

    python -m benchmarks.question_writer.train --starter FOLDER --xquad xquad.en.json --out core/qa/question_writer

The same adapter learns the way back, (text, question) → answer, which the writer uses as its round-trip check.
XQuAD (CC BY-SA 4.0, google-deepmind/xquad) is not part of this repository; handbook_pairs.txt beside this file is.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from pathlib import Path

from benchmarks.direct_loop import LocalClient, LoopSettings, load, train
from core.qa.prompts import answer_messages, question_messages

HERE = Path(__file__).parent
Row = tuple[str, str, str]


def handbook_rows() -> list[Row]:
    """(text, answer, question) of the hand-written list."""
    rows = []
    for line in (HERE / "handbook_pairs.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            text, answer, *questions = [part.strip() for part in line.split(" || ")]
            rows += [(text, answer, q) for q in questions]
    return rows


def sentence_around(context: str, start: int, length: int) -> str:
    """The sentences that hold the answer span, at most about 60 words."""
    left = [m.end() for m in re.finditer(r"[.!?]\s+(?=[A-Z\"'(])", context[:start])]
    right = re.search(r"[.!?](\s+(?=[A-Z\"'(])|$)", context[start + length :])
    end = start + length + right.end() if right else len(context)
    text = context[left[-1] if left else 0 : end].strip()
    if len(text.split()) < 14 and len(left) > 1:
        text = context[left[-2] : end].strip()
    return text


def xquad_rows(path: Path) -> tuple[list[Row], list[Row]]:
    """Training and held-out rows; the last 8 articles are held out."""
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    parts: tuple[list[Row], list[Row]] = ([], [])
    for number, article in enumerate(articles):
        for paragraph in article["paragraphs"]:
            for qa in paragraph["qas"]:
                answer = qa["answers"][0]
                text = sentence_around(paragraph["context"], answer["answer_start"], len(answer["text"]))
                if len(text.split()) <= 60 and len(answer["text"].split()) <= 8 and answer["text"] in text:
                    parts[number >= len(articles) - 8].append((text, answer["text"], qa["question"].strip()))
    return parts


def conversations(xquad: list[Row], handbook: list[Row], rng: random.Random) -> list[list[dict[str, str]]]:
    """Both directions, mixed: the hand-written rows twice, a third of the XQuAD rows backwards as well."""
    made = []
    for text, answer, question in xquad + handbook * 2:
        made.append([*question_messages(text, answer), {"role": "assistant", "content": question}])
    for text, answer, question in rng.sample(xquad, len(xquad) // 3) + rng.sample(handbook, len(handbook) // 2):
        made.append([*answer_messages(text, question), {"role": "assistant", "content": answer}])
    rng.shuffle(made)
    return made


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--starter", type=Path, required=True)
    args.add_argument("--xquad", type=Path, required=True)
    args.add_argument("--out", type=Path, required=True)
    args.add_argument("--seconds", type=float, default=0, help="stop early, for a try")
    given = args.parse_args()
    rng = random.Random(5)
    xquad, held_out = xquad_rows(given.xquad)
    rows = conversations(rng.sample(xquad, min(600, len(xquad))), handbook_rows(), rng)
    model, tokenizer = load(given.starter)
    print(len(rows), "rows;", len(held_out), "held out", flush=True)
    settings = LoopSettings(epochs=1, learning_rate=8e-4, batch_size=8, rank=8, alpha=16)
    tuned = train(model, tokenizer, rows, settings, lambda s: print(s, flush=True), given.seconds)
    save(tuned, given.out)
    client = LocalClient(tuned, tokenizer)
    sample = rng.sample(held_out, 30)
    asked = client.complete_many([question_messages(t, a) for t, a, _ in sample], max_tokens=32)
    back = client.complete_many(
        [answer_messages(t, q.text) for (t, _, _), q in zip(sample, asked, strict=True)], max_tokens=24
    )
    for (_text, answer, gold), question, reply in zip(sample, asked, back, strict=True):
        fits = answer.lower() in reply.text.lower() or reply.text.lower() in answer.lower()
        print(f"{'ok ' if fits else '-- '}{answer} | {question.text} | {reply.text} | gold: {gold}")


def save(tuned: object, out: Path) -> None:
    """PEFT folder with half-precision weights: 5 MB instead of 10."""
    import torch
    from safetensors.torch import load_file, save_file

    tuned.save_pretrained(out)  # type: ignore[attr-defined]
    (out / "README.md").unlink(missing_ok=True)
    file = out / "adapter_model.safetensors"
    save_file(
        {k: v.to(torch.float16).contiguous() for k, v in load_file(file).items()}, file, metadata={"format": "pt"}
    )
    config = json.loads((out / "adapter_config.json").read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = "HuggingFaceTB/SmolLM2-135M-Instruct"
    (out / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True), encoding="utf-8")


if __name__ == "__main__":
    main()
