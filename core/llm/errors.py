"""Faults of helper services, in plain words and sorted by what can be done about them."""

from __future__ import annotations

from typing import Any

from core.errors import UserError

STOPPING = frozenset(
    {
        "auth",
        "quota",
        "unreachable",
        "redirect",
        "route",
        "model_missing",
        "rate",
        "too_large",
        "plain_http",
        "refused_url",
    }
)
"""Kinds after which further requests are pointless: the job stops with one message."""


class ProviderError(UserError):
    """A fault of the service; `kind` is one of the entries `helper.error.<kind>`. Never holds a key or a reply body."""

    def __init__(self, kind: str, **params: Any) -> None:
        super().__init__(f"helper.error.{kind}", **params)
        self.kind = kind

    @property
    def stops_job(self) -> bool:
        """True when the next request would meet the same fault."""
        return self.kind in STOPPING


class Cancelled(Exception):
    """The client was told to break off its requests."""


class Throttled(Exception):
    """The service asks for patience; `wait_s` is its Retry-After in seconds, or None."""

    def __init__(self, status: int, wait_s: float | None = None) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.wait_s = wait_s
