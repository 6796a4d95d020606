"""A dataset as a file for other programs: counted beforehand, streamed, whole or not there at all."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.datasets.card import Exported, card
from core.datasets.files_tables import guard
from core.datasets.reading import Split, every_row
from core.datasets.rows import Row
from core.datasets.services import FEWEST, LARGEST, SERVICES, Judged
from core.datasets.shapes import FORMATS, TABLES, Traits, holds, writer
from core.datasets.store import get_dataset
from core.errors import UserError
from core.storage import Workspace, atomic_write
from core.storage.atomic import replace, storage_error
from core.storage.owner import temporary_name

_LONGEST_CELL = 32_767
_MOST_SHEET_ROWS = 1_048_575
_BATCH = 500


@dataclass(frozen=True)
class Plan:
    """What an export would give.

    Attributes:
        rows: rows of the file, exactly.
        left_out: rows that the format cannot hold.
        unreadable: rows that cannot be read at all.
        fields: names of the columns of the file.
        judged: what a service's rules say of the rows.
    """

    fmt: str
    rows: int
    left_out: int
    unreadable: int
    traits: Traits
    fields: list[str] = field(default_factory=list)
    judged: Judged | None = None


def plan(ws: Workspace, dataset_id: str, fmt: str, split: Split = "train") -> Plan:
    """Counts the rows that a format can hold. Raises UserError for an unknown format or dataset."""
    if fmt not in FORMATS:
        raise UserError("dataset.error.format", name=fmt, known=", ".join(FORMATS))
    traits, left_out, unreadable = Traits(), 0, 0
    first: Row | None = None
    judged = Judged(fmt) if fmt in SERVICES else None
    for row in every_row(ws, dataset_id, split):
        if not isinstance(row, Row):
            unreadable += 1
            continue
        if judged:
            judged.add(row)
        if holds(row, fmt):
            first = first or row
            traits.add(row)
        else:
            left_out += 1
    fields = list(writer(fmt, traits)(first)) if first else []
    return Plan(fmt, traits.rows, left_out, unreadable, traits, fields, judged)


def counts(ws: Workspace, dataset_id: str, split: Split = "train") -> dict[str, int]:
    """Format → rows that an export would have, for all formats that hold any."""
    info = get_dataset(ws, dataset_id)
    found = info.fits.get(split)
    if found is None:
        found = dict.fromkeys(FORMATS, 0)
        for row in every_row(ws, dataset_id, split):
            if isinstance(row, Row):
                for fmt in FORMATS:
                    found[fmt] += holds(row, fmt)
    return {fmt: count for fmt, count in found.items() if count}


def suffix(fmt: str) -> str:
    """How the name of a file of this format ends."""
    return f".{fmt}" if fmt in TABLES else ".jsonl"


def export(ws: Workspace, dataset_id: str, fmt: str, target: Path, split: Split = "train",
           on_row: Callable[[int], None] = lambda n: None) -> Plan:
    """Writes a dataset to `target`, which is replaced; what is there stays when this fails.

    Raises UserError when no row fits the format, a service's rules are not met, or the disk is full.
    """
    made = plan(ws, dataset_id, fmt, split)
    title = get_dataset(ws, dataset_id).title
    if not made.rows:
        raise UserError("dataset.error.nothing_fits", name=title, format={"key": f"dataset.format.{fmt}"})
    if made.rows < FEWEST.get(fmt, 0):
        raise UserError("dataset.error.too_few", name=title, count=made.rows, fewest=FEWEST[fmt])
    if fmt == "xlsx" and made.rows > _MOST_SHEET_ROWS:
        raise UserError("dataset.error.too_many", count=made.rows, most=_MOST_SHEET_ROWS)
    make = writer(fmt, made.traits)
    rows = _fitting(ws, dataset_id, fmt, split)
    if fmt == "xlsx" and any(_too_long(make(row)) for row in _fitting(ws, dataset_id, fmt, split)):
        raise UserError("dataset.error.cell_too_long", most=_LONGEST_CELL)
    part = target.parent / temporary_name()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _WRITERS.get(fmt, _jsonl)(part, _counted((make(row) for row in rows), on_row))
        if part.stat().st_size > LARGEST.get(fmt, 1 << 62):
            raise UserError("dataset.error.too_large", name=title)
        os.chmod(part, 0o600)
        replace(part, target)
    except OSError as error:
        raise storage_error(error, target) from error
    finally:
        part.unlink(missing_ok=True)
    return made


def export_card(ws: Workspace, dataset_id: str, made: Plan, target: Path, split: Split = "train",
                lang: str = "en") -> Path:
    """Writes the card of an exported file beside it; returns where: `rows.jsonl` has `rows.README.md`."""
    told = target.with_name(f"{target.stem}.README.md")
    text = card(ws, dataset_id, [Exported(target.name, split, made.rows, made.fields)], lang)
    atomic_write(told, text.encode("utf-8", "replace"))
    return told


def _fitting(ws: Workspace, dataset_id: str, fmt: str, split: Split) -> Iterator[Row]:
    return (row for row in every_row(ws, dataset_id, split) if isinstance(row, Row) and holds(row, fmt))


def _too_long(value: dict[str, Any]) -> bool:
    return any(isinstance(cell, str) and len(_escaped(cell)) > _LONGEST_CELL for cell in value.values())


def _counted(values: Iterator[dict[str, Any]], on_row: Callable[[int], None]) -> Iterator[dict[str, Any]]:
    for number, value in enumerate(values, 1):
        on_row(number)
        yield value


def _jsonl(path: Path, values: Iterator[dict[str, Any]]) -> None:
    with path.open("wb") as file:
        for value in values:
            file.write(json.dumps(value, ensure_ascii=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _csv(path: Path, values: Iterator[dict[str, Any]]) -> None:
    """With a byte order mark, without which Excel takes Chinese for another encoding; cells are never formulas."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file, lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
        for number, value in enumerate(values):
            if number == 0:
                table.writerow([guard(name) for name in value])
            table.writerow([guard(str(cell)) if cell is not None else "" for cell in value.values()])


