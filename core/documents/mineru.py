"""The limited child that has pages read by MinerU: by its server (POST /file_parse) or its command (mineru -p … -o …).

Pages are cut out of the file and sent together; when that fails, each is tried alone, so that one costs itself only.
Works with MinerU 2 and 3 (https://github.com/opendatalab/MinerU, mineru/cli/fast_api.py and client.py).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from core.documents.child import claimed
from core.documents.mineru_reply import BadReply, pages_of
from core.documents.page_picture import draw
from core.documents.page_words import dump_words, words_of
from core.errors import UserError
from core.storage.workspace import DocumentPaths, MinerUPaths, user_path

METHODS = {"auto": "auto", "always": "ocr", "never": "txt"}
BUSY, BUSY_TRIES, BUSY_WAIT_S, BUSY_MOST_S = (429, 503), 4, 2.0, 60.0
STEM = "pages"
_OUTPUT_BYTES = 64 * 1024**2
Send = Callable[[dict[str, Any]], None]


def run(input: dict[str, Any], send: Send) -> None:
    """Target of `run_limited`: input and lines as in `core.documents.child`, and "mineru": where it is, how to ask."""
    source = open_source(input)
    images = DocumentPaths(user_path(input["images"]))
    images.image(1).parent.mkdir(parents=True, exist_ok=True)
    numbers = claimed(input, source.page_count, send)
    while batch := list(islice(numbers, input["mineru"]["pages"])):
        for number, result in read_pages(input, source, batch):
            if isinstance(result, UserError):
                send({"failed": number, "error": result.as_dict()})
                continue
            page = source.load_page(number - 1)
            draw(page, images.image(number))
            if words := words_of(page):
                images.words(number).write_text(dump_words(words), encoding="utf-8")
            send({"page": number, "markdown": result, "source": "mixed", "image": True})


def open_source(input: dict[str, Any]) -> Any:
    """The file as an open PDF; a picture becomes one of a page each. Raises UserError for locked and damaged files."""
    import pymupdf

    pymupdf.TOOLS.mupdf_display_errors(False)
    path, kind = user_path(input["path"]), input["kind"]
    try:
        pdf = pymupdf.open(path, filetype=kind)
        if not pdf.is_pdf:
            pdf = pymupdf.open("pdf", pdf.convert_to_pdf())
    except Exception:
        raise UserError("documents.error.damaged") from None
    if pdf.needs_pass and not pdf.authenticate(input["password"]):
        raise UserError("documents.error.wrong_password" if input["password"] else "documents.error.locked")
    if pdf.page_count <= 0:
        raise UserError("documents.error.no_pages")
    return pdf


def read_pages(input: dict[str, Any], source: Any, numbers: list[int]) -> Iterator[tuple[int, str | UserError]]:
    """Each page with its Markdown or the reason why it has none. Raises UserError when asking again is of no use."""
    ask = ask_command if input["mineru"]["command"] else ask_server
    try:
        yield from zip(numbers, pages_of(ask(input, _cut_out(source, numbers)), len(numbers)), strict=True)
    except (BadReply, UserError) as error:
        if getattr(error, "stops_job", False) and getattr(error, "kind", "") != "too_large":
            raise
        if len(numbers) == 1:
            reason = error if isinstance(error, UserError) else UserError("convert.error.mineru_reply")
            yield numbers[0], reason
            return
        for number in numbers:
            yield from read_pages(input, source, [number])


def ask_server(input: dict[str, Any], pdf: bytes) -> Any:
    """Sends the pages to the server and returns what it found. Raises UserError, BadReply."""
    import threading

    import httpx

    from core.llm.errors import ProviderError
    from core.llm.transport import http_client, wall_deadline
    from core.llm.urls import parse_base_url

    options = input["mineru"]
    target = parse_base_url(options["address"])
    fields = {"lang_list": _language(options), "parse_method": METHODS[input["ocr"]], "return_md": "true",
              "return_content_list": "true", "return_images": "false", "response_format_zip": "false",
              **({"backend": options["backend"]} if options["backend"] != "auto" else {})}
    files = {"files": (f"{STEM}.pdf", pdf, "application/pdf")}
    try:
        with wall_deadline(options["wait_s"]), http_client(target, _key(target.origin), threading.Event()) as client:
            for attempt in range(BUSY_TRIES):
                response = client.post("file_parse", data=fields, files=files)
                if response.status_code not in BUSY or attempt == BUSY_TRIES - 1:
                    break
                time.sleep(_wait(response.headers.get("retry-after", ""), attempt))
        _check(response.status_code)
        return _results(response.content)
    except httpx.TimeoutException:
        raise UserError("convert.error.mineru_time", seconds=options["wait_s"]) from None
    except httpx.RequestError:
        raise ProviderError("unreachable", host=target.origin) from None


def ask_command(input: dict[str, Any], pdf: bytes) -> Any:
    """Has the command read the pages in a folder of its own and returns what it wrote. Raises UserError, BadReply."""
    import tempfile

    options = input["mineru"]
    paths = MinerUPaths(user_path(tempfile.mkdtemp(dir=input["images"])))
    paths.pages.write_bytes(pdf)
    command = [*options["command"], "-p", str(paths.pages), "-o", str(paths.out), "-m", METHODS[input["ocr"]],
               "-l", _language(options), *(["-b", options["backend"]] if options["backend"] != "auto" else [])]
    try:
        done = subprocess.run(command, cwd=paths.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=options["wait_s"], check=False)
    except subprocess.TimeoutExpired:
        raise UserError("convert.error.mineru_time", seconds=options["wait_s"]) from None
    except OSError:
        raise UserError("convert.error.no_mineru") from None
    if done.returncode != 0:
        print(f"MinerU: {done.returncode} {done.stdout[-2000:]!r}", file=sys.stderr)
        raise UserError("convert.error.mineru_failed")
    return {"content_list": _read_text(paths.found("_content_list.json")), "md_content": _read_text(paths.found(".md"))}


def _results(content: bytes) -> Any:
    """The one entry of ``{"results": {name: …}}``."""
    try:
        found = json.loads(content)["results"]
        return next(iter(found.values()))
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError):
        raise BadReply from None


def _check(status: int) -> None:
    """Raises UserError for a reply that is no success; a ProviderError where asking again is of no use."""
    from core.llm.errors import ProviderError

    if status == 200:
        return
    if status in (401, 403):
        raise ProviderError("auth")
    if status in (404, 405):
        raise UserError("convert.error.mineru_route")
    if status in BUSY:
        raise ProviderError("rate")
    if status == 409:
        raise UserError("convert.error.mineru_failed")
    raise UserError("convert.error.mineru_status", status=status)


def _wait(said: str, attempt: int) -> float:
    asked = float(said) if said.isdigit() else BUSY_WAIT_S * 2**attempt
    return min(asked, BUSY_MOST_S)


def _key(origin: str) -> Any:
    """The key that the parent handed over for this origin."""
    from core.llm.secrets import ENVIRONMENT_KEY, Secret

    bound = os.environ.get(ENVIRONMENT_KEY, "")
    return Secret(bound[len(origin) + 1:]) if bound.startswith(origin + " ") else None


def _language(options: dict[str, Any]) -> str:
    return "ch" if options["lang"] == "auto" else str(options["lang"])


def _cut_out(source: Any, numbers: list[int]) -> bytes:
    """A PDF of these pages alone, without password, links and forms."""
    import pymupdf

    with pymupdf.open() as part:
        for number in numbers:
            part.insert_pdf(source, from_page=number - 1, to_page=number - 1, links=False, widgets=False)
        return bytes(part.tobytes(garbage=3, deflate=True))


def _read_text(path: Path | None) -> str | None:
    if path is None or path.is_symlink() or path.stat().st_size > _OUTPUT_BYTES:
        return None
    return path.read_text(encoding="utf-8", errors="replace")
