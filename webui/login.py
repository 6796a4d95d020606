"""The login that guards a server which others can reach: one password, few tries, sessions that end."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import deque
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from core.i18n import t
from webui.language import language_of

COOKIE = "doctune_session"
SESSION_SECONDS = 12 * 3600
TRIES_PER_MINUTE = 10
TRIES_PER_MINUTE_ALL = 100
FORM_LIMIT = 4096

_PAGE = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>DocTune</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
body{{font:16px/1.5 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;background:#f6f8f8;
display:grid;place-items:center;min-height:100vh;margin:0;color:#16302f}}
form{{background:#fff;border:1px solid #d5dedd;border-radius:10px;padding:32px;width:min(320px,80vw)}}
input,button{{font:inherit;width:100%;box-sizing:border-box;padding:10px 12px;border-radius:10px;
border:1px solid #b9c7c6}}
button{{background:#0f6b66;color:#fff;border:0;margin-top:16px;cursor:pointer}}
p{{color:#a3341f;margin:12px 0 0}}</style>
</head><body><form method="post" action="/login"><h1 style="font-size:20px;margin:0 0 16px">DocTune</h1>
<label>{label}<input name="password" type="password" autocomplete="current-password" autofocus required></label>
<button>{button}</button>{error}</form></body></html>"""


class Limiter:
    """At most `per_minute` events in any 60 seconds for one key, and `total` over all keys."""

    def __init__(self, per_minute: int = TRIES_PER_MINUTE, total: int = TRIES_PER_MINUTE_ALL) -> None:
        self.per_minute = per_minute
        self.total = total
        self._events: deque[tuple[float, str]] = deque()

    def allow(self, key: str, now: float | None = None) -> bool:
        """Counts one event; False when it is over the limit (it is then not counted)."""
        now = time.monotonic() if now is None else now
        while self._events and now - self._events[0][0] >= 60:
            self._events.popleft()
        if len(self._events) >= self.total or sum(k == key for _, k in self._events) >= self.per_minute:
            return False
        self._events.append((now, key))
        return True


class Login:
    """Checks the password (scrypt, RFC 7914) and keeps the sessions in memory; a restart ends them all."""

    def __init__(self, password: str) -> None:
        self._salt = secrets.token_bytes(16)
        self._hash = self._scrypt(password)
        self._sessions: dict[str, float] = {}
        self._limiter = Limiter()

    def _scrypt(self, password: str) -> bytes:
        return hashlib.scrypt(password.encode(), salt=self._salt, n=2**14, r=8, p=1)

    def valid(self, request: Request) -> bool:
        """Whether the request carries a session that has not ended."""
        token = request.cookies.get(COOKIE, "")
        return self._sessions.get(token, 0) > time.monotonic()

    def redirect(self) -> Response:
        """Sends a browser to the login page."""
        return RedirectResponse("/login", status_code=303)

    async def respond(self, request: Request) -> Response:
        """The login page, the attempt, or the logout."""
        if request.url.path == "/logout":
            self._sessions.pop(request.cookies.get(COOKIE, ""), None)
            return self.redirect()
        if request.method != "POST":
            return self._page(request, 200, None)
        if not self._limiter.allow(request.client.host if request.client else "?"):
            return self._page(request, 429, "web.login.too_many")
        if int(request.headers.get("content-length", "0")) > FORM_LIMIT:
            return self._page(request, 413, "web.login.wrong")
        form = await request.form()
        if not hmac.compare_digest(self._scrypt(str(form.get("password", ""))), self._hash):
            return self._page(request, 401, "web.login.wrong")
        return self._open_session(request)

    def _open_session(self, request: Request) -> Response:
        now = time.monotonic()
        self._sessions = {token: end for token, end in self._sessions.items() if end > now}
        token = secrets.token_urlsafe(32)
        self._sessions[token] = now + SESSION_SECONDS
        response = RedirectResponse("/", status_code=303)
        response.set_cookie(COOKIE, token, max_age=SESSION_SECONDS, httponly=True, samesite="strict",
                            secure=request.url.scheme == "https")
        return response

    def _page(self, request: Request, status: int, error: str | None) -> Response:
        lang = language_of(request)
        text = f'<p role="alert">{escape(t(error, lang))}</p>' if error else ""
        return HTMLResponse(_PAGE.format(lang=lang, label=escape(t("web.login.password", lang)),
                                         button=escape(t("web.login.button", lang)), error=text), status_code=status)
