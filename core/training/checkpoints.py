"""Checkpoints of a run: complete folders or none, the newest two kept, damaged ones passed over."""

from __future__ import annotations

import re
from pathlib import Path

from core.errors import UserError
from core.storage import publish_dir, read_json, remove_dir, verify_dir
from core.storage.workspace import RunPaths

KEEP = 2
_NAME = re.compile(r"checkpoint-([0-9]{1,9})\Z")


def complete(run: RunPaths) -> list[tuple[int, Path]]:
    """(step, folder) of all checkpoints that have a manifest, newest first."""
    found = []
    for folder in run.checkpoints.iterdir() if run.checkpoints.is_dir() else ():
        match = _NAME.match(folder.name)
        if match and (folder / "manifest.json").is_file():
            found.append((int(match.group(1)), folder))
    return sorted(found, reverse=True)


def last_good(run: RunPaths) -> tuple[tuple[int, Path] | None, list[int]]:
    """The newest checkpoint whose every file has the checksum of its manifest, and the steps of damaged newer ones.

    Nothing in a checkpoint is opened before this says that it is what this program wrote.
    """
    damaged: list[int] = []
    for step, folder in complete(run):
        if _is_whole(folder):
            return (step, folder), damaged
        damaged.append(step)
    return None, damaged


def _is_whole(folder: Path) -> bool:
    """Every file is as the manifest says, and there is none that it does not list: somebody else put that there."""
    try:
        listed = set(read_json(folder / "manifest.json")["files"]) | {"manifest.json"}
        found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
        return found == listed and not verify_dir(folder, deep=True)
    except (UserError, OSError, KeyError, TypeError, AttributeError):
        return False


def publish(staged: Path, run: RunPaths, step: int) -> None:
    """Puts a finished checkpoint in its place, manifest last, and removes all but the newest `KEEP`."""
    target = run.checkpoint(step)
    remove_dir(target)
    publish_dir(staged, target)
    for _, folder in complete(run)[KEEP:]:
        remove_dir(folder)


def discard(run: RunPaths, steps: list[int]) -> None:
    """Removes damaged checkpoints, so that new ones can take their names."""
    for step in steps:
        remove_dir(run.checkpoint(step))
