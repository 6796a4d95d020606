"""Markdown and plain text files: the encoding is found out, long files are cut into sections."""

from __future__ import annotations

from pathlib import Path

from core.documents.child import PageText
from core.documents.clean import clean_markdown
from core.documents.sections import split_sections

_TRIED = ("utf-8-sig", "gb18030", "big5", "shift_jis", "cp1252")
_SAMPLE_BYTES = 200_000


class PlainReader:
    """A text file; its "pages" are sections of a sensible size."""

    def __init__(self, path: Path, kind: str) -> None:
        text = clean_markdown(decode(path.read_bytes()))
        self.sections = split_sections(text, headings=kind == "md")
        self.total = len(self.sections)

    def page(self, number: int, picture: Path) -> PageText:
        """A section; there is no picture."""
        return PageText(self.sections[number - 1])


def decode(raw: bytes) -> str:
    """The text of bytes in an unknown encoding; what cannot be read becomes U+FFFD, nothing is raised."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if raw.startswith(mark):
            return raw.decode(encoding, "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode(_guess(raw), "replace")


def _guess(raw: bytes) -> str:
    """charset-normalizer's best guess; GB18030 goes first when all of the text is common Chinese in it."""
    from charset_normalizer import from_bytes

    if _common_han(raw, "gb18030") > 0.9:
        return "gb18030"
    best = from_bytes(raw[:_SAMPLE_BYTES]).best()
    if best is not None:
        return best.encoding
    for encoding in _TRIED:
        try:
            raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "utf-8"


def _common_han(raw: bytes, encoding: str) -> float:
    """Share of the non-ASCII characters that are of level 1 of GB 2312 or punctuation, which real Chinese mostly is."""
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        return 0.0
    foreign = [char for char in text if ord(char) > 127]
    common = sum(_is_common(char) for char in foreign)
    return common / len(foreign) if foreign else 0.0


def _is_common(char: str) -> bool:
    code = char.encode("gb18030")
    return len(code) == 2 and (0xB0 <= code[0] <= 0xD7 or 0xA1 <= code[0] <= 0xA3) and code[1] >= 0xA1
