"""A model hub on loopback: listing and files as Hugging Face and ModelScope serve them, with byte ranges and faults."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlparse


@dataclass
class FakeHub:
    """What the hub holds and what was asked of it.

    Attributes:
        files: name → content, of the one repository.
        cut_after: the connection is closed after so many bytes of a file; None never.
        ranges: whether byte ranges are honoured.
        lies: names whose listed checksum is not that of the content.
        requests: (path, Range header) in the order they came.
        token: what must be shown to be let in; "" for nothing.
        refusal: (status, X-Error-Code) for those who show no such token.
        listed: whether the names of the files are told to everyone.
        repo: the only dataset that there is.
        page: entries of one page of a dataset's listing.
    """

    files: dict[str, bytes]
    cut_after: int | None = None
    ranges: bool = True
    lies: set[str] = field(default_factory=set)
    requests: list[tuple[str, str]] = field(default_factory=list)
    token: str = ""
    refusal: tuple[int, str] = (401, "GatedRepo")
    listed: bool = False
    repo: str = "owner/rows"
    page: int = 100
    url: str = ""

    def huggingface(self) -> list[dict]:
        """Body of /api/models/…/tree/main."""
        rows: list[dict] = [{"type": "directory", "path": "onnx", "size": 0, "oid": "0" * 40}]
        for name, content in self.files.items():
            row = {"type": "file", "path": name, "size": len(content), "oid": self._git_sha1(name)}
            if name.endswith((".safetensors", ".parquet")):
                row["lfs"] = {"oid": self._sha256(name), "size": len(content)}
            rows.append(row)
        return rows

    def modelscope(self) -> dict:
        """Body of /api/v1/models/…/repo/files."""
        return {"Code": 200, "Data": {"Files": [{"Type": "blob", "Path": name, "Size": len(content),
                                                 "Sha256": self._sha256(name)}
                                                for name, content in self.files.items()]}}

    def _sha256(self, name: str) -> str:
        return "f" * 64 if name in self.lies else hashlib.sha256(self.files[name]).hexdigest()

    def _git_sha1(self, name: str) -> str:
        body = self.files[name]
        return "f" * 40 if name in self.lies else hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()


@contextmanager
def fake_hub(files: dict[str, bytes]) -> Iterator[FakeHub]:
    """Serves `files` until the block is left."""
    hub = FakeHub(files)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = unquote(urlparse(self.path).path)
            hub.requests.append((path, self.headers.get("Range", "")))
            name = path.rpartition("/")[2]
            if "/datasets/" in path:
                self._dataset(path, parse_qs(urlparse(self.path).query))
            elif "/tree/" in path:
                self._send(200, json.dumps(hub.huggingface()).encode())
            elif path.endswith("/repo/files"):
                assert parse_qs(urlparse(self.path).query)["Revision"] == ["master"]
                self._send(200, json.dumps(hub.modelscope()).encode())
            elif "/resolve/" in path and name in hub.files:
                self._file(hub.files[name])
            else:
                self._send(404, b"{}")

        def _dataset(self, path: str, query: dict[str, list[str]]) -> None:
            name = query.get("FilePath", [path.partition("/resolve/main/")[2]])[0]
            start = (int(query.get("PageNumber", ["1"])[0]) - 1 + int(query.get("cursor", ["0"])[0])) * hub.page
            following = f'<{hub.url}{path}?cursor={start // hub.page + 1}>; rel="next"'
            if f"/datasets/{hub.repo}/" not in path:
                self._send(404, b"{}", headers={"X-Error-Code": "RepoNotFound"})
            elif not (hub.listed and "/tree" in path) and not self._known():
                self._send(hub.refusal[0], b"{}", headers={"X-Error-Code": hub.refusal[1]})
            elif path.endswith("/tree/main"):
                rows = hub.huggingface()
                self._send(200, json.dumps(rows[start:start + hub.page]).encode(),
                           headers={"Link": following} if start + hub.page < len(rows) else {})
            elif path.endswith("/repo/tree"):
                rows = hub.modelscope()["Data"]["Files"][start:start + hub.page]
                self._send(200, json.dumps({"Code": 200, "Data": {"Files": rows}}).encode())
            elif name in hub.files:
                self._file(hub.files[name])
            else:
                self._send(404, b"{}")

        def _known(self) -> bool:
            return not hub.token or self.headers.get("Authorization") == f"Bearer {hub.token}"

        def _file(self, body: bytes) -> None:
            given = self.headers.get("Range", "")
            start = int(given.removeprefix("bytes=").rstrip("-")) if given and hub.ranges else 0
            part = body[start:]
            self._send(206 if start else 200, part, part if hub.cut_after is None else part[:hub.cut_after])

        def _send(self, status: int, body: bytes, sent: bytes | None = None,
                  headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for key, value in (headers or {}).items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if sent is None else sent)
            if sent is not None and len(sent) < len(body):
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
