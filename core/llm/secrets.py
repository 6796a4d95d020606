"""Keys of services: from the environment or one 0600 file outside the workspace, never printed, never in a spec."""

from __future__ import annotations

import logging
import os
import re
import weakref
from typing import Any

from core.storage.atomic import read_json, write_json
from core.storage.workspace import Workspace

ENVIRONMENT_KEY = "DOCTUNE_HELPER_KEY"
SHAPES = re.compile(r"\b(?:sk|pk|hf|ms|gsk|xai)[-_][A-Za-z0-9_-]{8,}|(?<=Bearer )[^\s\"']{8,}")
_live: weakref.WeakSet[Secret] = weakref.WeakSet()


class Secret:
    """A key that shows itself as `***` everywhere but in `reveal()`; it cannot be pickled or dumped."""

    def __init__(self, value: str) -> None:
        self._value = value.strip()
        _live.add(self)

    def reveal(self) -> str:
        """The key itself, for the request header alone."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __reduce__(self) -> Any:
        raise TypeError("a Secret is not written anywhere")


def redact(text: str) -> str:
    """`text` with every known key and everything shaped like one replaced by `***`."""
    for secret in list(_live):
        if secret:
            text = text.replace(secret.reveal(), "***")
    return SHAPES.sub("***", text)


class RedactingFilter(logging.Filter):
    """Logging filter that keeps keys out of messages and tracebacks."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True; the record is changed in place."""
        record.msg, record.args = redact(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True


def install_redaction() -> None:
    """Puts the filter on all places to which this process logs."""
    for handler in [*logging.getLogger().handlers, logging.lastResort]:
        if handler is not None and not any(isinstance(f, RedactingFilter) for f in handler.filters):
            handler.addFilter(RedactingFilter())


def load_key(ws: Workspace, origin: str) -> Secret | None:
    """The key for one origin ("https://host:port"): the environment of a worker first, then the secrets file."""
    bound = os.environ.get(ENVIRONMENT_KEY, "")
    if bound.startswith(origin + " "):
        return Secret(bound[len(origin) + 1 :])
    if not ws.secrets_file.exists():
        return None
    value = read_json(ws.secrets_file).get("keys", {}).get(origin)
    return Secret(value) if value else None


def save_key(ws: Workspace, origin: str, key: str) -> None:
    """Stores the key for one origin, replacing an older one; an empty key removes it."""
    stored = read_json(ws.secrets_file) if ws.secrets_file.exists() else {}
    keys = {**stored.get("keys", {}), origin: key.strip()}
    write_json(ws.secrets_file, {**stored, "keys": {name: value for name, value in keys.items() if value}})


def worker_environment(origin: str, key: Secret | None) -> dict[str, str]:
    """What a worker process gets in its environment so that `load_key` finds the key there."""
    return {ENVIRONMENT_KEY: f"{origin} {key.reveal()}"} if key else {}
