"""Journals: one JSON object a line, appended under a lock, each with a sequence number and a checksum.

A line that was cut off by a crash is not there for readers, and the next writer removes it. A damaged line in the
middle is skipped and reported.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.storage.atomic import finite, storage_error, sync_dir, write_all
from core.storage.locks import wait_lock

_TAIL = 1 << 16
_DECODER = json.JSONDecoder(parse_constant=lambda _: None)  # NaN and Infinity are read as null
_HUGE = re.compile(rb"[0-9][eE]\+?[0-9]{3}")  # a number such as 1e400, which Python reads as infinity


@dataclass(frozen=True)
class Journal:
    """What a reader found: whole lines, the offset to go on from, and (offset, reason) of damaged lines."""

    lines: list[dict[str, Any]]
    offset: int
    bad: list[tuple[int, str]] = field(default_factory=list)


def journal_append(path: Path, obj: dict[str, Any], *, durable: bool = True) -> int:
    """Appends one line and returns its sequence number (1, 2, …).

    Args:
        durable: on disk before the call returns; False only for what may be lost with the machine, such as progress.

    Raises UserError when the disk is full or read-only; the journal is then as before.
    """
    fd = -1
    try:
        is_new = not path.exists()
        fd = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        wait_lock(fd)
        end, last = _tail(fd)
        line = _line({**obj, "seq": last + 1})
        try:
            if end < os.fstat(fd).st_size:
                os.ftruncate(fd, end)
            os.lseek(fd, end, os.SEEK_SET)
            write_all(fd, line)
            if durable:
                os.fsync(fd)
        except OSError:
            os.ftruncate(fd, end)
            raise
        if is_new:
            sync_dir(path.parent)
        return last + 1
    except OSError as error:
        raise storage_error(error, path) from error
    finally:
        if fd >= 0:
            os.close(fd)


def journal_read(path: Path, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """The whole lines from byte `offset` on, and the offset for the next call. A missing journal is an empty one."""
    journal = journal_scan(path, offset)
    return journal.lines, journal.offset


def journal_scan(path: Path, offset: int = 0, limit: int = -1) -> Journal:
    """Like `journal_read`, with the damaged lines. Lines whose sequence number was seen already are dropped.

    Args:
        limit: read about this many bytes, at least one line; -1 for all.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            raw = file.read(limit)
            raw += file.readline() if limit >= 0 else b""
    except FileNotFoundError:
        return Journal([], offset)
    whole = raw[: raw.rfind(b"\n") + 1]
    lines: list[dict[str, Any]] = []
    bad: list[tuple[int, str]] = []
    position, last = offset, 0
    for text in whole.split(b"\n"):
        value = _parse(text)
        if isinstance(value, dict):
            seq = value.get("seq")
            if not isinstance(seq, int) or seq > last:
                lines.append(value)
                last = seq if isinstance(seq, int) else last
        elif value:
            bad.append((position, value))
        position += len(text) + 1
    return Journal(lines, offset + len(whole), bad)


def _line(obj: dict[str, Any]) -> bytes:
    body = json.dumps(finite(obj), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return body[:-1] + b',"crc":"%08x"}\n' % zlib.crc32(body[:-1])


def _parse(text: bytes) -> dict[str, Any] | str:
    """The object of one line, or the reason why it is damaged ("" for a blank line)."""
    text = text.strip()
    if not text:
        return ""
    head, mark, check = text.rpartition(b',"crc":"')
    if mark and check[8:] == b'"}' and check[:8] != b"%08x" % zlib.crc32(head):
        return "checksum"
    try:
        value = _DECODER.decode(text.decode("utf-8"))
    except (ValueError, RecursionError):
        return "not JSON"
    if not isinstance(value, dict):
        return "not an object"
    value.pop("crc", None)
    return finite(value) if _HUGE.search(text) else value


def _tail(fd: int) -> tuple[int, int]:
    """(length without a cut-off last line, sequence number of the last whole line)."""
    size = os.fstat(fd).st_size
    span = min(size, _TAIL)
    while True:
        os.lseek(fd, size - span, os.SEEK_SET)
        raw = b""
        while len(raw) < span and (part := os.read(fd, span - len(raw))):
            raw += part
        end = raw.rfind(b"\n") + 1
        start = raw.rfind(b"\n", 0, max(end - 1, 0)) + 1
        if start > 0 or span == size:
            break
        span = min(size, span * 4)
    for line in reversed(raw[:end].splitlines()):
        value = _parse(line)
        if isinstance(value, dict) and isinstance(value.get("seq"), int):
            return size - span + end, value["seq"]
    return size - span + end, 0
