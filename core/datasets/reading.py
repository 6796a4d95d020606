"""Rows of a dataset: a page of them without reading the rest, all as conversations, or those that hold some words."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from core.datasets.files import encoding_of
from core.datasets.files_json import json_rows
from core.datasets.formats import Conversation
from core.datasets.reading_rows import to_row
from core.datasets.rows import Row, Wrong, from_disk, said
from core.datasets.store import DatasetInfo, get_dataset, mapping_for, registered_path
from core.datasets.writing import STRIDE
from core.storage import Workspace

Split = Literal["train", "held_out"]
PAGE = 200
SHOWN = 4000
MOST_HITS = 1000
_BLOCK = 4 << 20


@dataclass(frozen=True, slots=True)
class Numbered:
    """A row with its place in its part, counted from 0; what is wrong with it when it cannot be read."""

    number: int
    row: Row | Wrong


def preview(
    ws: Workspace, id: str, offset: int = 0, limit: int = 20, split: Split = "train"
) -> tuple[list[Conversation], int]:
    """(conversations from row `offset` on, number of rows). Texts are cut after SHOWN characters. Raises UserError."""
    found, total = page_of(ws, id, offset, limit, split)
    return [_cut(as_conversation(one.row)) for one in found if isinstance(one.row, Row)], total


def page_of(ws: Workspace, id: str, offset: int = 0, limit: int = 20, split: Split = "train",
            words: str = "") -> tuple[list[Numbered], int]:
    """(typed rows from row `offset` on, number of rows), only those that hold `words` when given.

    At most MOST_HITS rows are looked up by words. Raises UserError when there is no such dataset.
    """
    info = get_dataset(ws, id)
    path, read = _source(ws, info, split)
    offset, limit = max(0, offset), max(0, min(limit, PAGE))
    if path is None:
        return [], 0
    if words.strip():
        hits = _hits(path, _stamp(path), words.strip().casefold())
        numbers = hits[offset:offset + limit]
        return [one for n in numbers for one in _numbered(path, info, split, n, 1, read)], len(hits)
    return list(_numbered(path, info, split, offset, limit, read)), _total(path, info, split)


def conversations(ws: Workspace, id: str, split: Split = "train") -> list[Conversation]:
    """All rows that can be read, in order. Raises UserError when there is no such dataset."""
    return [as_conversation(row) for row in typed_rows(ws, id, split)]


def typed_rows(ws: Workspace, id: str, split: Split = "train") -> Iterator[Row]:
    """All rows that can be read, in order, one in memory at a time. Raises UserError without such a dataset."""
    return (row for row in every_row(ws, id, split) if isinstance(row, Row))


def every_row(ws: Workspace, id: str, split: Split = "train") -> Iterator[Row | Wrong]:
    """All rows in order, with what is wrong with those that cannot be read."""
    path, read = _source(ws, get_dataset(ws, id), split)
    return iter(()) if path is None else (read(value) for value in _raw_rows(path))


def rows_at(ws: Workspace, id: str, numbers: Sequence[int], split: Split = "train") -> Iterator[Row | Wrong]:
    """The rows with these numbers, in this order, one in memory at a time. For datasets of ours only."""
    path, read = _source(ws, get_dataset(ws, id), split)
    if path is None:
        return
    starts = array("Q", [0])
    with path.open("rb") as file:
        for line in file:
            starts.append(starts[-1] + len(line))
        for number in numbers:
            file.seek(starts[number])
            yield read(_json(file.readline()))


def as_conversation(row: Row) -> Conversation:
    """The turns as plain messages, the answer last; calls of tools as JSON, a text as one turn."""
    if row.kind == "text":
        return [{"role": "assistant", "content": row.text}]
    talk = [{"role": m.role, "content": said(m)} for m in row.messages]
    return talk + [{"role": "assistant", "content": row.answer}] if row.kind in ("preference", "scored") else talk


def _source(ws: Workspace, info: DatasetInfo, split: Split) -> tuple[Path | None, Any]:
    """(the file of a part, the function that makes a row of a value)."""
    if info.own:
        paths = ws.dataset(info.id)
        path: Path | None = paths.train if split == "train" else paths.held_out
    else:
        path = registered_path(ws, info, split)
    if path is None or not path.is_file():
        return None, None
    if info.fmt == "rows":
        return path, lambda value: _guarded(from_disk, value, info.kind)
    mapping = mapping_for(ws, info, split)
    return (path, lambda value: _guarded(to_row, value, mapping)) if mapping else (None, None)


def _guarded(make: Any, value: Any, *given: Any) -> Row | Wrong:
    if isinstance(value, Wrong):
        return value
    try:
        return make(value, *given)
    except Wrong as wrong:
        return wrong


def _numbered(path: Path, info: DatasetInfo, split: Split, offset: int, limit: int, read: Any) -> Iterator[Numbered]:
    if not info.own and not _is_lines(path):
        values: Iterator[Any] = islice(_raw_rows(path), offset, offset + limit)
    else:
        index = (info.index if split == "train" else info.held_out_index) if info.own else []
        values = islice(_from(path, offset, index), limit)
    return (Numbered(offset + n, read(value)) for n, value in enumerate(values))


def _total(path: Path, info: DatasetInfo, split: Split) -> int:
    if info.own:
        return info.rows if split == "train" else info.held_out_rows
    if _is_lines(path):
        return _blocks(path, _stamp(path))[-1][1]
    return _count(path, _stamp(path))


@lru_cache(maxsize=8)
def _count(path: Path, stamp: tuple[int, int]) -> int:
    return sum(1 for _ in _raw_rows(path))


def _stamp(path: Path) -> tuple[int, int]:
    """What changes when a file does."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _is_lines(path: Path) -> bool:
    """Whether a file has one row a line; others are one JSON value."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    encoding = encoding_of(head)
    if encoding not in ("utf-8", "utf-8-sig"):
        return False
    first = head.decode("utf-8-sig", "replace").lstrip().partition("\n")[0].strip()
    return first.startswith("{") and (len(first) > 1 << 15 or _is_json(first))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _from(path: Path, offset: int, index: list[int]) -> Iterator[Any]:
    """Values of a JSONL file from a row number on; `index` has the place of every STRIDE-th row."""
    with path.open("rb") as file:
        if index:
            known = min(offset // STRIDE, len(index) - 1)
            file.seek(index[known])
            skip = offset - known * STRIDE
        else:
            place, before = next(b for b in reversed(_blocks(path, _stamp(path))[:-1]) if b[1] <= offset)
            file.seek(place)
            skip = offset - before
        yield from (_json(line) for line in islice((ln for ln in file if ln.strip()), skip, None))


@lru_cache(maxsize=8)
def _blocks(path: Path, stamp: tuple[int, int]) -> list[tuple[int, int]]:
    """(place of the beginning of a line, rows before it), one a block; last (size, rows). Empty lines are no rows."""
    import numpy as np

    found, rows, place, empty = [(0, 0)], 0, 0, (b"\n", b"\r\n")
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            block += file.readline() if not block.endswith(b"\n") else b""
            ends = np.flatnonzero(np.frombuffer(block, np.uint8) == 10)
            rows += len(ends) + (not block.endswith(b"\n"))
            if (np.diff(ends) == 1).any() or b"\r" in block and b"\n\r\n" in block or block.startswith(empty):
                rows -= sum(not line.strip() for line in block.splitlines())
            place += len(block)
            found.append((place, rows))
    return found


@lru_cache(maxsize=8)
def _hits(path: Path, stamp: tuple[int, int], words: str) -> list[int]:
    """Numbers of the first rows that hold these words, compared without case."""
    found: list[int] = []
    for number, value in enumerate(_raw_rows(path, words)):
        if value is not None and words in json.dumps(value, ensure_ascii=False).replace('\\"', '"').casefold():
            found.append(number)
            if len(found) >= MOST_HITS:
                break
    return found


def _raw_rows(path: Path, words: str = "") -> Iterator[Any]:
    """Values of a JSON or JSONL file; with `words`, None for lines that surely do not hold them."""
    if not _is_lines(path):
        with path.open("rb") as file:
            encoding = encoding_of(file.read(1 << 16)) or "utf-8"
        yield from (found.value for found in json_rows(path, encoding))
        return
    plain = words.isascii() and words.isalnum()
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                yield None if plain and words.encode() not in line.lower() else _json(line)


def _json(line: str | bytes) -> Any:
    try:
        return json.loads(line.decode("utf-8-sig") if isinstance(line, bytes) else line)
    except (ValueError, RecursionError):
        return Wrong("dataset.row.not_json", reason="", at=1)


def _cut(messages: Conversation) -> Conversation:
    return [
        {**m, "content": m["content"] if len(m["content"]) <= SHOWN else m["content"][:SHOWN] + " …"} for m in messages
    ]
