"""Journals: torn tails, damage in the middle, numbers that are not finite, several writers."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from core.errors import UserError
from core.storage import journal_append, journal_read
from core.storage.journal import journal_scan


def _fill(path: Path, count: int) -> None:
    for number in range(count):
        journal_append(path, {"n": number})


def test_lines_come_back_in_order_with_sequence_numbers(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    assert [journal_append(path, {"n": n}) for n in range(3)] == [1, 2, 3]
    lines, offset = journal_read(path)
    assert lines == [{"n": 0, "seq": 1}, {"n": 1, "seq": 2}, {"n": 2, "seq": 3}]
    assert offset == path.stat().st_size
    assert journal_read(path, offset) == ([], offset)


def test_a_line_appears_once_and_only_when_it_is_whole(tmp_path: Path) -> None:
    whole = tmp_path / "whole.jsonl"
    _fill(whole, 2)
    growing, seen, offset = tmp_path / "growing.jsonl", [], 0
    for byte in whole.read_bytes():
        with growing.open("ab") as file:
            file.write(bytes([byte]))
        lines, offset = journal_read(growing, offset)
        seen += lines
    assert seen == journal_read(whole)[0]


def test_the_next_writer_removes_a_torn_tail(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    _fill(path, 2)
    offset = journal_read(path)[1]
    with path.open("ab") as file:
        file.write(b'{"n":2,"se')
    assert journal_read(path, offset) == ([], offset)
    assert journal_append(path, {"n": 2}) == 3
    journal = journal_scan(path)
    assert [line["n"] for line in journal.lines] == [0, 1, 2] and not journal.bad
    assert journal_read(path, offset)[0] == [{"n": 2, "seq": 3}]


@pytest.mark.parametrize("damage", [b"\x00", b"\xff", b"9", b"\n"])
def test_damage_in_the_middle_is_skipped_and_reported(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "j.jsonl"
    _fill(path, 3)
    raw = bytearray(path.read_bytes())
    second = raw.index(b"\n") + 1
    raw[second + 5:second + 6] = damage
    path.write_bytes(bytes(raw))
    journal = journal_scan(path)
    assert [line["n"] for line in journal.lines] == [0, 2]
    assert journal.bad and journal.bad[0][0] >= second
    assert journal_append(path, {"n": 3}) == 4


def test_odd_lines_do_not_stop_a_reader(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b'{"seq":1,"loss":NaN}\r\n\n{"seq":2,"loss":1e400}\n[1]\n\xff\xfe\n' + b"[" * 100_000 +
                     b'\n{"seq":2,"loss":7}\n{"seq":3,"loss":-Infinity}\n')
    journal = journal_scan(path)
    assert journal.lines == [{"seq": 1, "loss": None}, {"seq": 2, "loss": None}, {"seq": 3, "loss": None}]
    assert len(journal.bad) == 3


def test_not_finite_numbers_and_surrogates_are_written_as_valid_json(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    journal_append(path, {"a": float("inf"), "b": "\ud800", "c": "line\nbreak"})
    assert journal_read(path)[0] == [{"a": None, "b": "?", "c": "line\nbreak", "seq": 1}]
    assert path.read_bytes().count(b"\n") == 1


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    threads = [threading.Thread(target=_fill, args=(path, 20)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal = journal_scan(path)
    assert [line["seq"] for line in journal.lines] == list(range(1, 161)) and not journal.bad


def test_a_line_longer_than_the_look_back_is_followed_by_the_right_number(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    journal_append(path, {"text": "x" * 300_000})
    assert journal_append(path, {"text": "y" * 300_000}) == 2
    assert journal_append(path, {}) == 3


def test_a_full_disk_leaves_the_journal_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "j.jsonl"
    _fill(path, 2)
    before, original, written = path.read_bytes(), os.write, []

    def short(fd: int, data: Any) -> int:
        if written:
            raise OSError(errno.ENOSPC, "full")
        written.append(1)
        return original(fd, bytes(data)[:5])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", short)
        with pytest.raises(UserError) as caught:
            journal_append(path, {"n": 2})
    assert caught.value.key == "storage.error.disk_full"
    assert path.read_bytes() == before
    assert journal_append(path, {"n": 2}) == 3


def test_reading_in_blocks_gives_the_same_lines(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    _fill(path, 40)
    seen, offset = [], 0
    while (journal := journal_scan(path, offset, limit=7)).offset > offset:
        seen, offset = seen + journal.lines, journal.offset
    assert seen == journal_read(path)[0]
