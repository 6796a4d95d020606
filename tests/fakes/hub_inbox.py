"""The side of a hub that takes datasets, on loopback: creation, large files, commits, as Hugging Face does it."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LARGE = (".parquet", ".jsonl")


@dataclass
class Inbox:
    """What arrived.

    Attributes:
        token: who does not show it is refused.
        may_write: whether that token may.
        repos: name → whether it is private.
        files: name → content, of the committed files.
        stored: checksum → content of large files, sent ahead of the commit.
    """

    token: str
    may_write: bool = True
    repos: dict[str, bool] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)
    url: str = ""

    def create(self, given: dict[str, Any]) -> tuple[int, Any]:
        """POST /api/repos/create."""
        name = f"{given['organization']}/{given['name']}"
        if name in self.repos:
            return 409, {"error": "You already created this dataset repo"}
        self.repos[name] = given.get("visibility") == "private"
        return 200, {"url": f"{self.url}/datasets/{name}"}

    def commit(self, repo: str, body: bytes) -> tuple[int, Any]:
        """POST /api/datasets/…/commit/main: a line for each file."""
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                self.files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                self.files[value["path"]] = self.stored[value["oid"]]
        return 200, {"success": True, "commitOid": "c" * 40,
                     "commitUrl": f"{self.url}/datasets/{repo}/commit/{'c' * 40}"}

    def answer(self, path: str, body: bytes) -> tuple[int, Any]:
        """What a POST gets."""
        if path == "/api/repos/create":
            return self.create(json.loads(body))
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if "/preupload/" in path:
            return 200, {"files": [{"path": one["path"], "shouldIgnore": False, "oid": None,
                                    "uploadMode": "lfs" if one["path"].endswith(LARGE) else "regular"}
                                   for one in json.loads(body)["files"]]}
        if path.endswith("/info/lfs/objects/batch"):
            return 200, {"transfer": "basic", "objects": [
                {"oid": one["oid"], "size": one["size"],
                 "actions": {"upload": {"href": f"{self.url}/storage/{one['oid']}", "header": {}}}}
                for one in json.loads(body)["objects"]]}
        repo = path.removeprefix("/api/datasets/").partition("/commit/")[0]
        return self.commit(repo, body) if "/commit/" in path else (404, {})


@contextmanager
def inbox(token: str) -> Iterator[Inbox]:
    """Serves until the block is left."""
    held = Inbox(token)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self._body()
            if self.headers.get("Authorization") != f"Bearer {held.token}":
                self._send(401, {"error": "Invalid token"})
            elif not held.may_write:
                self._send(403, {"error": "No right to write"})
            else:
                self._send(*held.answer(self.path.partition("?")[0], body))

        def do_PUT(self) -> None:
            body, name = self._body(), self.path.rpartition("/")[2]
            whole = hashlib.sha256(body).hexdigest() == name
            if whole:
                held.stored[name] = body
            self._send(200 if whole else 400, {})

        def do_GET(self) -> None:
            name = self.path.partition("?")[0].removeprefix("/api/datasets/").removesuffix("/revision/main")
            known = name in held.repos
            self._send(200 if known else 404, {"id": name, "private": held.repos.get(name), "sha": "c" * 40})

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", "0")))
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def _send(self, status: int, answer: Any) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield held
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
