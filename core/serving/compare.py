"""The same question to the model before and after training, both answers streamed at once."""

from __future__ import annotations

import asyncio
import json
import logging
import queue
import secrets
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from core.errors import UserError
from core.serving.control import Endpoint

if TYPE_CHECKING:
    import httpx

_log = logging.getLogger(__name__)
Side = Literal["before", "after"]
Messages = Sequence[dict[str, str]]
_READ_S = 60.0  # the server sends a sign of life every ten seconds


@dataclass(frozen=True)
class PairUpdate:
    """News of one side.

    Attributes:
        text: the answer so far.
        finish: "stop" or "length" at the end.
        error: why there is no (further) answer; the other side goes on.
    """

    side: Side
    text: str
    finish: str | None = None
    error: UserError | None = None

    @property
    def is_last(self) -> bool:
        return self.finish is not None or self.error is not None


def chat_pair(endpoint: Endpoint, tuned: str, before: Messages, after: Messages | None = None, *,
              max_tokens: int = 256, temperature: float = 0.0, top_p: float = 1.0,
              seed: int | None = None) -> Iterator[PairUpdate]:
    """Asks the base model and an adapter the same thing; the server answers both in one batch.

    Args:
        tuned: name of a loaded adapter.
        before, after: the conversations of the two sides; `after` is the same as `before` when None.

    Closing the iterator (or leaving its loop) stops both answers on the server.
    """
    options = {"max_tokens": max_tokens, "temperature": temperature, "top_p": top_p, "seed": seed, "stream": True}
    bodies: dict[Side, dict[str, Any]] = {
        "before": {**options, "model": endpoint.model, "messages": list(before)},
        "after": {**options, "model": tuned, "messages": list(before if after is None else after)}}
    news: queue.Queue[PairUpdate] = queue.Queue()
    loop = asyncio.new_event_loop()
    both = _Both(endpoint, bodies, news)
    thread = threading.Thread(target=both.run, args=(loop,), name="compare", daemon=True)
    thread.start()
    open_sides = set(bodies)
    try:
        while open_sides:
            update = news.get()
            if update.is_last:
                open_sides.discard(update.side)
            yield update
    finally:
        both.cancel(loop)
        thread.join(timeout=10)


class _Both:
    """Two streams on an event loop of their own, where they can be cancelled at any moment."""

    def __init__(self, endpoint: Endpoint, bodies: dict[Side, dict[str, Any]], news: queue.Queue[PairUpdate]) -> None:
        self._endpoint = endpoint
        self._bodies = bodies
        self._news = news
        self._main: asyncio.Task[None] | None = None
        self._cancelled = False

    def run(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.run_until_complete(self._all())
        except asyncio.CancelledError:
            return
        finally:
            loop.close()

    def cancel(self, loop: asyncio.AbstractEventLoop) -> None:
        self._cancelled = True
        try:
            loop.call_soon_threadsafe(lambda: self._main and self._main.cancel())
        except RuntimeError:
            return  # closed: both streams have ended

    async def _all(self) -> None:
        import httpx

        self._main = asyncio.current_task()
        if self._cancelled:
            return
        headers = {"Authorization": f"Bearer {self._endpoint.api_key}",
                   "X-DocTune-Group": f"{secrets.token_hex(8)}/{len(self._bodies)}"}
        timeout = httpx.Timeout(_READ_S, connect=10.0)
        async with httpx.AsyncClient(trust_env=False, timeout=timeout, headers=headers) as client:
            await asyncio.gather(*(self._side(client, side) for side in self._bodies))

    async def _side(self, client: httpx.AsyncClient, side: Side) -> None:
        import httpx

        text, finish, error = "", None, None
        try:
            async with client.stream("POST", f"{self._endpoint.base_url}/chat/completions",
                                     json=self._bodies[side]) as response:
                if response.status_code != 200:
                    return self._news.put(PairUpdate(side, "", error=_reason(await response.aread())))
                async for line in response.aiter_lines():
                    piece, finish, error = _read(line)
                    text += piece
                    if finish or error:
                        break
                    if piece:
                        self._news.put(PairUpdate(side, text))
            if not finish and not error:
                error = UserError("serving.error.cut_off")
        except httpx.HTTPError:
            error = UserError("serving.error.not_reachable")
        except Exception:
            # Whatever went wrong here, the other side goes on, and the reader waits for an end of this one.
            _log.exception("the answer of one side")
            error = UserError("serving.error.no_answer")
        self._news.put(PairUpdate(side, text, finish, error))


def _read(line: str) -> tuple[str, str | None, UserError | None]:
    """Text, finish reason and fault of one line of the stream."""
    if not line.startswith("data: ") or line == "data: [DONE]":
        return "", None, None
    data = json.loads(line.removeprefix("data: "))
    if "error" in data:
        return "", None, _fault(data)
    choice = data["choices"][0] if data["choices"] else {}
    return choice.get("delta", {}).get("content") or "", choice.get("finish_reason"), None


def _reason(body: bytes) -> UserError:
    try:
        return _fault(json.loads(body))
    except ValueError:
        return UserError("serving.error.no_answer")


def _fault(data: Any) -> UserError:
    """The fault that an error object of the server names by its code."""
    code = str((data.get("error") or {}).get("code")) if isinstance(data, dict) else ""
    if code == "context_length_exceeded":
        return UserError("serving.error.too_long")
    plain = ("no_memory", "not_numbers", "stopping", "queue_full")
    return UserError(code if code in [f"serving.error.{name}" for name in plain] else "serving.error.no_answer")
