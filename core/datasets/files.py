"""Files of others: what kind they are, and their rows one at a time, each with its place, past all damage."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from core.datasets.rows import Wrong
from core.errors import UserError
from core.storage.archives import UNREADABLE

FileKind = Literal["json", "csv", "xlsx", "parquet", "xml", "text", "zip"]
SUFFIXES = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".xlsx", ".parquet", ".xml", ".txt", ".md", ".zip")
_HEAD = 1 << 16
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
         (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True)
class Found:
    """One row of a file, or the fault that stands in its place.

    Attributes:
        line: its first line in text files; its number, counted from 1, in tables without lines.
        value: the row as an object, or what is wrong with it.
        sheet: of a workbook.
    """

    line: int
    value: Any
    sheet: str = ""


def kind_of(path: Path, label: str = "") -> FileKind:
    """What a file is, by its content. Raises UserError for an empty file and for what holds no rows."""
    name = (label or path.name).lower()
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.strip(b"\xef\xbb\xbf \t\r\n\0"):
        raise UserError("dataset.error.empty_file", name=label or path.name)
    if head[:4] == b"PAR1":
        return "parquet"
    if head[:4] == b"PK\x03\x04":
        return "xlsx" if _is_workbook(path) else "zip"
    encoding = encoding_of(head)
    if encoding is None:
        raise UserError("dataset.error.unknown_file", name=label or path.name)
    text = head.decode(encoding, "replace").lstrip("\ufeff \t\r\n")
    if name.endswith((".txt", ".md")):
        return "text"
    if name.endswith((".csv", ".tsv")):
        return "csv"
    if text[:1] in ("{", "["):
        return "json"
    if text[:1] == "<":
        return "xml"
    return "json" if name.endswith((".json", ".jsonl", ".ndjson")) else "csv"


def encoding_of(head: bytes) -> str | None:
    """The encoding of a text file by its beginning: a mark, UTF-8 but for single damaged lines, or the likeliest.

    None when it is no text.
    """
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if b"\0" in head:
        return None
    lines = head.splitlines()[:-1] if len(head) >= _HEAD else head.splitlines()
    broken = sum(not _is_utf8(line) for line in lines)
    if broken * 5 <= len(lines) and (broken == 0 or len(lines) > 4):
        return "utf-8"
    from charset_normalizer import from_bytes

    best = from_bytes(b"\n".join(lines) or head).best()
    name = best.encoding if best else "latin-1"
    return "gb18030" if name in ("gb2312", "gbk", "hz") else name


def rows_of(path: Path, kind: FileKind, label: str = "") -> Iterator[Found]:
    """The rows of a file that is no archive. Raises UserError when the file as a whole cannot be read."""
    if kind == "json":
        from core.datasets.files_json import json_rows

        return json_rows(path, _encoding(path))
    if kind == "text":
        return _text_rows(path)
    from core.datasets import files_tables as tables

    if kind == "csv":
        return tables.csv_rows(path, _encoding(path), (label or path.name).lower().endswith(".tsv"))
    if kind == "xlsx":
        return tables.workbook_rows(path)
    return tables.parquet_rows(path) if kind == "parquet" else tables.xml_rows(path)


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        return encoding_of(file.read(_HEAD)) or "utf-8"


def _text_rows(path: Path) -> Iterator[Found]:
    """One text a line, as LLaMA-Factory takes plain text; empty lines mean nothing."""
    with path.open("rb") as file:
        encoding = _encoding(path)
        if encoding.startswith("utf-16") or encoding.startswith("utf-32"):
            for number, line in enumerate(codecs.getreader(encoding)(file, "replace"), 1):
                if line.strip():
                    yield Found(number, {"text": line.rstrip("\r\n")})
            return
        for number, raw in enumerate(file, 1):
            if raw.strip():
                yield Found(number, decoded(raw, encoding, lambda text: {"text": text.rstrip("\r\n")}))


def decoded(raw: bytes, encoding: str, make: Any) -> Any:
    """`make(text)` of a line, or the fault that it is not in this encoding."""
    try:
        return make(raw.decode("utf-8-sig" if encoding.startswith("utf-8") else encoding))
    except UnicodeDecodeError:
        return Wrong("dataset.row.not_utf8")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_workbook(path: Path) -> bool:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            return any(re.fullmatch(r"xl/workbook\.xml", name) for name in archive.namelist())
    except UNREADABLE:
        return False
