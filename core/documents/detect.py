"""What a file really is, told by its content; the name is asked only where content cannot tell (Markdown, CSV)."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from core.documents.archive import check_archive
from core.documents.office import FORMATS as OFFICE
from core.documents.office import require_program
from core.documents.plain import utf16_without_mark
from core.errors import UserError
from core.storage.archives import UNREADABLE

IMAGES = ("png", "jpg", "tiff", "webp", "bmp")
TEXTS = ("md", "txt", "csv", "tsv")
KINDS = ("pdf", "docx", "pptx", "xlsx", "epub", "html", *TEXTS, *OFFICE, *IMAGES)
PAGED = ("pdf", *IMAGES)
ARCHIVE = "zip"
_HEAD_BYTES = 64 * 1024
_SUFFIXES = {kind: kind for kind in (*KINDS, ARCHIVE)} | {
    "markdown": "md", "text": "txt", "log": "txt", "tab": "tsv", "htm": "html", "xhtml": "html", "docm": "docx",
    "dotx": "docx", "xlsm": "xlsx", "xltx": "xlsx", "pptm": "pptx", "ppsx": "pptx", "potx": "pptx", "dot": "doc",
    "pps": "ppt", "xlt": "xls", "ott": "odt", "ots": "ods", "otp": "odp",
    **dict.fromkeys(("png", "jpg", "jpeg", "tif", "tiff", "webp", "bmp"), "image")}
_MAGIC = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpg"), (b"II*\0", "tiff"), (b"MM\0*", "tiff"),
          (b"{\\rtf", "rtf"))
_FOREIGN = ((b"MZ", "program"), (b"\x7fELF", "program"), (b"#!", "program"), (b"GIF8", "gif"), (b"Rar!", "archive"),
            (b"7z\xbc\xaf\x27\x1c", "archive"), (b"\x1f\x8b", "archive"), (b"SQLite format 3\0", "database"))
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = (("EncryptedPackage", "locked"), ("WordDocument", "doc"), ("PowerPoint Document", "ppt"),
                ("Workbook", "xls"), ("Book", "xls"))
_OLE_ENTRY = 128
_OPEN_DOCUMENTS = {"text": "odt", "spreadsheet": "ods", "presentation": "odp"}
_HTML = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|script)\b",
                   re.I | re.S)
_SVG = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*(?:<!doctype\s+svg\b|<svg\b)", re.I | re.S)
_MARKDOWN = re.compile(r"^(?:#{1,6} \S|```|\|.*\|\s*$|[-*+] \S)", re.M)
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")


def sniff(path: Path, label: str) -> str:
    """The kind of a file, one of KINDS, or ARCHIVE.

    Raises UserError for an empty file, for content that cannot be converted, for a name that claims another kind
    than the content is, for files that need a program that is not there, and for archives that expand beyond all
    bounds.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise UserError("documents.error.empty")
    claimed = _SUFFIXES.get(label.rpartition(".")[2].lower() if "." in label else "")
    kind = _binary_kind(path, head)
    if kind is None and claimed in (*TEXTS, "html", None):
        return claimed or ("md" if _MARKDOWN.search(head.decode("utf-8", "replace")) else "txt")
    fits = (claimed in (kind, None) or kind in IMAGES and claimed == "image"
            or kind == "html" and claimed in (*TEXTS, "doc", "xls")
            or kind in OFFICE and claimed in OFFICE)  # programs save these under each other's names
    if kind is None or not fits:
        raise UserError("documents.error.disguised", type=type_name(kind or "txt"), claimed=type_name(claimed or "txt"))
    if kind in OFFICE:
        require_program(kind)
    return kind


def type_name(kind: str) -> str:
    """The kind for people."""
    return {"pdf": "PDF", "docx": "Word (DOCX)", "xlsx": "Excel (XLSX)", "pptx": "PowerPoint (PPTX)", "md": "Markdown",
            "doc": "Word (DOC)", "xls": "Excel (XLS)", "ppt": "PowerPoint (PPT)"}.get(kind, kind.upper())


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
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(path)
    if head.startswith(_OLE):
        return _ole_kind(path)
    for magic, name in _FOREIGN:
        if head.startswith(magic):
            raise _unsupported(name)
    if _HTML.match(head.removeprefix(b"\xef\xbb\xbf")):
        return "html"
    if _SVG.match(head.removeprefix(b"\xef\xbb\xbf")):
        raise _unsupported("svg")
    marked = head.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")) or utf16_without_mark(head)
    if not marked and sum(byte in _CONTROLS for byte in head) * 50 > len(head):
        raise _unsupported("binary")
    return None


def _zip_kind(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            type = _declared_type(archive) if "mimetype" in names else ""
    except UNREADABLE:
        raise UserError("documents.error.damaged") from None
    kind = _package_kind(names, type)
    if kind != ARCHIVE:
        check_archive(path)
    return kind


def _declared_type(archive: zipfile.ZipFile) -> str:
    with archive.open("mimetype") as part:
        return part.read(200).decode("ascii", "replace").strip()


def _package_kind(names: set[str], type: str) -> str:
    if type == "application/epub+zip" or "META-INF/container.xml" in names and any(n.endswith(".opf") for n in names):
        return "epub"
    if type.startswith("application/vnd.oasis.opendocument."):
        return _OPEN_DOCUMENTS.get(type.rpartition(".")[2].removesuffix("-template"), ARCHIVE)
    if "[Content_Types].xml" in names:
        for kind, main in (("docx", r"word/document\d*\.xml"), ("xlsx", r"xl/workbook\.xml"),
                           ("xlsb", r"xl/workbook\.bin"), ("pptx", r"ppt/presentation\.xml")):
            if any(re.fullmatch(main, name) for name in names):
                return kind
    return ARCHIVE


def _ole_kind(path: Path) -> str:
    """Which old office program wrote a file, by the names in the directory of its streams.

    Raises UserError when it is a newer office file with a password, or of no known kind.
    """
    raw = path.read_bytes()
    for name, kind in _OLE_STREAMS:
        wanted, at = f"{name}\0".encode("utf-16-le"), -1
        while (at := raw.find(wanted, at + 1)) >= 0:
            if at % _OLE_ENTRY == 0:
                if kind == "locked":
                    raise UserError("documents.error.encrypted")
                return kind
    raise _unsupported("binary")


def _unsupported(name: str) -> UserError:
    return UserError(f"documents.error.unsupported.{name}")
