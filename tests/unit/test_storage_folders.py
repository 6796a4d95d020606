"""Whole folders and leftovers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time

import pytest

from core.errors import UserError
from core.storage import Workspace, atomic_write, publish_dir, remove_dir, sweep, verify_dir
from core.storage.folders import leftovers, sweep_uploads
from core.storage.fsck import fsck, main


def _model(ws: Workspace, name: str = "tiny") -> None:
    folder = ws.tmp_dir()
    atomic_write(folder / "config.json", "{}")
    atomic_write(folder / "sub" / "weights.safetensors", b"abc")
    publish_dir(folder, ws.model(name).dir)


def test_a_published_folder_is_complete_and_verifies(ws: Workspace) -> None:
    _model(ws)
    assert verify_dir(ws.model("tiny").dir, deep=True) == []
    assert not fsck(ws)
    assert not leftovers(ws)


def test_one_flipped_byte_and_one_missing_file_are_found(ws: Workspace) -> None:
    _model(ws)
    (ws.model("tiny").dir / "sub" / "weights.safetensors").write_bytes(b"abd")
    (ws.model("tiny").dir / "config.json").unlink()
    assert verify_dir(ws.model("tiny").dir) == ["config.json"]
    assert verify_dir(ws.model("tiny").dir, deep=True) == ["config.json", "sub/weights.safetensors"]
    assert [problem.key for problem in fsck(ws)] == ["storage.fsck.differs"]


def test_an_existing_target_is_refused_and_untouched(ws: Workspace) -> None:
    _model(ws)
    with pytest.raises(UserError) as caught:
        _model(ws)
    assert caught.value.key == "storage.error.exists"
    assert verify_dir(ws.model("tiny").dir, deep=True) == []


def test_a_folder_from_another_disk_is_published_all_the_same(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.stat
    folder = ws.tmp_dir()
    atomic_write(folder / "a", b"1")
    ws.models.mkdir(parents=True)

    class OtherDisk:
        def __init__(self, found: os.stat_result) -> None:
            self.found = found

        def __getattr__(self, name: str) -> object:
            return -1 if name == "st_dev" else getattr(self.found, name)

    def other_disk(path: object, *args: object, **kwargs: object) -> object:
        found = real(path, *args, **kwargs)  # type: ignore[arg-type, call-overload]
        return OtherDisk(found) if str(path) == str(folder) else found

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", other_disk)
        publish_dir(folder, ws.model("m").dir)
    assert verify_dir(ws.model("m").dir, deep=True) == []
    assert not folder.exists()


def test_a_removed_folder_is_gone_and_removing_twice_is_no_error(ws: Workspace) -> None:
    _model(ws)
    remove_dir(ws.model("tiny").dir)
    remove_dir(ws.model("tiny").dir)
    assert list(ws.models.iterdir()) == []


def test_the_sweep_takes_what_dead_processes_left_and_nothing_else(ws: Workspace) -> None:
    mine = ws.tmp_dir()
    code = ("from core.storage import Workspace; ws = Workspace.default(); d = ws.tmp_dir(); (d / 'x').touch();"
            " (ws.models / '.trash-1').mkdir(parents=True)")
    subprocess.run([sys.executable, "-c", code], check=True)
    _model(ws)
    assert len(leftovers(ws)) == 2
    assert {problem.level for problem in fsck(ws)} == {"note"}
    assert len(sweep(ws)) == 2
    assert mine.is_dir() and ws.model("tiny").dir.is_dir() and not leftovers(ws)


def test_a_folder_without_its_manifest_is_an_error(ws: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    _model(ws)
    (ws.model("tiny").dir / "manifest.json").unlink()
    assert main([str(ws.root)]) == 1
    assert "saves/models/tiny" in capsys.readouterr().out
    shutil.rmtree(ws.model("tiny").dir)
    assert main([str(ws.root)]) == 0


def test_damage_to_any_file_is_listed(ws: Workspace) -> None:
    for path in (ws.settings_file, ws.dataset_info):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"[]")
        assert [problem.level for problem in fsck(ws)] == ["error"]
        path.write_bytes(b"{")
        assert [problem.level for problem in fsck(ws)] == ["error"]
        path.unlink()


def test_old_uploads_go_and_fresh_ones_stay(ws: Workspace) -> None:
    cache, now = ws.upload_cache, time.time()
    ages = {"tmpbroken": 4000, "tmpcoming": 100, "aa/kept.pdf": 4000, "bb/old.pdf": 90_000, "page.png": 90_000}
    for name, age in ages.items():
        path = cache / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, (now - age, now - age))
    (cache / "cc").mkdir()  # an upload is about to be put there
    for name in ("aa", "bb"):
        os.utime(cache / name, (now - 90_000, now - 90_000))
    assert {path.name for path in sweep_uploads(ws)} == {"tmpbroken", "old.pdf", "page.png"}
    left = {str(path.relative_to(cache)) for path in cache.rglob("*")}
    assert left == {"tmpcoming", "aa", "aa/kept.pdf", "bb", "cc"}
    os.utime(cache / "bb", (now - 90_000, now - 90_000))
    sweep_uploads(ws)
    assert not (cache / "bb").exists() and (cache / "cc").is_dir()
