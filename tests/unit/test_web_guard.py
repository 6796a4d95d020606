"""The middleware in front of the page: hosts, origins, bodies, headers, login, language."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route

from webui.bind import BindPolicy
from webui.guard import Guard
from webui.login import Limiter

HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
PASSWORD = "correct horse battery"
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def _page(request: Request) -> HTMLResponse:
    return HTMLResponse('<!doctype html><html lang="en"><head></head></html>',
                        headers={"access-control-allow-origin": "http://evil.com"})


async def _echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


def client(password: str | None = None, upload_limit: int = 1000) -> httpx.AsyncClient:
    inner = Starlette(routes=[Route("/", _page), Route("/gradio_api/upload", _echo, methods=["POST"]),
                              Route("/gradio_api/queue/join", _echo, methods=["POST"])])
    guard = Guard(inner, BindPolicy("127.0.0.1", 7860, password, HOSTS), upload_limit)
    return httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://127.0.0.1:7860")


@pytest.mark.parametrize("host", ["evil.com", "127.0.0.1.evil.com", "localhost:7860@evil", "evil.com:7860",
                                  "localhost.", "", "127.0.0.1:7860:1"])
async def test_foreign_hosts_are_refused(host: str) -> None:
    async with client() as web:
        assert (await web.get("/", headers={"host": host})).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "localhost:7860", "127.0.0.1:7860", "[::1]:7860", "[::1]"])
async def test_own_hosts_are_served(host: str) -> None:
    async with client() as web:
        assert (await web.get("/", headers={"host": host})).status_code == 200


@pytest.mark.parametrize("headers", [{"origin": "http://evil.com"}, {"origin": "null"},
                                     {"origin": "http://127.0.0.1:9999"}, {"cookie": "a=b"},
                                     {"sec-fetch-site": "cross-site"}])
async def test_foreign_origins_cannot_change_anything(headers: dict[str, str]) -> None:
    async with client() as web:
        reply = await web.post("/gradio_api/upload", content=b"x", headers=headers)
    assert reply.status_code == 403
    assert "access-control-allow-origin" not in reply.headers


async def test_own_origin_passes() -> None:
    async with client() as web:
        reply = await web.post("/gradio_api/upload", content=b"abc", headers={"origin": "http://127.0.0.1:7860"})
    assert reply.text == "3"


async def test_large_bodies_are_refused_before_they_are_read() -> None:
    async with client() as web:
        assert (await web.post("/gradio_api/upload", content=b"x" * 1001)).status_code == 413
        assert (await web.post("/gradio_api/queue/join", content=b"x" * (5 * 2**20 + 1))).status_code == 413


async def test_large_bodies_without_length_are_cut_off() -> None:
    async def chunks():
        for _ in range(20):
            yield b"x" * 100

    async with client() as web:
        assert (await web.post("/gradio_api/upload", content=chunks())).status_code == 413


async def test_every_reply_has_the_headers_that_keep_foreign_content_out() -> None:
    async with client() as web:
        for reply in (await web.get("/"), await web.get("/", headers={"host": "evil.com"})):
            policy = reply.headers["content-security-policy"]
            assert "unsafe-eval" not in policy and "frame-ancestors 'none'" in policy
            assert reply.headers["x-content-type-options"] == "nosniff"
            assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize(("query", "accept", "expected"), [("?lang=zh", "en", "zh"), ("", "zh-CN,zh;q=0.9", "zh"),
                                                           ("", "de", "en"), ("?lang=xx", "zh", "zh")])
async def test_page_language_follows_choice_then_browser(query: str, accept: str, expected: str) -> None:
    async with client() as web:
        reply = await web.get(f"/{query}", headers={"accept-language": accept})
    assert f'<html lang="{expected}">' in reply.text
    assert ("zh-CN" in reply.text) == (expected == "zh")
    assert int(reply.headers["content-length"]) == len(reply.content)


async def test_with_a_password_nothing_is_served_before_login() -> None:
    async with client(PASSWORD) as web:
        assert (await web.get("/gradio_api/info")).status_code == 401
        assert (await web.get("/", headers={"accept": "text/html"})).headers["location"] == "/login"
        assert (await web.post("/login", data={"password": "wrong"})).status_code == 401
        right = await web.post("/login", data={"password": PASSWORD})
        assert right.status_code == 303
        cookie = right.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=strict" in cookie
        assert (await web.get("/")).status_code == 200
        await web.get("/logout")
        assert (await web.get("/gradio_api/info")).status_code == 401


async def test_guessing_is_limited() -> None:
    async with client(PASSWORD) as web:
        codes = [(await web.post("/login", data={"password": "no"})).status_code for _ in range(12)]
    assert codes == [401] * 10 + [429] * 2


async def test_limiter_counts_each_address_and_all_together() -> None:
    limiter = Limiter(per_minute=2, total=3)
    assert [limiter.allow(k, 0) for k in ("a", "a", "a", "b", "c")] == [True, True, False, True, False]
    assert limiter.allow("a", 61)
