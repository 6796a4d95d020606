"""Lines of text as the layout engine gives them, measured and joined into paragraphs. Child only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

KEPT = "\u2010"  # ends a line whose hyphen stays (hyphens.py)
MONOSPACED, BOLD = 8, 16  # flags of a span, as PyMuPDF defines them
_GAP = 0.14
_BULLET = re.compile(r"^[•●○◦▪■□◆◇‣⁃∙·►➢➤✓❖\uf0b7\uf0a7\uf0d8\uf06e\uf0fc\uf076*–—-](?=\s|$|[^\x00-\x7f])\s*")
_SURE_BULLET = re.compile(r"^[•●○◦▪■□◆◇‣⁃∙➢➤✓❖\uf0b7\uf0a7\uf0d8\uf06e\uf0fc\uf076]\s*\S")
_NUMBER = re.compile(r"^(?:\d{1,3}[.)、．](?!\d)|[(（]\d{1,3}[)）]|[①-⑳])\s*")
_WIDE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\u3000-\u303f]")

_SPREAD = re.compile("(?:[\u2e80-\u9fff\u3001\uff0c] ){3,}[\u2e80-\u9fff\u3002\uff0c\uff1b]")  # justified: 对 话 消 息


@dataclass(frozen=True)
class TextLine:
    """A line: `text` with inline code in backticks, `plain` without, place in points, letter height.

    Args:
        mono: share of its letters that are monospaced; Chinese, which has no such fonts, is not counted.
        starts_mono: whether it begins in a monospaced font.
        bold: whether all of it is.
    """

    text: str
    plain: str
    x0: float
    y0: float
    x1: float
    y1: float
    size: float
    mono: float
    starts_mono: bool
    bold: bool

    @property
    def first_word_width(self) -> float:
        """Width of the first word in points, or of the first Chinese character."""
        is_wide = bool(_WIDE.match(self.plain[:1]))
        match = re.match(r"\S" if is_wide else r"[^\s\u2e80-\u9fff]+", self.plain)
        letters = len(match[0]) if match else 1
        return (self.x1 - self.x0) * letters / max(1, len(self.plain))


def text_line(line: dict[str, Any]) -> TextLine:
    """Measures a line of the engine; gaps between its spans become spaces."""
    spans = [span for span in line["spans"] if span["text"]]
    pieces: list[tuple[str, bool]] = []
    plain, right = "", None
    for span in spans:
        text, box = span["text"], span["bbox"]
        if (right is not None and not plain.endswith(" ") and not text.startswith(" ")
                and box[0] - right > _GAP * span["size"]):
            text = " " + text
        right = box[2]
        plain += text
        mono = bool(span["flags"] & MONOSPACED)
        if pieces and pieces[-1][1] == mono:
            pieces[-1] = (pieces[-1][0] + text, mono)
        else:
            pieces.append((text, mono))
    letters = {kind: sum(len(_WIDE.sub("", text.replace(" ", ""))) for text, mono in pieces if mono is kind)
               for kind in (True, False)}
    x0, y0, x1, y1 = line["bbox"]
    inked = [span for span in spans if span["text"].strip()]
    return TextLine("".join(_marked(text) if mono else text for text, mono in pieces), plain, x0, y0, x1, y1,
                    max((span["size"] for span in inked), default=0.0), letters[True] / max(1, sum(letters.values())),
                    bool(inked and inked[0]["flags"] & MONOSPACED),
                    bool(inked) and all(span["flags"] & BOLD for span in inked))


def _marked(text: str) -> str:
    inner = text.strip()
    if not inner or "`" in inner:
        return text
    lead = text[:len(text) - len(text.lstrip())]
    return f"{lead}`{inner}`{text[len(text.rstrip()):]}"


def join_lines(lines: list[TextLine], code: bool = True) -> str:
    """The lines of a paragraph as one line: no space between Chinese characters, words cut at line ends joined."""
    text = ""
    for line in lines:
        text = join_text(text, (line.text if code else line.plain).strip())
    text = _SPREAD.sub(lambda run: run[0].replace(" ", ""), text)
    return re.sub(r"[ \t]+", " ", re.sub(r"(?<=\S)` `(?=\S)", " ", text) if code else text).strip()


def join_text(text: str, following: str) -> str:
    """Two consecutive pieces of running text as one."""
    if not text or not following:
        return text or following
    if _WIDE.match(text[-1]) and _WIDE.match(following[0]):
        return text + following
    if text[-1] == KEPT:
        return f"{text[:-1]}-{following}"
    if len(text) > 2 and text[-1] == "-" and text[-2].islower() and following[0].islower():
        return text[:-1] + following
    if text[-1] == "/" or text[-1] == "-" and text[-2:-1].isalnum() and following[0].isalnum():
        return text + following
    return f"{text} {following}"


def bullet_of(text: str) -> str:
    """The bullet at the beginning of a line with the space after it; empty without one."""
    match = _BULLET.match(text)
    return match[0] if match else ""


def is_bulleted(text: str) -> bool:
    """Whether a line begins with a bullet that is nothing else: no dash, star or dot between words."""
    return bool(_SURE_BULLET.match(text))


def numbered(text: str) -> str:
    """The number of a list item at the beginning of a line, "3." or "(3)"; empty without one."""
    match = _NUMBER.match(text)
    return match[0] if match else ""
