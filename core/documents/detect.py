"""What a file really is, told by its content; the name is only asked where content cannot tell (Markdown or text)."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from core.documents.archive import check_archive
from core.errors import UserError

IMAGES = ("png", "jpg", "tiff", "webp", "bmp")
KINDS = ("pdf", "docx", "md", "txt", *IMAGES)
_HEAD_BYTES = 64 * 1024
_SUFFIXES = {"pdf": "pdf", "docx": "docx", "md": "md", "markdown": "md", "txt": "txt", "text": "txt", "png": "image",
             "jpg": "image", "jpeg": "image", "tif": "image", "tiff": "image", "webp": "image", "bmp": "image"}
_MAGIC = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpg"), (b"II*\0", "tiff"), (b"MM\0*", "tiff"))
_FOREIGN = ((b"MZ", "program"), (b"\x7fELF", "program"), (b"#!", "program"), (b"\xd0\xcf\x11\xe0", "old_office"),
            (b"{\\rtf", "rtf"), (b"GIF8", "gif"), (b"Rar!", "archive"), (b"7z\xbc\xaf\x27\x1c", "archive"),
            (b"\x1f\x8b", "archive"), (b"SQLite format 3\0", "database"))
_HTML = re.compile(rb"\s*(?:<!--.*?-->\s*)?(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html|head|body|script)\b",
                   re.I | re.S)
_MARKDOWN = re.compile(r"^(?:#{1,6} \S|```|\|.*\|\s*$|[-*+] \S)", re.M)
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")


def sniff(path: Path, label: str) -> str:
    """The kind of a file, one of KINDS.

    Raises UserError for an empty file, for content that cannot be converted, for a name that claims another kind
    than the content is, and for archives that expand beyond all bounds.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise UserError("documents.error.empty")
    claimed = _SUFFIXES.get(label.rpartition(".")[2].lower() if "." in label else "")
    kind = _binary_kind(path, head)
    if kind in IMAGES and claimed in ("image", None) or kind is not None and claimed in (kind, None):
        return str(kind)
    if kind is None and claimed in ("md", "txt", None):
        return claimed or ("md" if _MARKDOWN.search(head.decode("utf-8", "replace")) else "txt")
    raise UserError("documents.error.disguised", type=_type_key(kind or "txt"), claimed=_type_key(claimed or "txt"))


def _binary_kind(path: Path, head: bytes) -> str | None:
    """A kind, or None for plain text. Raises UserError for what cannot be converted."""
    if b"%PDF-" in head[:1024]:
        return "pdf"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0":
        return "bmp"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith(b"PK\x03\x04"):
        return _zip_kind(path)
    for magic, name in _FOREIGN:
        if head.startswith(magic):
            raise _unsupported(name)
    if _HTML.match(head.removeprefix(b"\xef\xbb\xbf")):
        raise _unsupported("html")
    if not head.startswith((b"\xff\xfe", b"\xfe\xff")) and sum(byte in _CONTROLS for byte in head) * 50 > len(head):
        raise _unsupported("binary")
    return None


def _zip_kind(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise UserError("documents.error.damaged") from None
    if "word/document.xml" in names:
        check_archive(path)
        return "docx"
    for prefix, name in (("xl/", "excel"), ("ppt/", "powerpoint"), ("META-INF/container.xml", "epub")):
        if any(entry.startswith(prefix) for entry in names):
            raise _unsupported(name)
    raise _unsupported("archive")


def _unsupported(name: str) -> UserError:
    return UserError(f"documents.error.unsupported.{name}")


def _type_key(kind: str) -> str:
    return {"pdf": "PDF", "docx": "Word (DOCX)", "md": "Markdown", "txt": "TXT"}.get(kind, kind.upper())
