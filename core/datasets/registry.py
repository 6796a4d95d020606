"""`data/dataset_info.json`, shared with LLaMA-Factory: one writer at a time, a backup, foreign entries untouched."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from core.errors import UserError
from core.storage import Workspace, atomic_write, load_or_set_aside, read_json, write_json
from core.storage.atomic import replace
from core.storage.locks import open_lock, wait_lock

Registry = dict[str, Any]
HELD_OUT = "_held_out"


def read(ws: Workspace) -> Registry:
    """All entries; none when the file is missing. Raises UserError when it is damaged."""
    try:
        found = read_json(ws.dataset_info)
    except FileNotFoundError:
        return {}
    return found if isinstance(found, dict) else {}


def names(ws: Workspace) -> set[str]:
    """Names that are taken; none when the registry is damaged (the next change sets it aside)."""
    try:
        return set(read(ws))
    except UserError:
        return set()


@contextmanager
def locked(ws: Workspace) -> Iterator[None]:
    """Keeps other threads and processes from changing datasets."""
    fd = open_lock(ws.lease("datasets"))
    try:
        wait_lock(fd)
        _heal(ws)
        yield
    finally:
        os.close(fd)


def _heal(ws: Workspace) -> None:
    """Puts the last version back of a dataset whose change was cut off between two renames."""
    parent = ws.datasets / ".versions"
    for kept in parent.iterdir() if parent.is_dir() else ():
        numbers = sorted(kept.iterdir())
        if numbers and not ws.dataset(kept.name).dir.exists():
            replace(numbers[-1], ws.dataset(kept.name).dir)


def update(ws: Workspace, change: Callable[[Registry], Registry]) -> None:
    """Replaces the registry by `change(registry)`; call while `locked`. A damaged file is set aside first."""
    entries = load_or_set_aside(ws.dataset_info, {})
    entries = entries if isinstance(entries, dict) else {}
    changed = change(dict(entries))
    if changed == entries:
        return
    if ws.dataset_info.exists():
        atomic_write(ws.dataset_info_backup, ws.dataset_info.read_bytes())
    write_json(ws.dataset_info, changed)
