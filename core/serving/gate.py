"""What a request passes before any route sees it: host, key, size of the body. Plain ASGI."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from core.serving.keys import KeyRing
from core.serving.protocol import ApiError

MAX_BODY = 5_000_000
_DRAIN = 64_000_000
_HOSTS = {"127.0.0.1", "localhost", "[::1]"}
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Gate:
    """Passes on requests to a loopback name that carry a key; `/health` needs none, `/internal` ours."""

    def __init__(self, app: Any, keys: KeyRing) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            self._check(scope["path"], headers)
            body = await _body(headers, receive)
        except ApiError as error:
            return await refuse(error, send)
        sent = False

        async def replay() -> dict[str, Any]:
            nonlocal sent
            if sent:
                return await receive()
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)

    def _check(self, path: str, headers: dict[str, str]) -> None:
        host = headers.get("host", "")
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if name.lower() not in _HOSTS:
            raise ApiError(403, "This host name is not served.", code="bad_host")
        if path == "/health":
            return
        scheme, _, key = headers.get("authorization", "").partition(" ")
        key = key.strip() if scheme.lower() == "bearer" else ""
        known = self._keys.is_internal(key) if path.startswith("/internal/") else self._keys.accepts(key)
        if not key or not known:
            raise ApiError(401, "Missing or wrong API key. Send it as 'Authorization: Bearer KEY'.",
                           code="invalid_api_key", headers={"www-authenticate": "Bearer"})


async def _body(headers: dict[str, str], receive: Receive) -> bytes:
    """The whole body. One that is too large is read and dropped first, else many clients never see the answer."""
    length = headers.get("content-length", "")
    too_large = length.isdecimal() and int(length) > MAX_BODY
    body = bytearray()
    seen = 0
    more = True
    while more and seen < _DRAIN:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ApiError(400, "The connection ended within the request.", code="incomplete")
        piece = message.get("body", b"")
        seen += len(piece)
        too_large = too_large or seen > MAX_BODY
        if not too_large:
            body += piece
        more = bool(message.get("more_body"))
    if too_large:
        raise ApiError(413, f"The request is larger than {MAX_BODY // 1_000_000} MB.", code="request_too_large")
    return bytes(body)


async def refuse(error: ApiError, send: Send) -> None:
    """Answers with an error and ends the connection."""
    raw = json.dumps(error.body).encode()
    headers = {"content-type": "application/json", "content-length": str(len(raw)), "connection": "close",
               **error.headers}
    await send({"type": "http.response.start", "status": error.status,
                "headers": [(name.encode(), value.encode()) for name, value in headers.items()]})
    await send({"type": "http.response.body", "body": raw})
