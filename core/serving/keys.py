"""Keys for other programs: shown once, kept as hashes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.storage import Workspace, new_id
from core.storage.atomic import load_or_set_aside, write_json


@dataclass(frozen=True)
class ApiKey:
    """What is known of a valid key; the key itself was shown once and is not kept."""

    id: str
    label: str
    created: float


def create_api_key(ws: Workspace, label: str = "") -> str:
    """Makes a key of 32 random bytes and returns it, this once; a running server accepts it at once."""
    key = "dt-" + secrets.token_urlsafe(32)
    entry = {"id": new_id("key"), "label": label[:100], "created": time.time(), "sha256": _digest(key)}
    write_json(ws.serving.keys, [*_entries(ws.serving.keys), entry])
    return key


def list_api_keys(ws: Workspace) -> list[ApiKey]:
    """The keys that are valid."""
    return [ApiKey(e["id"], e["label"], e["created"]) for e in _entries(ws.serving.keys)]


def revoke_api_key(ws: Workspace, id: str) -> None:
    """Makes a key invalid at once; an unknown id changes nothing."""
    write_json(ws.serving.keys, [entry for entry in _entries(ws.serving.keys) if entry["id"] != id])


def revoke_api_keys(ws: Workspace) -> None:
    """Makes all keys invalid at once."""
    write_json(ws.serving.keys, [])


class KeyRing:
    """Tells valid keys from others for the server; reads the file again when it has changed."""

    def __init__(self, file: Path, internal: str) -> None:
        self._file = file
        self._internal = _digest(internal)
        self._version: tuple[int, int] | None = None
        self._hashes: list[str] = []

    def is_internal(self, key: str) -> bool:
        """Whether `key` is the one of the program's own parts."""
        return hmac.compare_digest(_digest(key), self._internal)

    def accepts(self, key: str) -> bool:
        """Whether `key` opens the chat routes. All hashes are compared, in constant time."""
        mine = _digest(key)
        return any([hmac.compare_digest(mine, known) for known in [self._internal, *self._known()]])

    def _known(self) -> list[str]:
        try:
            facts = self._file.stat()
        except FileNotFoundError:
            return []
        if (version := (facts.st_mtime_ns, facts.st_ino)) != self._version:
            self._hashes = [entry["sha256"] for entry in _entries(self._file)]
            self._version = version
        return self._hashes


def _entries(file: Path) -> list[dict[str, Any]]:
    found = load_or_set_aside(file, [])
    return [e for e in found if isinstance(e, dict) and {"id", "label", "created", "sha256"} <= e.keys()] \
        if isinstance(found, list) else []


def _digest(key: str) -> str:
    # The keys are random, so a fast hash is enough: there is nothing to guess.
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
