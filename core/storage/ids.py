"""Ids: generated names that may stand in a path on every system."""

from __future__ import annotations

import re
import secrets

from core.errors import UserError

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}\Z")
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
DEVICES = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(1, 10))}


def new_id(prefix: str) -> str:
    """A fresh random id such as ``doc-k3f9x2ab7q``: valid as a file name on every system, at most 40 characters."""
    return check_id(f"{prefix}-" + "".join(secrets.choice(_ALPHABET) for _ in range(10)))


def check_id(id: str) -> str:
    """Returns `id` when it is one that may stand in a path. Raises UserError for anything else."""
    if not isinstance(id, str) or not _ID.match(id) or id in DEVICES:
        raise UserError("storage.error.bad_id", id=ascii(id)[:60])
    return id
