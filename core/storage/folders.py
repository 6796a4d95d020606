"""Whole folders: they appear complete, with a manifest written last, and disappear in one step."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from core.errors import UserError
from core.storage.atomic import read_json, replace, storage_error, sync_dir, write_json
from core.storage.owner import is_abandoned, is_temporary, temporary_name
from core.storage.workspace import Workspace

MANIFEST = "manifest.json"
_TRASH = ".trash-"
_UNFINISHED = "tmp"  # what an upload is called until it is complete


def publish_dir(tmp_dir: Path, final_dir: Path, manifest: bool = True, only: Collection[str] | None = None) -> None:
    """Moves a finished folder to its final name, durable on return.

    Args:
        tmp_dir: from `Workspace.tmp_dir`; on another disk it is copied beside the target first.
        final_dir: must not exist.
        manifest: write ``manifest.json`` (size in bytes and sha256 of every file) before the move.
        only: names of the files that it lists, when others in the folder will change.

    Raises UserError when the target exists or the disk fails; then `final_dir` is not there.
    """
    if final_dir.exists():
        raise UserError("storage.error.exists", name=final_dir.name)
    try:
        final_dir.parent.mkdir(parents=True, exist_ok=True)
        if tmp_dir.stat().st_dev != final_dir.parent.stat().st_dev:
            near = final_dir.parent / temporary_name()
            shutil.copytree(tmp_dir, near)
            shutil.rmtree(tmp_dir)
            tmp_dir = near
        for path in _files(tmp_dir):
            _sync_file(path)
        if manifest:
            listed = describe(tmp_dir).items()
            write_json(tmp_dir / MANIFEST, {"files": {n: f for n, f in listed if only is None or n in only}})
        for folder in [p for p in tmp_dir.rglob("*") if p.is_dir()] + [tmp_dir]:
            sync_dir(folder)
        os.rename(tmp_dir, final_dir)
        sync_dir(final_dir.parent)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
            raise UserError("storage.error.exists", name=final_dir.name) from error
        raise storage_error(error, final_dir) from error


def describe(folder: Path) -> dict[str, dict[str, object]]:
    """Size and sha256 of every file below a folder, by its relative name; the manifest itself is left out."""
    return {path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256(path)}
            for path in _files(folder) if path != folder / MANIFEST}


def verify_dir(folder: Path, deep: bool = False) -> list[str]:
    """Relative names of files that are missing or differ from the manifest; `deep` compares checksums, too.

    Raises FileNotFoundError without a manifest: the folder is not complete. Raises UserError when it is damaged.
    """
    listed = read_json(folder / MANIFEST).get("files", {})
    wrong = []
    for name, facts in listed.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != facts["bytes"] or deep and sha256(path) != facts["sha256"]:
            wrong.append(name)
    return wrong


def sha256(path: Path) -> str:
    """Checksum of a file as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove_dir(folder: Path) -> None:
    """Makes a folder vanish in one step (a rename), then purges it. A missing folder is no error."""
    if trash := stage_removal(folder):
        purge(trash)


def stage_removal(folder: Path) -> Path | None:
    """Renames a folder to one that the next sweep removes, and returns it; None when there is none."""
    trash = folder.parent / f"{_TRASH}{secrets.token_hex(6)}"
    try:
        replace(folder, trash)
        sync_dir(folder.parent)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise storage_error(error, folder) from error
    return trash


def purge(trash: Path) -> None:
    """Removes what `stage_removal` set aside."""
    shutil.rmtree(trash, ignore_errors=True)


def sweep(ws: Workspace) -> list[Path]:
    """Removes what dead processes left: temporary files and folders, trash. Returns what was removed."""
    removed = leftovers(ws)
    for path in removed:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return removed


def sweep_uploads(ws: Workspace, unfinished_s: float = 3600.0, others_s: float = 24 * 3600.0) -> list[Path]:
    """Removes what nobody has written to for so long from the web server's cache, and returns it: uploads that broke
    off, files that were taken in long ago, copies and downloads for pages that are long closed."""
    now, removed = time.time(), []
    for parent, folders, files in os.walk(ws.upload_cache, topdown=False):
        for name in files:
            path = Path(parent, name)
            most = unfinished_s if name.startswith(_UNFINISHED) else others_s
            try:
                if now - path.lstat().st_mtime >= most:
                    path.unlink()
                    removed.append(path)
            except FileNotFoundError:
                continue
        for name in folders:
            folder = Path(parent, name)
            with suppress(OSError):  # there is something in it
                if now - folder.stat().st_mtime >= unfinished_s:
                    folder.rmdir()
    return removed


def leftovers(ws: Workspace) -> list[Path]:
    """Temporary files and folders of processes that are gone, and half-purged trash."""
    found: list[Path] = []
    for base in (ws.data, ws.saves):
        for parent, folders, files in os.walk(base):
            here = Path(parent)
            for name in folders + files:
                if name.startswith(_TRASH) or is_abandoned(name):
                    found.append(here / name)
            folders[:] = [name for name in folders if not name.startswith(_TRASH) and not is_temporary(name)]
    return found


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _sync_file(path: Path) -> None:
    fd = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
