"""One row as the model sees it: the very ids and labels that the trainer feeds, each with its text."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from core.datasets.reading import Split, as_conversation, page_of
from core.datasets.rows import Row
from core.errors import UserError
from core.jobs.sandbox import run_limited
from core.models import resolve
from core.storage import Workspace

SHOWN = 3000
_MEMORY = 4 << 30
_LONGEST_S = 120.0


@dataclass(frozen=True)
class Seen:
    """A row in tokens.

    Attributes:
        pieces: (text, whether the loss counts there, number of tokens), neighbours of one kind apart by token; tokens
            that hold parts of one character are one piece.
        tokens: of the row, before it is cut.
        trained: of them in answers.
        cut: tokens beyond the cutoff, which the model does not see.
        dropped: no token of an answer is left, so training leaves the row out.
    """

    pieces: list[tuple[str, bool, int]]
    ids: list[int]
    labels: list[int]
    tokens: int
    trained: int
    cut: int
    dropped: bool


def see(ws: Workspace, model: str, dataset_id: str, number: int, cutoff_len: int, split: Split = "train") -> Seen:
    """A row by its number, through the tokenizer of an installed model or a model folder.

    The tokenizer is loaded in a limited child: the caller may be the web server.

    Raises UserError when the model is not there or has no template, or the row holds no conversation.
    """
    found, _ = page_of(ws, dataset_id, number, 1, split)
    row = found[0].row if found else None
    if not isinstance(row, Row) or row.kind != "chat" or row.calls_tools:
        raise UserError("train.error.not_seen")
    given = {"folder": str(resolve(ws, model)), "talk": as_conversation(row), "cutoff": cutoff_len}
    done = run_limited("core.training.seeing:child", input=given, wall_s=_LONGEST_S, memory_bytes=_MEMORY)
    if done.failure == "error" and done.error:
        raise UserError(done.error["key"], **done.error.get("params", {}))
    if done.failure:
        raise RuntimeError(f"the tokenizing child ended with {done.failure}: {done.detail[-2000:]}")
    told = done.lines[0]
    return Seen([(text, trained, count) for text, trained, count in told.pop("pieces")], **told)


def child(given: dict[str, Any], send: Any) -> None:
    """Runs in the limited child, where transformers may be loaded."""
    send(seen_by(given["talk"], load_tokenizer(given["folder"]), given["cutoff"]))


def load_tokenizer(folder: str) -> Any:
    """The tokenizer of a model folder, without a look at the network. Never in the web server."""
    os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", DO_NOT_TRACK="1")
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, local_files_only=True)


def seen_by(talk: list[dict[str, str]], tokenizer: Any, cutoff_len: int) -> dict[str, Any]:
    """What the trainer makes of a conversation, see `Seen`."""
    from core.training.rows import IGNORED, tokenise

    whole = tokenise([talk], tokenizer, 1 << 30, lambda n: None)
    rows = tokenise([talk], tokenizer, cutoff_len, lambda n: None)
    every = whole.rows[0] if whole.rows else {"input_ids": [], "labels": []}
    ids, labels = every["input_ids"][:cutoff_len], every["labels"][:cutoff_len]
    return {"pieces": pieces(ids[:SHOWN], labels[:SHOWN], tokenizer), "ids": ids, "labels": labels,
            "tokens": len(every["input_ids"]), "trained": sum(label != IGNORED for label in labels),
            "cut": max(0, len(every["input_ids"]) - cutoff_len), "dropped": not rows.rows}


def pieces(ids: list[int], labels: list[int], tokenizer: Any) -> list[tuple[str, bool, int]]:
    """The text of each token; bytes of one character, which are no text alone, are taken together.

    The first token is predicted from nothing, so it never counts.
    """
    from core.training.rows import IGNORED

    found: list[tuple[str, bool, int]] = []
    start = 0
    for end in range(1, len(ids) + 1):
        text = tokenizer.decode(ids[start:end], skip_special_tokens=False, clean_up_tokenization_spaces=False)
        counts = labels[end - 1] != IGNORED
        last = end == len(ids) or (labels[end] != IGNORED) != counts
        if "\ufffd" not in text or last or end - start >= 8:
            found.append((text, counts and end > 1, end - start))
            start = end
    return found
