"""Typed rows into the files of a new dataset: streamed, counted, indexed, with the same columns in every row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.datasets.rows import OPTIONAL, Row, to_disk, used
from core.datasets.shapes import FORMATS, holds
from core.storage.atomic import replace, storage_error
from core.storage.workspace import DatasetPaths

STRIDE = 500


@dataclass
class Written:
    """What came to lie in a file.

    Attributes:
        columns: the optional ones that all of its rows have.
        index: byte offset of every STRIDE-th row.
        tools: rows that need a model that knows tools.
        extra: names of further columns of the source.
        fits: format → how many of the rows it can hold.
    """

    rows: int = 0
    characters: int = 0
    tools: int = 0
    columns: list[str] = field(default_factory=list)
    index: list[int] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    fits: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FORMATS, 0))


def write_rows(paths: DatasetPaths, path: Path, rows: Iterable[Row],
               on_row: Callable[[int], None] = lambda n: None) -> Written:
    """Writes rows to a new file. Raises UserError when the disk is full or broken, and whatever `rows` raises."""
    written, seen, uneven, extra = Written(), set[str](), False, dict[str, None]()
    try:
        with path.open("wb") as file:
            at = 0
            for row in rows:
                columns = used(row)
                uneven = uneven or bool(written.rows) and columns != seen
                seen |= columns
                line = _line(to_disk(row, columns))
                if written.rows % STRIDE == 0:
                    written.index.append(at)
                at += file.write(line)
                written.rows += 1
                written.tools += row.calls_tools
                written.characters += len(row.question) + len(row.answer)
                if len(extra) < 200:
                    extra |= dict.fromkeys(row.extra)
                for fmt in FORMATS:
                    written.fits[fmt] += holds(row, fmt)
                on_row(written.rows)
        written.columns, written.extra = [name for name in OPTIONAL if name in seen], list(extra)
        if uneven:
            _even_out(paths, path, written)
    except OSError as error:
        raise storage_error(error, path) from error
    return written


def _even_out(paths: DatasetPaths, path: Path, written: Written) -> None:
    """Gives all rows the same columns: Arrow, through which others read the file, takes the first rows' for granted."""
    part, at = paths.rewriting(path), 0
    written.index = []
    with path.open("rb") as source, part.open("wb") as target:
        for number, raw in enumerate(source):
            stored = json.loads(raw)
            fixed = {key: value for key, value in stored.items() if key not in OPTIONAL}
            line = _line(fixed | {name: stored.get(name, "") for name in written.columns})
            if number % STRIDE == 0:
                written.index.append(at)
            at += target.write(line)
    replace(part, path)


def _line(stored: dict[str, Any]) -> bytes:
    return _ENCODE(stored).encode() + b"\n"


_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
