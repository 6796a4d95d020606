"""What a request may hold, and which keys and hosts get as far as a route."""

import asyncio
import json

import pytest

from core.serving.gate import MAX_BODY, Gate
from core.serving.keys import KeyRing, create_api_key, list_api_keys, revoke_api_key, revoke_api_keys
from core.serving.protocol import ApiError, parse_chat
from core.storage import Workspace

ASK = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def parse(**change):
    return parse_chat(json.dumps({**ASK, **change}).encode())


def test_usual_requests_are_understood():
    request = parse(stop="x", max_tokens=5, max_completion_tokens=7, user="someone", presence_penalty=0.0, n=1)
    assert request.stop == ["x"] and request.token_limit == 7
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    messages = [{"role": "developer", "content": "d"}, {"role": "user", "content": parts}]
    assert [m.plain() for m in parse(messages=messages).messages] == [
        {"role": "system", "content": "d"}, {"role": "user", "content": "ab"}]


@pytest.mark.parametrize("change", [
    {"temperature": float("nan")}, {"temperature": float("inf")}, {"temperature": 3}, {"top_p": 0}, {"n": 2},
    {"max_tokens": 0}, {"stop": ["a"] * 5}, {"stop": [""]}, {"stop": 3}, {"tools": [{}]}, {"frequency_penalty": 1},
    {"messages": [{"role": "root", "content": "x"}]}, {"messages": [{"role": "user", "content": None}]},
    {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, {"messages": "hi"}, {"seed": 2**70},
    {"logprobs": True}, {"response_format": {"type": "json_schema"}}])
def test_others_are_refused_by_name(change):
    with pytest.raises(ApiError) as caught:
        parse(**change)
    assert caught.value.status == 400
    assert caught.value.body["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"temperature": 1e999}', b"[" * 100_000])
def test_broken_bodies_are_refused(body):
    with pytest.raises(ApiError) as caught:
        parse_chat(body)
    assert caught.value.status == 400


def test_keys_are_hashed_and_revoked_at_once(tmp_path):
    ws = Workspace.at(tmp_path)
    ring = KeyRing(ws.serving.keys, "internal")
    assert ring.accepts("internal") and ring.is_internal("internal") and not ring.accepts("")
    first, second = create_api_key(ws, "laptop"), create_api_key(ws)
    assert ring.accepts(first) and ring.accepts(second) and not ring.is_internal(first)
    stored = ws.serving.keys.read_text(encoding="utf-8")
    assert first not in stored and second not in stored
    assert ws.serving.keys.stat().st_mode & 0o077 == 0
    labels = {key.label: key.id for key in list_api_keys(ws)}
    revoke_api_key(ws, labels["laptop"])
    assert not ring.accepts(first) and ring.accepts(second)
    revoke_api_keys(ws)
    assert not ring.accepts(second)


def through_gate(tmp_path, path, headers, chunks=(b"",)):
    """Status that the gate answers; 200 when it let the request through."""
    messages = [{"type": "http.request", "body": c, "more_body": n < len(chunks) - 1} for n, c in enumerate(chunks)]
    statuses = []

    async def app(scope, receive, send):
        assert (await receive())["body"] == b"".join(chunks)
        statuses.append(200)

    async def receive():
        return messages.pop(0)

    async def send(message):
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {"type": "http", "path": path, "headers": [(k.encode(), v.encode()) for k, v in headers.items()]}
    asyncio.run(Gate(app, KeyRing(Workspace.at(tmp_path).serving.keys, "internal"))(scope, receive, send))
    return statuses[0]


def test_gate(tmp_path):
    key = create_api_key(Workspace.at(tmp_path))
    host = {"host": "127.0.0.1:8001"}
    mine, ours = {"authorization": f"Bearer {key}"}, {"authorization": "Bearer internal"}
    assert through_gate(tmp_path, "/health", host) == 200
    assert through_gate(tmp_path, "/health", {"host": "evil.example:8001"}) == 403
    assert through_gate(tmp_path, "/health", {}) == 403
    assert through_gate(tmp_path, "/v1/models", host) == 401
    assert through_gate(tmp_path, "/v1/models", {**host, "authorization": f"Basic {key}"}) == 401
    assert through_gate(tmp_path, "/v1/models", {**host, **mine}) == 200
    assert through_gate(tmp_path, "/v1/models", {"host": "[::1]:8001", **mine}) == 200
    assert through_gate(tmp_path, "/internal/stats", {**host, **mine}) == 401
    assert through_gate(tmp_path, "/internal/stats", {**host, **ours}) == 200
    large = [b"x" * (MAX_BODY // 2 + 1)] * 2
    assert through_gate(tmp_path, "/v1/x", {**host, **mine}, large) == 413
    assert through_gate(tmp_path, "/v1/x", {**host, **mine, "content-length": str(MAX_BODY + 1)}) == 413
    assert through_gate(tmp_path, "/v1/x", host, large) == 401
