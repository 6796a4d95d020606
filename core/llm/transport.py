"""The one way to a service: pinned address, wall-clock deadline, no redirects, capped replies, a key for one origin.

httpx's own timeout is per read and its decoding has no limit; both are replaced here, below httpx, so that the
`ollama` package and our own requests behave alike.
"""

from __future__ import annotations

import contextlib
import contextvars
import ssl
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import httpcore
import httpx

from core.llm.errors import Cancelled, ProviderError
from core.llm.secrets import Secret
from core.llm.urls import Target, is_public, resolve

MAX_REPLY_BYTES = 8 * 1024 * 1024
CONNECT_S = 10.0
LOOK_UP_S = 0.5
"""How often a waiting read looks whether it was cancelled."""
_deadline: contextvars.ContextVar[float] = contextvars.ContextVar("deadline", default=float("inf"))


@contextlib.contextmanager
def wall_deadline(seconds: float) -> Iterator[None]:
    """Requests inside end after `seconds` of wall clock, however steadily bytes drip in (httpx.ReadTimeout)."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def _left(timeout: float | None, error: type[Exception]) -> float | None:
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise error("wall-clock deadline")
    return timeout if left == float("inf") else min(left, timeout if timeout is not None else left)


class _DeadlineStream(httpcore.NetworkStream):
    """A connection whose every read and write ends at the deadline of the calling request."""

    def __init__(self, inner: httpcore.NetworkStream, cancelled: threading.Event) -> None:
        self._inner, self._cancelled = inner, cancelled

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """See httpcore. Raises Cancelled."""
        until = time.monotonic() + timeout if timeout is not None else float("inf")
        while not self._cancelled.is_set():
            left = _left(until - time.monotonic(), httpcore.ReadTimeout) or 0.0
            try:
                return self._inner.read(max_bytes, max(0.001, min(LOOK_UP_S, left)))
            except httpcore.ReadTimeout:
                if left <= LOOK_UP_S:
                    raise
        raise Cancelled

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """See httpcore."""
        self._inner.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """See httpcore."""
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """See httpcore; the certificate is checked for the name, not for the pinned address."""
        wait = _left(min(timeout or CONNECT_S, CONNECT_S), httpcore.ConnectTimeout)
        return _DeadlineStream(self._inner.start_tls(ssl_context, server_hostname, wait), self._cancelled)

    def get_extra_info(self, info: str) -> Any:
        """See httpcore."""
        return self._inner.get_extra_info(info)


class _PinnedBackend(httpcore.NetworkBackend):
    """Opens connections to the addresses found by the first look-up, and to nothing else."""

    def __init__(self, target: Target, key: Secret | None, cancelled: threading.Event) -> None:
        self._target, self._key, self._addresses = target, key, list[str]()
        self._cancelled = cancelled
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """See httpcore. Raises ProviderError for another origin, or when a key would travel unencrypted."""
        if (host.strip("[]"), port) != (self._target.host, self._target.port):
            raise ProviderError("redirect", host=self._target.host)
        self._addresses = self._addresses or resolve(self._target)
        if self._key and self._target.scheme == "http" and any(map(is_public, self._addresses)):
            raise ProviderError("plain_http", host=self._target.host)
        last: Exception = httpcore.ConnectError("no address")
        for address in self._addresses:
            if self._cancelled.is_set():
                raise Cancelled
            try:
                wait = _left(min(timeout or CONNECT_S, CONNECT_S), httpcore.ConnectTimeout)
                stream = self._inner.connect_tcp(address, port, wait, local_address, socket_options)
                return _DeadlineStream(stream, self._cancelled)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last


class GuardedTransport(httpx.HTTPTransport):
    """httpx transport bound to one target; see the module's first line."""

    def __init__(
        self, target: Target, key: Secret | None, cancelled: threading.Event, max_bytes: int = MAX_REPLY_BYTES
    ) -> None:
        context = httpx.create_ssl_context(trust_env=False)
        super().__init__(verify=context, trust_env=False)
        self._target, self._key, self._max_bytes = target, key, max_bytes
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=128,
            max_keepalive_connections=64,
            keepalive_expiry=30,
            network_backend=_PinnedBackend(target, key, cancelled),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends one request. Raises ProviderError for a redirect."""
        request.headers.pop("authorization", None)
        if self._key and self._origin_of(request.url) == self._target.origin:
            request.headers["authorization"] = f"Bearer {self._key.reveal()}"
        request.headers["accept-encoding"] = "gzip, deflate"
        response = super().handle_request(request)
        if 300 <= response.status_code < 400:
            response.close()
            raise ProviderError("redirect", host=self._target.host)
        coding = response.headers.pop("content-encoding", "identity").strip().lower()
        response.headers.pop("content-length", None)
        body = _Capped(response.stream, coding, self._max_bytes)
        return httpx.Response(
            response.status_code, headers=response.headers, stream=body, extensions=response.extensions
        )

    @staticmethod
    def _origin_of(url: httpx.URL) -> str:
        port = url.port or (443 if url.scheme == "https" else 80)
        return f"{url.scheme}://{f'[{url.host}]' if ':' in url.host else url.host}:{port}"


class _Capped(httpx.SyncByteStream):
    """Decodes a reply piece by piece and stops at the cap, so a small packed reply cannot fill the memory."""

    def __init__(self, inner: Any, coding: str, max_bytes: int) -> None:
        self._inner, self._max = inner, max_bytes
        if coding not in ("identity", "", "gzip", "deflate"):
            raise ProviderError("server", status=coding[:20])
        self._unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if coding in ("gzip", "deflate") else None

    def __iter__(self) -> Iterator[bytes]:
        total = 0
        for raw in self._inner:
            for piece in self._decoded(raw):
                total += len(piece)
                if total > self._max:
                    raise ProviderError("too_large", limit_mb=self._max // 1024 // 1024)
                yield piece

    def _decoded(self, raw: bytes) -> Iterator[bytes]:
        if self._unpack is None:
            yield raw
            return
        try:
            while raw:
                yield self._unpack.decompress(raw, 65536)
                raw = self._unpack.unconsumed_tail
        except zlib.error:
            raise httpx.DecodingError("broken compression") from None

    def close(self) -> None:
        self._inner.close()


def http_client(target: Target, key: Secret | None, cancelled: threading.Event) -> httpx.Client:
    """A client for one service, broken off when `cancelled` is set. The environment's proxies and keys are not read."""
    return httpx.Client(
        base_url=target.base,
        transport=GuardedTransport(target, key, cancelled),
        trust_env=False,
        follow_redirects=False,
        timeout=None,
    )
