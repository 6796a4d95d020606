"""The limited child: opens one file and sends its pages as Markdown, one line each. The file may be hostile."""

from __future__ import annotations

import re
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from core.documents import office
from core.documents.page_words import Word, dump_words
from core.documents.quality import NO_TEXT_LAYER, doubts
from core.errors import UserError
from core.jobs.kinds import resolve
from core.storage.workspace import ClaimPaths, DocumentPaths, user_path

if TYPE_CHECKING:
    from core.documents.picture_store import PictureStore

_READERS = {
    "docx": "core.documents.word:WordReader", "html": "core.documents.web_page:WebReader",
    "epub": "core.documents.book:BookReader", "xlsx": "core.documents.sheets:SheetsReader",
    "pptx": "core.documents.slides:SlidesReader", "csv": "core.documents.delimited:DelimitedReader",
    "tsv": "core.documents.delimited:DelimitedReader", "md": "core.documents.plain:PlainReader",
    "txt": "core.documents.plain:PlainReader",
}
_WITH_PICTURES = ("docx", "pptx", "epub", "html")


@dataclass(frozen=True)
class PageText:
    """A converted page.

    Args:
        sizes: letter height in points of each heading in `markdown`, in order; empty when their levels are certain.
        warnings: keys of the message catalogue.
        image: whether its picture was written.
        words: its words with their boxes on that picture.
    """

    markdown: str
    source: str = "text"
    confidence: float | None = None
    warnings: tuple[str, ...] = ()
    sizes: tuple[float, ...] = ()
    image: bool = False
    words: tuple[Word, ...] = ()


class Reader(Protocol):
    """An open document. `page` counts from 1 and may raise anything: that costs the page only.

    A reader that has `looks_ahead` and says True there is asked to `prepare` a page before the one before it is read.
    """

    total: int

    def page(self, number: int, picture: Path) -> PageText:
        """Converts a page and writes its picture, if it has one, to `picture` as PNG."""

_NO_MEMORY = re.compile(r"\b[mc]?(re)?alloc\b.{0,60}\bfailed\b")  # how MuPDF says it, as an error like any other


def run(input: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> None:
    """Target of `run_limited`.

    Input: path, kind, ocr, password, first (page), most (pages, then the rest is left to the next child), skip (pages
    that are there already), images (folder for pictures), claims (folder shared by the children of a document: each
    page is read by the one that claims it). Lines sent: ``{"total"}``, then for each page ``{"start"}`` and
    ``{"page", "markdown", …}`` or ``{"failed"}``, with ``"error"`` when there is more to say; at last ``{"next"}`` when
    pages are left. With "ahead" a reader may begin a page while it finishes the one before.
    """
    images = DocumentPaths(user_path(input["images"]))
    images.image(1).parent.mkdir(parents=True, exist_ok=True)
    reader = _open(input)
    for number in with_next_begun(reader, claimed(input, reader.total, send), input.get("ahead", False)):
        try:
            page = reader.page(number, images.image(number))
        except MemoryError:
            raise
        except UserError as error:
            send({"failed": number, "error": error.as_dict()})
            continue
        except Exception as error:
            if _NO_MEMORY.search(str(error)):
                raise MemoryError from error
            traceback.print_exc(file=sys.stderr)
            send({"failed": number})
            continue
        if page.words:
            images.words(number).write_text(dump_words(page.words), encoding="utf-8")
        send({"page": number, "markdown": page.markdown, "source": page.source, "confidence": page.confidence,
              "warnings": _warnings(page, input["kind"], images.image(number)), "sizes": list(page.sizes),
              "image": page.image})


def with_next_begun(reader: Any, numbers: Iterator[int], ahead: bool) -> Iterator[int]:
    """The pages in turn; where it is worth while the reader has begun the next one when it is asked for a page."""
    waiting: deque[int] = deque()
    for number in numbers:
        waiting.append(number)
        if ahead and hasattr(reader, "prepare"):
            reader.prepare(number)
            if len(waiting) == 1 and reader.looks_ahead:
                continue
        yield waiting.popleft()
        if waiting and not reader.looks_ahead:
            yield waiting.popleft()
    yield from waiting


def claimed(input: dict[str, Any], total: int, send: Callable[[dict[str, Any]], None]) -> Iterator[int]:
    """The pages that this child shall read, claimed one by one; says so, and what it leaves."""
    send({"total": total})
    claims, skip, taken = ClaimPaths(user_path(input["claims"])), set(input["skip"]), 0
    for number in range(input["first"], total + 1):
        if number in skip or claims.page(number).exists():
            continue
        if taken == input["most"]:
            send({"next": number})
            return
        try:
            claims.page(number).touch(exist_ok=False)
        except FileExistsError:
            continue
        taken += 1
        send({"start": number})
        yield number


def _warnings(page: PageText, kind: str, picture: Path) -> list[str]:
    """What the reader says of the page, and what the result looks like."""
    from core.documents.detect import PAGED

    if NO_TEXT_LAYER in page.warnings:
        return list(page.warnings)
    found = doubts(page.markdown, page.confidence, paged=kind in PAGED, picture=picture if page.image else None)
    return [*page.warnings, *found]


def _store(input: dict[str, Any]) -> PictureStore:
    from core.documents.picture_store import PictureStore

    return PictureStore(DocumentPaths(user_path(input["images"])))


def _open(input: dict[str, Any]) -> Reader:
    path, kind = user_path(input["path"]), input["kind"]
    if kind in office.FORMATS:
        path, kind = office.convert(path, kind, user_path(input["images"])), office.FORMATS[kind]
    if kind in _READERS:
        reader: Any = resolve(_READERS[kind])
        if kind in _WITH_PICTURES:
            return reader(path, _store(input))
        return reader(path, kind) if kind in ("md", "txt", "csv", "tsv") else reader(path)
    from core.documents.loading import import_pymupdf

    import_pymupdf()
    from core.documents.pdf import PdfReader, image_reader

    if kind == "pdf":
        return PdfReader(path, input["ocr"], input["password"], _store(input))
    return image_reader(path, input["ocr"])

