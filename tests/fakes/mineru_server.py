"""A stand-in for mineru-api (POST /file_parse) that answers well or badly, and a command that behaves like `mineru`."""

from __future__ import annotations

import email
import email.policy
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HUGE = 20 * 1024 * 1024


def blocks(pages: int) -> list[dict[str, Any]]:
    """What a document of so many pages holds, in the form of `*_content_list.json`."""
    found: list[dict[str, Any]] = []
    for number in range(pages):
        found += [
            {"type": "header", "text": "Quillmere works", "page_idx": number},
            {"type": "text", "text": "Pump house", "text_level": 2, "page_idx": number},
            {"type": "text", "text": f"The tank of part {number + 1} holds 22 litres.", "page_idx": number},
            {"type": "table", "table_caption": ["Table 1"], "page_idx": number, "table_body":
                "<table><tr><th>Part</th><th>Litres</th></tr><tr><td>Tank</td><td>22</td></tr></table>"},
            {"type": "equation", "text": "$$\nx^2\n$$", "page_idx": number},
            {"type": "list", "list_items": ["first", "2. second"], "page_idx": number},
            {"type": "code", "code_body": "pump --start", "page_idx": number},
            {"type": "image", "img_path": "images/x.jpg", "image_caption": ["Figure 1"], "page_idx": number},
            {"type": "page_number", "text": str(number + 1), "page_idx": number},
        ]
    return found


def page_count(pdf: bytes) -> int:
    """Pages of a PDF, by the library."""
    import pymupdf

    with pymupdf.open("pdf", pdf) as opened:
        return int(opened.page_count)


class MinerUServer:
    """Listens on a free loopback port while in a `with` block; `requests` are the form fields of each request.

    Args:
        mode: "good", "markdown" (no list of blocks), "busy once", "refuses batches" (409 for more than one page),
            "refuses all", "status N", "slow", "garbage", "huge", "redirect".
    """

    def __init__(self, mode: str = "good") -> None:
        self.mode, self.requests = mode, list[dict[str, Any]]()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                return

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                fields = form(self.headers["content-type"], body)
                fields.update(path=self.path, authorization=self.headers.get("authorization", ""))
                outer.requests.append(fields)
                outer.answer(self, page_count(fields["files"]))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, to: BaseHTTPRequestHandler, pages: int) -> None:
        """Sends the reply of the mode."""
        mode, status = self.mode, 200
        result: dict[str, Any] = {"content_list": json.dumps(blocks(pages)), "md_content": "x"}
        if mode == "markdown":
            result = {"md_content": f"# Pump house\n\n![](images/x.jpg)\n\n{pages} page, 22 litres\n"}
        body = json.dumps({"backend": "pipeline", "version": "3.4.4", "results": {"pages": result}}).encode()
        if mode == "slow":
            time.sleep(30)
        if mode == "busy once" and len(self.requests) == 1:
            status = 503
        elif mode == "refuses all" or mode == "refuses batches" and pages > 1:
            status = 409
        elif mode.startswith("status "):
            status = int(mode.split()[1])
        body = {"garbage": b"<html>not json", "huge": b" " * HUGE}.get(mode, body)
        to.send_response(302 if mode == "redirect" else status)
        to.send_header("retry-after", "0")
        if mode == "redirect":
            to.send_header("location", "http://127.0.0.1:1/")
        to.send_header("content-length", str(len(body)))
        to.end_headers()
        try:
            to.wfile.write(body)
        except OSError:
            return  # the client had enough

    def __enter__(self) -> MinerUServer:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def form(content_type: str, body: bytes) -> dict[str, Any]:
    """Fields of a multipart form; files as bytes."""
    message = email.message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body,
                                       policy=email.policy.HTTP)
    found: dict[str, Any] = {}
    for part in message.iter_parts():
        name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        found[str(name)] = content if part.get_filename() else content.decode()
    return found


def main(arguments: list[str]) -> int:
    """``-p FILE -o DIR -m METHOD -l LANG`` as `mineru` understands it; ``--fail`` ends with status 1."""
    from core.storage.workspace import user_path

    options = dict(zip(arguments, arguments[1:], strict=False))
    print("log lines that are no result")
    if "--fail" in arguments:
        return 1
    given = user_path(options["-p"])
    folder = user_path(f"{options['-o']}/{given.stem}/hybrid_{options['-m']}")
    folder.mkdir(parents=True)
    found = blocks(page_count(given.read_bytes()))
    user_path(f"{folder}/{given.stem}_content_list.json").write_text(json.dumps(found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
