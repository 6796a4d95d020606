"""Which faults are worth another request, and how long to wait before it."""

from __future__ import annotations

import contextlib
import datetime
import email.utils
import json
import random
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx

from core.llm.errors import ProviderError, Throttled

T = TypeVar("T")

RETRIES: dict[int | str, int] = {
    408: 2,
    409: 2,
    425: 2,
    429: 6,
    500: 3,
    502: 4,
    503: 5,
    504: 3,
    529: 5,
    "connection": 2,
}
"""How many more requests after a fault, by status; "connection" is a refused or broken connection."""
KINDS: dict[int, str] = {401: "auth", 403: "auth", 402: "quota", 404: "route", 413: "context", 422: "bad_request"}
MAX_WAIT_S = 120.0
QUOTA_WORDS = ("insufficient_quota", "insufficient balance", "billing_hard_limit", "arrearage", "quota exceeded")


def raise_for_status(status: int, body: str, headers: Mapping[str, str]) -> None:
    """Sorts a fault reply: ProviderError for what a person must mend, Throttled for what time may mend."""
    lowered = body[:4000].lower()
    if any(word in lowered for word in QUOTA_WORDS) and status in (400, 402, 403, 429):
        raise ProviderError("quota")
    if status in RETRIES:
        raise Throttled(status, retry_after(headers))
    if (
        status in (400, 404)
        and "model" in lowered
        and any(word in lowered for word in ("not found", "not exist", "does not", "no such", "unknown"))
    ):
        raise ProviderError("model_missing")
    if status in (400, 413) and "context" in lowered and ("length" in lowered or "exceed" in lowered):
        raise ProviderError("context")
    raise ProviderError(
        KINDS.get(status, "bad_request" if status < 500 else "server"),
        **({} if status in KINDS and status != 422 else {"status": status}),
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the service asks to wait (`retry-after-ms`, `retry-after` as seconds or date), or None."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        with contextlib.suppress(ValueError):
            if headers.get(name):
                return max(0.0, float(headers[name]) / unit)
    with contextlib.suppress(ValueError, TypeError):
        when = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
        return max(0.0, (when - datetime.datetime.now(datetime.UTC)).total_seconds())
    return None


def with_retries(
    attempt: Callable[[], T],
    *,
    retries: Mapping[int | str, int] = RETRIES,
    sleep: Callable[[float], Any] = time.sleep,
    on_throttle: Callable[[], Any] | None = None,
) -> T:
    """Calls `attempt` until it succeeds or its fault is not worth another try.

    Args:
        attempt: raises Throttled, ProviderError or an httpx error.
        on_throttle: told at every 429 and 503, so that a pacer can slow down.

    Raises:
        ProviderError: with the one message for the person.
    """
    tried = 0
    while True:
        try:
            return attempt()
        except Throttled as fault:
            key: int | str = fault.status
            wait, final = (
                fault.wait_s,
                ProviderError("rate") if fault.status == 429 else ProviderError("server", status=fault.status),
            )
            if on_throttle and fault.status in (429, 503, 529):
                on_throttle()
        except httpx.TimeoutException as fault:
            final = (
                ProviderError("unreachable", host="")
                if isinstance(fault, httpx.ConnectTimeout)
                else ProviderError("timeout")
            )
            raise final from None
        except httpx.TransportError:
            key, wait, final = "connection", None, ProviderError("unreachable", host="")
        except json.JSONDecodeError:
            raise ProviderError("not_json") from None
        if tried >= retries.get(key, 0) or (wait or 0) > MAX_WAIT_S:
            raise final
        sleep(wait if wait is not None else min(30.0, 0.5 * 2**tried) * random.uniform(0.75, 1.25))
        tried += 1
