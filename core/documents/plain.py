"""Markdown and plain text files: the encoding is found out, long files are cut into sections."""

from __future__ import annotations

import re
from pathlib import Path

from core.documents.child import PageText
from core.documents.clean import clean_markdown
from core.documents.sections import split_sections

_TRIED = ("utf-8-sig", "gb18030", "big5", "shift_jis", "cp1252")
_SAMPLE_BYTES = 200_000
_SURE_PAIRS = 16
_WESTERN = frozenset("àâäáãåæçèéêëìíîïñòóôöõøœùúûüßÀÂÄÁÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÖÕØŒÙÚÛÜŸ“”‘’„‚–—…•«»‹›€£§©®™°·´¿¡ªº½¼±×µ\xa0"
                     .encode("cp1252"))
_MARKS = ((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
          (b"\xef\xbb\xbf", "utf-8-sig"))


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
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return raw.decode(encoding, "replace")
    if encoding := utf16_without_mark(raw[:_SAMPLE_BYTES]):
        return raw.decode(encoding, "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode(_guess(raw), "replace")


def utf16_without_mark(raw: bytes) -> str:
    """"utf-16-le" or "utf-16-be" for text in UTF-16 that does not begin with a byte order mark, else "".

    Its spaces, line ends and Latin letters have a zero byte, always on the same side.
    """
    for encoding, side in (("utf-16-le", 1), ("utf-16-be", 0)):
        zeros, others = raw[side::2].count(0), raw[1 - side::2].count(0)
        if zeros and not others and zeros * 100 > len(raw):
            try:
                text = raw[:len(raw) // 2 * 2].decode(encoding)
            except UnicodeDecodeError:
                continue
            if sum(char.isprintable() or char in "\r\n\t" for char in text) > 0.98 * len(text):
                return encoding
    return ""


def _guess(raw: bytes) -> str:
    """charset-normalizer's best guess; encodings in which nearly all of the text is common go first."""
    from charset_normalizer import from_bytes

    if _western(raw):
        return "cp1252"
    if _korean(raw):
        return "cp949"
    if _common_han(raw, "gb18030") > 0.9:
        return "gb18030"
    if _common_big5(raw) > 0.95:
        return "cp950"
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


def _western(raw: bytes) -> bool:
    """Whether the bytes above ASCII stand alone or in twos, and are letters and signs of Western Europe."""
    runs = re.findall(rb"[\x80-\xff]+", raw[:_SAMPLE_BYTES])
    return (sum(len(run) == 1 for run in runs) >= 0.5 * len(runs)
            and sum(len(run) > 2 for run in runs) < 0.05 * len(runs)
            and sum(byte in _WESTERN for run in runs for byte in run) >= 0.98 * sum(map(len, runs)))


def _korean(raw: bytes) -> bool:
    """Whether it is Hangul throughout; a Chinese text of that length has characters elsewhere in the table, too."""
    pairs = re.findall(rb"[\xb0-\xfe][\xa1-\xfe]", raw[:_SAMPLE_BYTES])
    return len(pairs) >= _SURE_PAIRS and sum(pair[0] <= 0xC8 for pair in pairs) >= 0.98 * len(pairs)


def _common_big5(raw: bytes) -> float:
    """Share of the non-ASCII characters that are of level 1 of Big5 or punctuation."""
    try:
        foreign = [char.encode("cp950") for char in raw.decode("cp950") if ord(char) > 127]
    except UnicodeError:
        return 0.0
    return sum(len(code) == 2 and 0xA1 <= code[0] <= 0xC6 for code in foreign) / len(foreign) if foreign else 0.0


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
