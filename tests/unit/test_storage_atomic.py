"""Whole files: old or new, clean errors, no leftovers."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from core.errors import UserError
from core.storage import Workspace, atomic_write, load_or_set_aside, read_json, require_space, write_json
from core.storage.space import human_bytes


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_replaces_the_content_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file.txt"
    atomic_write(target, "old")
    atomic_write(target, "new 文")
    assert target.read_text(encoding="utf-8") == "new 文"
    assert _names(target.parent) == ["file.txt"]
    assert os.name == "nt" or target.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("code", "key"), [
    (errno.ENOSPC, "storage.error.disk_full"), (errno.EDQUOT, "storage.error.disk_full"),
    (errno.EFBIG, "storage.error.disk_full"), (errno.EROFS, "storage.error.read_only"),
    (errno.EIO, "storage.error.write_failed")])
@pytest.mark.parametrize("call", ["fsync", "write", "replace"])
def test_a_failing_disk_keeps_the_old_content(ws: Workspace, monkeypatch: pytest.MonkeyPatch, call: str, code: int,
                                              key: str) -> None:
    write_json(ws.settings_file, {"value": "old"})

    def fail(*args: Any) -> None:
        raise OSError(code, "injected")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(UserError) as caught:
            write_json(ws.settings_file, {"value": "new"})
    assert caught.value.key == key
    assert read_json(ws.settings_file) == {"value": "old"}
    assert _names(ws.saves) == ["settings.json"]


def test_a_file_size_limit_is_reported_like_a_full_disk(ws: Workspace) -> None:
    import resource

    write_json(ws.settings_file, {"value": "old"})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        with pytest.raises(UserError) as caught:
            atomic_write(ws.settings_file, "x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.key == "storage.error.disk_full"
    assert read_json(ws.settings_file) == {"value": "old"}
    assert _names(ws.saves) == ["settings.json"]


def test_numbers_that_are_not_finite_and_lone_surrogates_become_valid_json(tmp_path: Path) -> None:
    target = tmp_path / "x.json"
    write_json(target, {"a": [float("nan"), float("inf"), 1.5], "b\ud800": "c\udfff"})
    assert json.loads(target.read_text(encoding="utf-8")) == {"a": [None, None, 1.5], "b?": "c?"}


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": 1', b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_file_is_set_aside(tmp_path: Path, content: bytes) -> None:
    target = tmp_path / "x.json"
    for number in (1, 2):
        target.write_bytes(content)
        assert load_or_set_aside(target, {"fresh": True}) == {"fresh": True}
        assert (tmp_path / f"x.json.corrupt-{number}").read_bytes() == content
    assert not target.exists()


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    target = tmp_path / "x.json"
    target.write_bytes(b'\xef\xbb\xbf{\r\n"a": 1\r\n}\r\n')
    assert read_json(target) == {"a": 1}


def test_a_folder_in_place_of_a_file_is_damage(tmp_path: Path) -> None:
    (tmp_path / "x.json").mkdir()
    with pytest.raises(UserError):
        read_json(tmp_path / "x.json")


def test_windows_replace_is_tried_again_while_the_file_is_open(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.storage import atomic

    original, failures = os.replace, [1, 2, 3]

    def busy(source: Any, target: Any) -> None:
        if failures:
            failures.pop()
            raise PermissionError(errno.EACCES, "open elsewhere")
        original(source, target)

    source, target = ws.root / "a", ws.root / "b"
    source.write_bytes(b"new")
    monkeypatch.setattr(atomic, "os", _Windows(busy))
    monkeypatch.setattr(atomic.time, "sleep", lambda seconds: None)
    atomic.replace(source, target)
    assert target.read_bytes() == b"new"


class _Windows:
    """The parts of `os` that `replace` uses, on a system named nt."""

    name = "nt"

    def __init__(self, replace: Any) -> None:
        self.replace = replace


def test_space_is_refused_with_both_numbers(ws: Workspace) -> None:
    with pytest.raises(UserError) as caught:
        require_space(ws.models / "not-there-yet", 10 ** 18)
    assert caught.value.params["needed"] == "1000000 TB" and caught.value.params["free"]
    require_space(ws.models, 0)


def test_sizes_for_people() -> None:
    assert [human_bytes(n) for n in (0, 999, 1_840_000_000, 340_000_000)] == ["0 B", "999 B", "1.8 GB", "340 MB"]
