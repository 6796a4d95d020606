"""JSON files: one object a line, one list, or a list inside an object; read a piece at a time, past damaged rows."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from core.datasets.files import Found, decoded
from core.datasets.rows import Wrong

_BLOCK = 1 << 20
LONGEST_ROW = 64 << 20
"""Characters; a row that does not end within them is damaged."""
_HEAD = 1 << 16
_TURN = re.compile(r'\{\s*"(?:role|from|value|content)"')
_INNER_LIST = re.compile(r'\ufeff?\s*\{\s*'
                         r'(?:"(?:[^"\\]|\\.){0,80}"\s*:\s*(?:"(?:[^"\\]|\\.){0,2000}"|[-+.\w]+)\s*,\s*){0,20}'
                         r'"(?:[^"\\]|\\.){0,80}"\s*:\s*\[\s*(?=\{)')


def json_rows(path: Path, encoding: str) -> Iterator[Found]:
    """The rows of a JSON or JSONL file."""
    with path.open("rb") as binary:
        head = binary.read(_HEAD)
        binary.seek(0)
        text = head.decode(encoding, "replace").lstrip("\ufeff \t\r\n")
        if text[:1] == "[" and not _is_lines(text):
            yield from _list_rows(io.TextIOWrapper(binary, encoding, "surrogateescape", newline=""))
        elif _is_lines(text) or not text.startswith("{"):
            yield from _line_rows(binary, encoding)
        else:
            yield from _object_rows(io.TextIOWrapper(binary, encoding, "surrogateescape", newline=""))


def _is_lines(text: str) -> bool:
    """Whether the first or second line is a whole object."""
    lines = text.split("\n")  # not splitlines, which also cuts at U+2028 inside texts
    if any(line.strip() and isinstance(_value(line), dict) for line in lines[:3]):
        return True
    return len(lines) == 1 and len(text) >= 1 << 15 and text.startswith("{") and not _INNER_LIST.match(text)


def _line_rows(binary: Any, encoding: str) -> Iterator[Found]:
    if encoding.startswith(("utf-16", "utf-32")):
        lines: Any = io.TextIOWrapper(binary, encoding, "replace")
        for number, line in enumerate(lines, 1):
            if line.strip("\ufeff \t\r\n"):
                yield Found(number, _value(line.lstrip("\ufeff")))
        return
    number = 0
    while raw := binary.readline(LONGEST_ROW):
        number += 1
        if raw.strip(b"\xef\xbb\xbf \t\r\n\0"):
            yield Found(number, decoded(raw, encoding, _value))


def _value(text: str) -> Any:
    """The value of a JSON text, or what is wrong with it."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        return Wrong("dataset.row.not_json", reason=error.msg, at=error.colno)
    except (ValueError, RecursionError):
        return Wrong("dataset.row.not_json", reason="too deep", at=1)


def _object_rows(file: TextIO) -> Iterator[Found]:
    """An object that holds a list of rows (`{"data": [...]}`), or objects over several lines, one after the other."""
    head = file.read(_HEAD)
    file.seek(0)
    match = _INNER_LIST.match(head)
    # Turns are a list of objects, too: an object with one is a row.
    if match and not _TURN.match(head, match.end()):
        skipped = file.read(match.end())
        yield from _list_rows(file, skipped.count("\n") + 1, opened=True)
        return
    for found in _list_rows(file, bare=True):
        value = found.value
        lists = [inner for inner in value.values() if isinstance(inner, list) and inner and isinstance(inner[0], dict)
                 ] if isinstance(value, dict) else []
        if lists and not {"role", "from"} & set(lists[0][0]) and len(lists[0]) > 1:
            yield from (Found(found.line, one) for one in lists[0])
        else:
            yield found


def _list_rows(file: TextIO, line: int = 1, opened: bool = False, bare: bool = False) -> Iterator[Found]:
    """Elements of a list, one at a time. After a damaged one the reading goes on at what looks like the next row.

    Args:
        opened: the bracket is read already.
        bare: there are no brackets.
    """
    scan = _Scan(file, line)
    scan.skip("\ufeff \t\r\n")
    if not (opened or bare):
        scan.skip("[", 1)
    while True:
        scan.skip(" \t\r\n,")
        if scan.peek() in ("", "]"):
            if scan.peek() == "" and not bare:
                yield Found(scan.line, Wrong("dataset.row.list_ends", at=1))
            return
        start = scan.line
        value = scan.element()
        if isinstance(value, Wrong):
            yield Found(start, value)
            if not scan.resume():
                return
        else:
            yield Found(start, value)


class _Scan:
    """A buffer over a text file that counts lines."""

    def __init__(self, file: TextIO, line: int) -> None:
        self.file, self.line, self.buffer, self.at, self.ended = file, line, "", 0, False
        self.decoder = json.JSONDecoder()
        self.opening: re.Pattern[str] | None = None

    def more(self) -> bool:
        """Reads on; false at the end of the file."""
        if self.ended:
            return False
        new = self.file.read(max(_BLOCK, len(self.buffer) - self.at))
        self.ended = not new
        self.buffer, self.at = self.buffer[self.at:] + new, 0
        return bool(new)

    def peek(self) -> str:
        """The next character; empty at the end."""
        while self.at >= len(self.buffer):
            if not self.more():
                return ""
        return self.buffer[self.at]

    def skip(self, characters: str, most: int = 1 << 60) -> None:
        """Passes over these characters."""
        while most and (one := self.peek()) and one in characters:
            self.line += one == "\n"
            self.at += 1
            most -= 1

    def element(self) -> Any:
        """The value that begins here, or Wrong."""
        if self.opening is None:
            self._learn()
        while True:
            try:
                value, end = self.decoder.raw_decode(self.buffer, self.at)
            except (ValueError, RecursionError) as error:
                # Damage well before the end of what was read does not heal by reading on.
                place = getattr(error, "pos", len(self.buffer))
                if isinstance(error, RecursionError) or place < len(self.buffer) - 64 and "Unterminated" not in str(
                        error) or len(self.buffer) - self.at > LONGEST_ROW or not self.more():
                    message = getattr(error, "msg", "too deep")
                    return Wrong("dataset.row.not_json", reason=message, at=getattr(error, "colno", 1))
                continue
            if end == len(self.buffer) and self.more():
                continue  # a number may go on
            self.line += self.buffer.count("\n", self.at, end)
            self.at = end
            return value

    def resume(self) -> bool:
        """Moves to the next place where a row seems to begin."""
        assert self.opening is not None
        while True:
            if match := self.opening.search(self.buffer, self.at + 1):
                self.line += self.buffer.count("\n", self.at, match.end() - 1)
                self.at = match.end() - 1
                return True
            keep = max(self.at, len(self.buffer) - 4096)
            self.line += self.buffer.count("\n", self.at, keep)
            self.at = keep
            if not self.more():
                return False

    def _learn(self) -> None:
        """How rows of this file begin: on a line of their own with some indent, or right after another row."""
        before = self.buffer[:self.at]
        indent = before[before.rfind("\n") + 1:]
        own_line = "\n" in before and not indent.strip()
        self.opening = re.compile(r"\n" + re.escape(indent) + r"\{" if own_line else r"\}\s*,\s*\{")