def _xlsx(path: Path, values: Iterator[dict[str, Any]]) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("rows")

    def cell(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        made = WriteOnlyCell(sheet, value=_escaped(value))
        made.data_type = "s"  # text, also where it begins like a formula
        return made

    try:
        for number, value in enumerate(values):
            if number == 0:
                sheet.append([cell(name) for name in value])
            sheet.append([cell(one) for one in value.values()])
        book.save(path)
    finally:
        book.close()


def _escaped(text: str) -> str:
    """Characters that a sheet cannot hold in the way that spreadsheets write them: ``_x000D_``."""
    from core.datasets.files_tables import ESCAPES, NOT_IN_SHEETS

    text = ESCAPES.sub(lambda found: "_x005F" + found[0], text)
    return NOT_IN_SHEETS.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def _parquet(path: Path, values: Iterator[dict[str, Any]]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    out: Any = None
    batch: list[dict[str, Any]] = []

    def flush() -> None:
        nonlocal out
        if out is None:
            out = parquet.ParquetWriter(path, pa.schema([(name, _type(pa, name, value)) for name, value in
                                                         batch[0].items()]), compression="zstd")
        out.write_table(pa.Table.from_pylist(batch, schema=out.schema))
        batch.clear()

    try:
        for value in values:
            batch.append(value)
            if len(batch) >= _BATCH:
                flush()
        if batch:
            flush()
    finally:
        if out is not None:
            out.close()


def _type(pa: Any, name: str, value: Any) -> Any:
    """The type of a column by its name and its first value."""
    text = pa.string()
    if isinstance(value, bool):
        return pa.bool_()
    if name == "answers":
        return pa.list_(pa.struct([("content", text), ("score", pa.float64()), ("reason", text)]))
    if not isinstance(value, list):
        return text
    call = pa.struct([("id", text), ("type", text), ("function", pa.struct([("name", text), ("arguments", text)]))])
    return pa.list_(pa.struct([("role", text), ("content", text), ("tool_calls", pa.list_(call)),
                               ("tool_call_id", text), ("name", text)]))


_WRITERS: dict[str, Callable[[Path, Iterator[dict[str, Any]]], None]] = {
    "csv": _csv, "xlsx": _xlsx, "parquet": _parquet}
