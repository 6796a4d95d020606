"""What a service's model understands, found at its first refusal and remembered for the next time."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from core.storage.atomic import write_json

Format = Literal["json_schema", "json_object", "plain"]
_lock = threading.Lock()


@dataclass(frozen=True)
class Capability:
    """How to ask: the strictest output format, the name of the length limit, and whether sampling may be set."""

    output: Format = "json_schema"
    limit_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    sampling: bool = True

    def relaxed(self, body: str, asked_for_schema: bool) -> Capability | None:
        """What to try after a refusal (status 400 or 422) with this body; None when nothing is left to give up."""
        lowered = body[:4000].lower()
        if "max_completion_tokens" in lowered and self.limit_field == "max_tokens":
            return replace(self, limit_field="max_completion_tokens")
        if self.sampling and ("temperature" in lowered or "top_p" in lowered):
            return replace(self, sampling=False)
        if not asked_for_schema or self.output == "plain":
            return None
        return replace(self, output="json_object" if self.output == "json_schema" else "plain")


class Capabilities:
    """Remembers by service and model; in one JSON file when a path is given. A broken file is as good as none."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known: dict[str, Capability] = {}

    def get(self, origin: str, model: str) -> Capability:
        """What is known; the most that may be hoped for when nothing is."""
        return self._known.get(f"{origin} {model}") or self._stored().get(f"{origin} {model}", Capability())

    def remember(self, origin: str, model: str, capability: Capability) -> None:
        """Stores what worked."""
        with _lock:
            name = f"{origin} {model}"
            if self._known.get(name) == capability:
                return
            self._known[name] = capability
            if self._path and self._stored().get(name) != capability:
                stored = {**self._stored(), **self._known}
                write_json(self._path, {key: asdict(value) for key, value in stored.items()})

    def _stored(self) -> dict[str, Capability]:
        if self._path is None or not self._path.exists():
            return {}
        try:
            return {k: Capability(**v) for k, v in json.loads(self._path.read_text(encoding="utf-8")).items()}
        except (ValueError, TypeError, AttributeError):
            return {}
