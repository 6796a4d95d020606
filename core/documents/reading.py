"""All pages of a document at once: search, and what of it questions are written from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.documents import record
from core.documents.marks import PAGE, Mark, marks_of
from core.documents.pictures import masked
from core.errors import UserError
from core.storage import Workspace
from core.storage.workspace import DocumentPaths

MOST_HITS = 10_000
_WIDTHS = str.maketrans({0xFF01 + n: 0x21 + n for n in range(94)} | {0x3000: 0x20})


@dataclass(frozen=True)
class Hit:
    """Characters `start:end` of a page's Markdown hold what was searched."""

    page: int
    start: int
    end: int


def page_texts(ws: Workspace, id: str) -> dict[int, str]:
    """Markdown of all pages that can be read, by number, with corrections. The value is shared: do not change it."""
    paths = ws.document(id)
    try:
        journal, folder = paths.journal.stat(), paths.pages.stat()
    except FileNotFoundError:
        return {}
    return _page_texts(paths.dir, journal.st_size, journal.st_mtime_ns, folder.st_mtime_ns)


def forget_texts() -> None:
    """To be called when a page was changed: two changes within one tick of the clock look alike."""
    _page_texts.cache_clear()


@lru_cache(maxsize=3)
def _page_texts(folder: Path, *version: int) -> dict[int, str]:
    paths = DocumentPaths(folder)
    return {number: _text(paths, number) for number in sorted(record.fold(paths).readable)}


def _text(paths: DocumentPaths, number: int) -> str:
    for path in (paths.edited(number), paths.markdown(number)):
        try:
            return path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            continue
    return ""


def search(ws: Workspace, id: str, query: str) -> list[Hit]:
    """Where the words of `query` stand one after the other, in reading order: letter case, full-width forms and line
    breaks do not matter. At most MOST_HITS."""
    pattern = pattern_of(query)
    found: list[Hit] = []
    for number, text in page_texts(ws, id).items() if pattern else ():
        found += [Hit(number, match.start(), match.end()) for match in hits_in(pattern, text)]
        if len(found) >= MOST_HITS:
            break
    return found[:MOST_HITS]


def pattern_of(query: str) -> re.Pattern[str] | None:
    """What `hits_in` looks for; None when nothing was asked."""
    words = query.translate(_WIDTHS).split()
    return re.compile(r"\s+".join(map(re.escape, words)), re.IGNORECASE) if words else None


def hits_in(pattern: re.Pattern[str] | None, text: str) -> list[re.Match[str]]:
    """The places of a text that hold the words; file names of pictures are none."""
    return list(pattern.finditer(masked(text).translate(_WIDTHS))) if pattern else []


def unused(ws: Workspace, id: str) -> dict[int, list[Mark]]:
    """Parts of pages that questions are not written from: contents, references, and pages a person took out.

    A page that a person wants used has none.
    """
    texts, use = page_texts(ws, id), record.fold(ws.document(id)).use
    found = {number: marks for number, marks in _marks(tuple(texts.items())).items() if number not in use}
    found |= {number: [Mark(PAGE, 0, len(texts[number]))] for number, wanted in use.items()
              if not wanted and number in texts}
    return found


@lru_cache(maxsize=3)
def _marks(texts: tuple[tuple[int, str], ...]) -> dict[int, list[Mark]]:
    return marks_of(dict(texts))


def use_page(ws: Workspace, id: str, number: int, use: bool) -> None:
    """Says whether questions are written from a page, whatever it holds. Raises UserError when there is none."""
    paths = ws.document(id)
    if number not in record.fold(paths).pages:
        raise UserError("documents.error.missing")
    record.append(paths, "use", number=number, use=use)


def confirm_page(ws: Workspace, id: str, number: int) -> None:
    """Notes that a person found a doubtful page to be right. Raises UserError when there is none."""
    paths = ws.document(id)
    if number not in record.fold(paths).readable:
        raise UserError("documents.error.missing")
    record.append(paths, "confirmed", number=number)
