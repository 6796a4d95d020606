"""Free space: asked for before a long write, not discovered in the middle of it."""

from __future__ import annotations

import shutil
from pathlib import Path

from core.errors import UserError

RESERVE_BYTES = 512 * 1024 ** 2


def require_space(path: Path, bytes: int) -> None:
    """Raises UserError with both numbers unless the disk of `path` has `bytes` free, and a reserve for the journals."""
    folder = path
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < bytes + RESERVE_BYTES:
        raise UserError("storage.error.no_space", needed=human_bytes(bytes + RESERVE_BYTES), free=human_bytes(free))


def human_bytes(count: float) -> str:
    """A size for people: 1.8 GB, 340 MB (decimal units, as disks are sold)."""
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            value = count / size
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{count:.0f} B"
