"""One ASGI middleware in front of everything: Host, Origin, body size, login, security headers, page language."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webui.bind import BindPolicy, is_loopback
from webui.language import LANGUAGE_COOKIE, language_of
from webui.login import Login
from webui.theme import CALM_TIMERS

CSP = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' blob:; connect-src 'self'; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BODY_LIMIT = 5 * 2**20
UPLOAD_LIMIT = 2 * 2**30
UPLOAD_PATH = "/gradio_api/upload"
OPEN_PATHS = frozenset({"/login", "/health"})
STARTUP_PATH = "/gradio_api/startup-events"


class Guard:
    """Refuses what no honest page of ours would send; adds the headers that make the rest harmless.

    Host allow-list against DNS rebinding; Origin check on unsafe methods against cross-site requests; a cap on the
    body before anything parses it; the login gate when a password is set.
    """

    def __init__(self, app: ASGIApp, policy: BindPolicy, upload_limit: int = UPLOAD_LIMIT) -> None:
        self.app = app
        self.policy = policy
        self.upload_limit = upload_limit
        self.login = Login(policy.password) if policy.password else None
        self._started = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        refusal = self._refusal(request)
        if refusal is not None:
            await refusal(scope, receive, _with_headers(send))
            return
        if request.url.path == "/health":
            await JSONResponse({"status": "ok"})(scope, receive, _with_headers(send))
            return
        if self.login and request.url.path in ("/login", "/logout"):
            await (await self.login.respond(request))(scope, receive, _with_headers(send))
            return
        await self._pass_on(scope, receive, send, request)

    def _refusal(self, request: Request) -> Response | None:
        host = request.headers.getlist("host")
        if len(host) != 1 or not self._host_allowed(host[0]):
            return _refuse(400, "host")
        if request.method not in SAFE_METHODS and not self._origin_allowed(request.headers, host[0]):
            return _refuse(403, "origin")
        limit = self._limit(request.url.path)
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > limit:
            return _refuse(413, "body")
        if self.login and not self._open_to_all(request) and not self.login.valid(request):
            wants_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
            return self.login.redirect() if wants_page else _refuse(401, "login")
        return None

    def _open_to_all(self, request: Request) -> bool:
        """The login itself, the health check, and once the request by which Gradio starts its own queue."""
        if request.url.path == STARTUP_PATH and not self._started and request.client and is_loopback(
                request.client.host):
            self._started = True
            return True
        return request.url.path in OPEN_PATHS

    def _host_allowed(self, host: str) -> bool:
        name, _, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
        if not name:
            name, port = host, ""
        return name.lower() in self.policy.allowed_hosts and (port == "" or port.isdigit())

    def _origin_allowed(self, headers: Headers, host: str) -> bool:
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        origin = headers.get("origin")
        if origin is None:
            return "cookie" not in headers
        return urlsplit(origin).netloc.lower() == host.lower() and urlsplit(origin).scheme in ("http", "https")

    def _limit(self, path: str) -> int:
        return self.upload_limit if path.rstrip("/") == UPLOAD_PATH else BODY_LIMIT

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, request: Request) -> None:
        page = request.method == "GET" and request.url.path == "/"
        sender = _page_sender(send, language_of(request), request) if page else _with_headers(send)
        capped = _Capped(receive, sender, self._limit(request.url.path))
        try:
            await self.app(scope, capped.receive, capped.send)
        except Exception:
            if not capped.over:
                raise
        if capped.over and not capped.started:
            await _refuse(413, "body")(scope, receive, _with_headers(send))


class _Capped:
    """A body that ends, as if the client had gone, once it passes the limit; the reply to it is then dropped."""

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self._receive = receive
        self._send = send
        self._left = limit
        self.over = False
        self.started = False

    async def receive(self) -> Message:
        """The next part of the body."""
        message: Message = {"type": "http.disconnect"} if self.over else await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.over = True
            return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        """Hands on the reply, unless the body was too large."""
        if self.over and not self.started:
            return
        self.started = self.started or message["type"] == "http.response.start"
        await self._send(message)


def _refuse(status: int, what: str) -> Response:
    return JSONResponse({"error": what}, status_code=status)


def _with_headers(send: Send) -> Send:
    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            for name in ("access-control-allow-origin", "access-control-allow-credentials"):
                if name in headers:
                    del headers[name]
        await send(message)

    return sender


def _page_sender(send: Send, lang: str, request: Request) -> Send:
    """Sends the start page with its language set: Gradio's front end picks texts by `navigator.language`."""
    plain = _with_headers(send)
    start: Message | None = None
    body = b""
    locale = json.dumps("zh-CN" if lang == "zh" else "en")
    script = f"<script>Object.defineProperty(navigator,'language',{{get:()=>{locale}}});" \
             f"Object.defineProperty(navigator,'languages',{{get:()=>[{locale}]}});{CALM_TIMERS}</script>"

    async def sender(message: Message) -> None:
        nonlocal start, body
        if message["type"] == "http.response.start":
            start = message
            return
        body += message.get("body", b"")
        if message.get("more_body") or start is None:
            return
        if b"<head>" in body:
            body = body.replace(b"<head>", b"<head>" + script.encode(), 1)
            body = body.replace(b'lang="en"', f'lang="{lang}"'.encode(), 1)
        headers = MutableHeaders(scope=start)
        headers["content-length"] = str(len(body))
        headers["cache-control"] = "no-store"
        if request.query_params.get("lang"):
            headers.append("set-cookie", f"{LANGUAGE_COOKIE}={lang}; Path=/; Max-Age=31536000; SameSite=Lax")
        await plain(start)
        await plain({"type": "http.response.body", "body": body})

    return sender
