"""Tables of others: CSV and TSV, workbooks, Parquet, XML. Rows come one at a time."""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.datasets.files import Found
from core.datasets.rows import Wrong
from core.errors import UserError

_LONGEST_CELL = 16 << 20
_BATCH = 256
_UNPACKED = 2 << 30
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_RISKY = re.compile(r"'*[=+\-@\t\r]")


def guard(text: str) -> str:
    """A cell that no spreadsheet takes for a formula; `unguard` gives the text back."""
    return "'" + text if _RISKY.match(text) else text


def unguard(text: str) -> str:
    """The text of a cell that `guard` wrote."""
    return text[1:] if _GUARDED.match(text) else text


def csv_rows(path: Path, encoding: str, tabs: bool = False) -> Iterator[Found]:
    """Rows of a table as text, under the names of its first line."""
    csv.field_size_limit(_LONGEST_CELL)
    with path.open("r", encoding=encoding, errors="surrogateescape", newline="") as file:
        head = file.read(200_000)
        file.seek(0)
        start = 1
        if match := re.match(r"\ufeff?sep=(.)\r?\n", head):
            file.readline()
            separator, start = match[1], 2
        else:
            separator = _separator(head, "\t" if tabs else ",")
        reader = csv.reader(file, delimiter=separator)
        names: list[str] = []
        line = start
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Found(line, Wrong("dataset.row.bad_line", reason=str(error)))
                line = reader.line_num + start
                continue
            first, line = line, reader.line_num + start
            if not cells or not any(cell.strip() for cell in cells):
                continue
            if not names:
                names = _names([cell.lstrip("\ufeff") for cell in cells])
                continue
            yield Found(first, _record(names, cells))


def _record(names: list[str], cells: list[str]) -> Any:
    if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names):]):
        return Wrong("dataset.row.cells", found=len(cells), named=len(names))
    if len(cells) < len(names):
        return Wrong("dataset.row.cells", found=len(cells), named=len(names))
    return {name: unguard(cell) for name, cell in zip(names, cells, strict=False) if name}


def _names(cells: list[Any]) -> list[str]:
    """Names of columns: trimmed, each once; columns without a name are left out."""
    names: list[str] = []
    for cell in cells:
        name = str(cell).strip() if cell is not None else ""
        number = 2
        while name and name in names:
            name, number = f"{str(cell).strip()}_{number}", number + 1
        names.append(name)
    return names


def _separator(text: str, usual: str) -> str:
    """The separator that gives the header the most names, and the second record as many."""
    best, most = usual, 1
    for separator in dict.fromkeys((usual, ",", "\t", ";", "|")):
        with suppress(csv.Error, StopIteration):
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
            names = len(next(reader))
            second = next(reader, None)
            if names > most and (second is None or len(second) == names or separator == usual):
                best, most = separator, names
    return best


def workbook_rows(path: Path) -> Iterator[Found]:
    """Rows of all sheets, each under the names of its first row. Formulas give the value that was stored."""
    import zipfile

    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _UNPACKED:
                raise UserError("dataset.error.bomb", name=path.name)
        book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except UserError:
        raise
    except Exception as error:  # openpyxl raises whatever the damage leads to
        raise UserError("dataset.error.damaged", name=path.name) from error
    try:
        for sheet in book.worksheets:
            names: list[str] = []
            for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
                if all(cell is None or cell == "" for cell in cells):
                    continue
                if not names:
                    names = _names(list(cells))
                    continue
                values = {name: _cell(cell) for name, cell in zip(names, cells, strict=False) if name}
                yield Found(number, values, sheet.title)
    finally:
        book.close()


ESCAPES = re.compile(r"_x([0-9A-Fa-f]{4})_")
NOT_IN_SHEETS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return ESCAPES.sub(lambda found: chr(int(found[1], 16)), value)
    return value.isoformat() if isinstance(value, datetime.date | datetime.time) else value


def parquet_rows(path: Path) -> Iterator[Found]:
    """Rows of a Parquet file, a few hundred in memory at a time."""
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path, memory_map=False) as file:
            number = 0
            for batch in file.iter_batches(batch_size=_BATCH, use_threads=False):
                for value in batch.to_pylist():
                    number += 1
                    yield Found(number, _plain(value))
    except (pyarrow.ArrowException, OSError) as error:
        raise UserError("dataset.error.damaged", name=path.name) from error


def _plain(value: Any) -> Any:
    """JSON values only: dates become text, bytes that are no text vanish, members without a value are left out."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def xml_rows(path: Path) -> Iterator[Found]:
    """Rows of an XML file: the elements below the root. Children and attributes are columns.

    Raises UserError for declarations of entities, which no data set needs.
    """
    from lxml import etree

    with path.open("rb") as file:
        if b"<!DOCTYPE" in file.read(1 << 16).replace(b"\0", b"").upper():
            raise UserError("dataset.error.doctype", name=path.name)
    depth = 0
    try:
        for event, element in etree.iterparse(str(path), events=("start", "end"), resolve_entities=False,
                                              no_network=True, load_dtd=False, huge_tree=False):
            depth += 1 if event == "start" else -1
            if event == "end" and depth == 1 and isinstance(element.tag, str):
                yield Found(element.sourceline or 0, _element(element))
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        yield Found(error.lineno or 0, Wrong("dataset.row.bad_xml", reason=str(error.msg)[:200]))


def _element(element: Any) -> Any:
    """Text of a leaf; otherwise an object, in which children of one name that come several times are a list."""
    children = [child for child in element if isinstance(child.tag, str)]
    values: dict[str, Any] = {_local(name): value for name, value in element.attrib.items()}
    if not children and not values:
        return element.text or ""
    if not children:
        return values | ({"content": element.text} if (element.text or "").strip() else {})
    groups: dict[str, list[Any]] = {}
    for child in children:
        groups.setdefault(_local(child.tag), []).append(_element(child))
    for name, inner in groups.items():
        values[name] = inner[0] if len(inner) == 1 else inner
        # <messages><message role="user">…</message>…</messages>
        if len(inner) == 1 and isinstance(inner[0], dict) and len(inner[0]) == 1:
            only = next(iter(inner[0].values()))
            if isinstance(only, list) and all(isinstance(turn, dict) for turn in only):
                values[name] = only
    return values


def _local(name: str) -> str:
    return name.rpartition("}")[2]
