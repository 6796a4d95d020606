"""Folders for other trainers: made aside, then put in their place whole, as a folder or a ZIP of it."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from core.errors import UserError
from core.storage import Workspace, remove_dir
from core.storage.atomic import replace, storage_error
from core.storage.owner import temporary_name

MODEL = "Qwen/Qwen2.5-0.5B-Instruct"
"""The model that is named when none is chosen."""


def make_folder(ws: Workspace, target: Path, fill: Callable[[Path], int]) -> int:
    """Lets `fill` write into an empty folder, which becomes `target`, or a ZIP when the name ends so.

    Returns what `fill` does. Raises UserError when the target is there already, or the disk is full.
    """
    if target.exists():
        raise UserError("storage.error.exists", name=target.name)
    folder = ws.tmp_dir()
    try:
        done = fill(folder)
        _put(folder, target)
        return done
    except OSError as error:
        raise storage_error(error, target) from error
    finally:
        remove_dir(folder)


def _put(folder: Path, target: Path) -> None:
    """Whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.parent / temporary_name()
    try:
        if target.suffix.lower() == ".zip":
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
                for path in sorted(folder.iterdir()):
                    archive.write(path, path.name)
        else:
            shutil.copytree(folder, part)
        replace(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True) if part.is_dir() else part.unlink(missing_ok=True)
