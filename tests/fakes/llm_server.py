"""A helper service for tests: routes of Ollama and OpenAI, scripted replies and faults, a log of requests."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.fakes.llm_replies import Step, ollama_payload, openai_payload

Replier = Callable[[list[dict[str, str]]], str | Step]


class FakeLLM:
    """Serves on a free loopback port while in a `with` block.

    Args:
        reply: makes the reply to a conversation once `script` is used up.
        script: replies that come first, in order.
        slots: requests served at once; others wait.
        rpm: requests a minute; more get 429 with Retry-After.
        delay_s: time one request takes.
        key: when set, other keys get 401.
    """

    def __init__(self, reply: Replier = lambda _: "ok", script: Iterable[Step] = (), *, slots: int = 32, rpm: int = 0,
                 delay_s: float = 0.0, key: str = "", context: int = 8192) -> None:
        self.reply, self.script, self.rpm, self.delay_s, self.key = reply, list(script), rpm, delay_s, key
        self.context = context
        self.requests: list[dict[str, Any]] = []
        self.busy = self.most_busy = 0
        self._slots, self._lock = threading.Semaphore(slots), threading.Lock()
        self._stop = threading.Event()
        handler = type("Handler", (_Handler,), {"fake": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> FakeLLM:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()

    def chats(self) -> list[dict[str, Any]]:
        """Requests for completions, in order of arrival."""
        return [r for r in self.requests if r["path"].endswith(("/chat/completions", "/api/chat"))]

    def next_step(self, body: dict[str, Any]) -> Step:
        """The reply to a request, after waiting for a slot."""
        with self._lock:
            recent = [r for r in self.chats() if r["at"] > time.monotonic() - 60]
            if self.rpm and len(recent) > self.rpm:
                return Step(status=429, headers={"Retry-After": "1"}, error={"message": "slow down"})
            step = self.script.pop(0) if self.script else None
        with self._slots:
            with self._lock:
                self.busy += 1
                self.most_busy = max(self.most_busy, self.busy)
            self._stop.wait(self.delay_s)
            found = step or self.reply(body["messages"])
            with self._lock:
                self.busy -= 1
        return found if isinstance(found, Step) else Step(found)


class _Handler(BaseHTTPRequestHandler):
    fake: FakeLLM
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        return

    def do_GET(self) -> None:
        self._note({})
        if self.path == "/api/tags":
            return self._json({"models": [{"model": "fake", "name": "fake"}]})
        return self._json({"data": [{"id": "fake"}, {"id": "other"}]} if self._allowed() else {"error": "key"},
                          200 if self._allowed() else 401)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        self._note(body)
        if self.path == "/api/show":
            return self._json({"model_info": {"llama.context_length": self.fake.context}})
        if self.path == "/api/pull":
            return self._pull(body)
        if not self._allowed():
            return self._json({"error": {"message": f"bad key {self.headers.get('Authorization')}"}}, 401)
        self._send(self.fake.next_step(body), body)

    def _pull(self, body: dict[str, Any]) -> None:
        """Two parts of a model, slowly; an unknown one ends with an error within the stream."""
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.end_headers()
        self.close_connection = True
        known = body.get("model") != "missing"
        lines: list[dict[str, Any]] = [{"status": "pulling manifest"}]
        lines += [{"status": "pulling", "digest": d, "total": 1000, "completed": n} for d in "ab"
                  for n in range(0, 1001, 250)] if known else [{"error": "pull model manifest: file does not exist"}]
        for line in [*lines, *([{"status": "success"}] if known else [])]:
            self.wfile.write(json.dumps(line).encode() + b"\n")
            self.wfile.flush()
            self.fake._stop.wait(self.fake.delay_s)

    def _send(self, step: Step, body: dict[str, Any]) -> None:
        if step.fault == "redirect":
            return self._bytes(b"", 307, {"Location": step.location})
        if step.fault == "bomb":
            packed = gzip.compress(b'{"choices": "' + b"x" * 200_000_000 + b'"}', 6)
            return self._bytes(packed, 200, {"Content-Encoding": "gzip"})
        if step.raw is not None or step.status != 200:
            raw = step.raw if step.raw is not None else json.dumps({"error": step.error or {}}).encode()
            return self._bytes(raw, step.status, step.headers)
        payload = ollama_payload(step, body) if self.path.startswith("/api/") else openai_payload(step, body)
        if step.fault in ("reset", "drip"):
            self.send_response(200)
            self.send_header("Content-Length", str(len(payload) + 10_000))
            self.end_headers()
            self.wfile.write(payload[:20])
            while step.fault == "drip" and not self.fake._stop.wait(0.25):
                self.wfile.write(b" ")
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return self.connection.close()
        self._bytes(payload, 200, step.headers)

    def _allowed(self) -> bool:
        return not self.fake.key or self.headers.get("Authorization") == f"Bearer {self.fake.key}"

    def _note(self, body: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.fake.requests.append({"path": self.path, "headers": headers, "body": body, "at": time.monotonic()})

    def _json(self, value: Any, status: int = 200) -> None:
        self._bytes(json.dumps(value).encode(), status, {})

    def _bytes(self, raw: bytes, status: int, headers: dict[str, str]) -> None:
        try:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(raw))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)
        except OSError:
            self.close_connection = True
