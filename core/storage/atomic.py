"""Whole files: the old content or the new content, never a mixture, whatever is killed and whenever."""

from __future__ import annotations

import errno
import json
import math
import os
import time
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.storage.owner import temporary_name

_REPLACE_TRIES = 5


def atomic_write(path: Path, data: bytes | str) -> None:
    """Replaces the content of `path` (made when missing, readable by its owner only), durable on return.

    Raises UserError when the disk is full, read-only or broken; the old content is then intact.
    """
    raw = clean_text(data).encode("utf-8") if isinstance(data, str) else data
    temp = path.parent / temporary_name()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_new(temp, raw)
        replace(temp, path)
        sync_dir(path.parent)
    except OSError as error:
        temp.unlink(missing_ok=True)
        raise storage_error(error, path) from error


def write_json(path: Path, obj: Any) -> None:
    """Writes `obj` as readable JSON; numbers that are not finite become null."""
    atomic_write(path, json.dumps(finite(obj), ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """The value in a JSON file. Raises FileNotFoundError, or UserError when the content is damaged."""
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UserError("storage.error.damaged", name=path.name) from error
    except IsADirectoryError as error:
        raise UserError("storage.error.damaged", name=path.name) from error


def load_or_set_aside(path: Path, default: Any) -> Any:
    """Like `read_json`, but a missing file gives `default`, and a damaged one is renamed ``.corrupt-<n>`` first."""
    try:
        return read_json(path)
    except FileNotFoundError:
        return default
    except UserError:
        number = 1
        while (aside := path.with_name(f"{path.name}.corrupt-{number}")).exists():
            number += 1
        replace(path, aside)
        return default


def finite(obj: Any) -> Any:
    """A copy of a JSON value in which NaN and infinities are None and lone surrogates are replaced."""
    if isinstance(obj, float):
        return obj if math.isfinite(obj) else None
    if isinstance(obj, str):
        return clean_text(obj)
    if isinstance(obj, dict):
        return {clean_text(str(key)): finite(value) for key, value in obj.items()}
    if isinstance(obj, list | tuple):
        return [finite(value) for value in obj]
    return obj


def clean_text(text: str) -> str:
    """The text with lone surrogates, which UTF-8 cannot hold, replaced by ``?``."""
    return text.encode("utf-8", "replace").decode("utf-8")


def replace(source: Path, target: Path) -> None:
    """`os.replace`, tried again while Windows says that another program has the file open."""
    for attempt in range(_REPLACE_TRIES):
        try:
            return os.replace(source, target)
        except PermissionError:
            if os.name != "nt" or attempt == _REPLACE_TRIES - 1:
                raise
            time.sleep(0.05 * 2 ** attempt)


def sync_dir(folder: Path) -> None:
    """Makes renames in a folder durable; nothing to do on Windows, where folders cannot be opened."""
    if os.name == "nt":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def storage_error(error: OSError, path: Path) -> UserError:
    """The sentence for a failed write: full, read-only or broken disk."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return UserError("storage.error.disk_full", name=path.name)
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return UserError("storage.error.read_only", name=path.name)
    return UserError("storage.error.write_failed", name=path.name, reason=os.strerror(error.errno or errno.EIO))


def write_all(fd: int, raw: bytes) -> None:
    """Writes every byte; `os.write` may take fewer."""
    view = memoryview(raw)
    while view:
        view = view[os.write(fd, view):]


def _write_new(path: Path, raw: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        write_all(fd, raw)
        os.fsync(fd)
    finally:
        os.close(fd)
