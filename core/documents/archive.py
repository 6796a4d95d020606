"""The look into a Word file's zip directory before any parser sees it: bombs are refused unopened."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import IO

from core.errors import UserError

TOTAL_BYTES = 300 * 1000**2
RATIO, RATIO_FROM_BYTES = 100, 10 * 1000**2
ENTRIES = 5_000
PARAGRAPHS = 200_000
_CHUNK = 1 << 20


def check_archive(path: Path) -> None:
    """Raises UserError for a zip whose directory promises more than TOTAL_BYTES, ENTRIES or RATIO, or overlaps."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise UserError("documents.error.damaged") from None
    total = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    offsets = {entry.header_offset for entry in entries}
    if (len(entries) > ENTRIES or total > TOTAL_BYTES or len(offsets) < len(entries)
            or packed > path.stat().st_size or any(entry.flag_bits & 1 for entry in entries)
            or any(e.file_size > RATIO_FROM_BYTES and e.file_size > RATIO * max(1, e.compress_size) for e in entries)
            or total > RATIO_FROM_BYTES and total > RATIO * packed):
        raise UserError("documents.error.bomb")


def check_word_xml(path: Path) -> None:
    """Reads the XML parts of a Word file once, in pieces, inside the limited child.

    Raises UserError for a document type declaration (entities), for more paragraphs than PARAGRAPHS, and for parts
    that are longer than the directory says.
    """
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if entry.filename.endswith((".xml", ".rels")):
                with archive.open(entry) as part:
                    _check_part(part, entry.file_size)


def _check_part(part: IO[bytes], promised: int) -> None:
    read, paragraphs, tail = 0, 0, b""
    while chunk := part.read(_CHUNK):
        read += len(chunk)
        text = tail + chunk
        paragraphs += text.count(b"<w:p>") + text.count(b"<w:p ") + text.count(b"<w:p/>")
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"<\0!\0D\0O\0C" in text or b"\0<\0!\0D\0O\0C" in text:
            raise UserError("documents.error.entities")
        if read > promised or paragraphs > PARAGRAPHS:
            raise UserError("documents.error.bomb")
        tail = text[-16:] if b"<" in text[-16:] else b""
        tail = tail[tail.rfind(b"<"):] if tail else b""
