"""The look into the zip directory of an office file or book before any parser sees it: bombs are refused unopened."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import IO

from core.errors import UserError
from core.storage.archives import UNREADABLE

TOTAL_BYTES = 300 * 1000**2
RATIO, RATIO_FROM_BYTES = 100, 10 * 1000**2
ENTRIES = 5_000
PARAGRAPHS = 200_000
CELLS = 4_000_000
_CHUNK = 1 << 20


def check_archive(path: Path, total_bytes: int = TOTAL_BYTES, locked: str = "documents.error.bomb") -> None:
    """Raises UserError for a zip whose directory promises more than `total_bytes`, ENTRIES or RATIO, or overlaps.

    Args:
        locked: key of the error for members with a password, which office files never have.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except UNREADABLE:
        raise UserError("documents.error.damaged") from None
    if any(entry.flag_bits & 1 for entry in entries):
        raise UserError(locked)
    total = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    offsets = {entry.header_offset for entry in entries}
    if (len(entries) > ENTRIES or total > total_bytes or len(offsets) < len(entries) or packed > path.stat().st_size
            or any(e.file_size > RATIO_FROM_BYTES and e.file_size > RATIO * max(1, e.compress_size) for e in entries)
            or total > RATIO_FROM_BYTES and total > RATIO * packed):
        raise UserError("documents.error.bomb")


def check_xml(path: Path, suffixes: tuple[str, ...] = (".xml", ".rels"), *, doctype: bool = False) -> None:
    """Reads the XML parts of an office file or book once, in pieces, inside the limited child.

    Args:
        suffixes: of the names that are XML; other parts count as XML, too, when they begin like it and are no media.
        doctype: whether a document type declaration is usual (books); entities of its own never are.

    Raises UserError for declarations of entities, for more than PARAGRAPHS paragraphs or CELLS cells in a part, for
    parts that are longer than the directory says, and for archives that cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                with archive.open(entry) as part:
                    name, first = entry.filename.lower(), part.read(64)
                    begins = first.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<")
                    if name.endswith(suffixes) or begins and not name.endswith((".svg", ".html", ".htm", ".xhtml")):
                        _check_part(part, first, entry.file_size, doctype)
    except UNREADABLE:
        raise UserError("documents.error.damaged") from None


def _check_part(part: IO[bytes], first: bytes, promised: int, doctype: bool) -> None:
    read, paragraphs, cells, tail = 0, 0, 0, b""
    while chunk := first + part.read(_CHUNK):
        first = b""
        read += len(chunk)
        text = tail + chunk
        plain = text.replace(b"\0", b"")  # declarations in UTF-16 are found, too
        paragraphs += sum(text.count(mark) for mark in (b"<w:p>", b"<w:p ", b"<w:p/>", b"<a:p>", b"<a:p ", b"<a:p/>"))
        cells += text.count(b"<c ") + text.count(b"<c>") + text.count(b"<c/>")
        if b"<!ENTITY" in plain or b"<!DOCTYPE" in plain and not doctype:
            raise UserError("documents.error.entities")
        if read > promised or paragraphs > PARAGRAPHS or cells > CELLS:
            raise UserError("documents.error.bomb")
        tail = text[-32:] if b"<" in text[-32:] else b""
        tail = tail[tail.rfind(b"<"):] if tail else b""
