"""Rows of a dataset: a page of them without reading the rest, or all as conversations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from core.datasets import registry
from core.datasets.formats import BadRow, Conversation, Entry, entry_for, to_conversation
from core.datasets.store import DatasetInfo, get_dataset
from core.storage import Workspace

Split = Literal["train", "held_out"]
STRIDE = 500
PAGE = 200
SHOWN = 4000
_BLOCK = 1 << 20


def preview(
    ws: Workspace, id: str, offset: int = 0, limit: int = 20, split: Split = "train"
) -> tuple[list[Conversation], int]:
    """(conversations from row `offset` on, number of rows). Texts are cut after SHOWN characters. Raises UserError."""
    info = get_dataset(ws, id)
    entry, path = _source(ws, info, split)
    if entry is None or path is None:
        return [], 0
    offset, limit = max(0, offset), max(0, min(limit, PAGE))
    if info.own:
        total = info.rows if split == "train" else info.held_out_rows
        rows = _from(path, offset, info.index if split == "train" else [])
    else:
        total = sum(1 for _ in _raw_rows(path))
        rows = islice(_raw_rows(path), offset, None)
    return [_cut(c) for raw in islice(rows, limit) if (c := _conversation(raw, entry))], total


def conversations(ws: Workspace, id: str, split: Split = "train") -> list[Conversation]:
    """All rows that can be read, in order. Raises UserError when there is no such dataset."""
    entry, path = _source(ws, get_dataset(ws, id), split)
    if entry is None or path is None:
        return []
    return [c for raw in _raw_rows(path) if (c := _conversation(raw, entry))]


def _source(ws: Workspace, info: DatasetInfo, split: Split) -> tuple[Entry | None, Path | None]:
    if info.own:
        paths = ws.dataset(info.id)
        path = paths.train if split == "train" else paths.held_out
        return entry_for(info.fmt, path.name), path if path.is_file() else None
    name = info.name if split == "train" else info.name + registry.HELD_OUT
    raw = registry.read(ws).get(name)
    entry = Entry.of(raw) if isinstance(raw, dict) else None
    return entry, ws.registered_file(entry.file_name) if entry else None


def _conversation(raw: Any, entry: Entry) -> Conversation | None:
    try:
        return to_conversation(raw, entry)
    except BadRow:
        return None


def _cut(messages: Conversation) -> Conversation:
    return [
        {**m, "content": m["content"] if len(m["content"]) <= SHOWN else m["content"][:SHOWN] + " …"} for m in messages
    ]


def _from(path: Path, offset: int, index: list[int]) -> Iterator[Any]:
    """Rows of a JSONL file from a row number on; `index` has the place of every STRIDE-th row."""
    with path.open("rb") as file:
        known = min(offset // STRIDE, len(index) - 1)
        if known >= 0:
            file.seek(index[known])
        yield from (_json(line) for line in islice(file, offset - max(known, 0) * STRIDE, None))


def _raw_rows(path: Path) -> Iterator[Any]:
    """Rows of a JSONL file, or of a JSON file that holds one list; one at a time."""
    with path.open("r", encoding="utf-8-sig", errors="replace") as file:
        first = file.read(1)
        while first.isspace():
            first = file.read(1)
        if first == "[":
            yield from _array(file)
            return
        yield from (_json(line) for line in _lines(first, file) if line.strip())


def _lines(first: str, file: Any) -> Iterator[str]:
    yield first + file.readline()
    yield from file


def _json(line: str | bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _array(file: Any) -> Iterator[Any]:
    """Elements of a list whose opening bracket was read; stops at the first damage."""
    decoder, buffer, ended = json.JSONDecoder(), "", False
    while True:
        buffer = buffer.lstrip(" \t\r\n,")
        if buffer.startswith("]"):
            return
        try:
            value, at = decoder.raw_decode(buffer)
        except (ValueError, RecursionError):
            more = file.read(max(_BLOCK, len(buffer)))
            if not more and ended:
                return
            ended, buffer = not more, buffer + more
            continue
        yield value
        buffer = buffer[at:]
