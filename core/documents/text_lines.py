"""Lines of text as the layout engine gives them: joined into paragraphs, with code and bullets recognised."""

from __future__ import annotations

import re
from typing import Any

MONOSPACED = 8  # flag of a span, as PyMuPDF defines it
_BULLET = re.compile(r"^[•●○◦▪■□◆◇‣⁃∙·►➢➤✓❖\uf0b7\uf0a7\uf0d8\uf06e\uf0fc\uf076*–—-](?=\s|$|[^\x00-\x7f])\s*")
_NUMBER = re.compile(r"^(?:\d{1,3}[.)、．](?!\d)|[(（]\d{1,3}[)）]|[①-⑳])\s*")
_WIDE = re.compile("[⺀-鿿豈-﫿︰-﹏＀-￯　-〿]")


def line_text(line: dict[str, Any], code: bool = False) -> str:
    """The text of a line; gaps between its spans become spaces. With `code`, monospaced spans get backticks."""
    text, right = "", None
    for span in line["spans"]:
        piece, box = span["text"], span["bbox"]
        if right is not None and not text.endswith(" ") and not piece.startswith(" "):
            if box[0] - right > 0.14 * span["size"]:
                text += " "
        right = box[2]
        if code and span["flags"] & MONOSPACED and piece.strip() and "`" not in piece:
            lead, trail = piece[:len(piece) - len(piece.lstrip())], piece[len(piece.rstrip()):]
            piece = f"{lead}`{piece.strip()}`{trail}"
        text += piece
    return text.replace("` `", " ").replace("``", "") if code else text


def join_lines(lines: list[dict[str, Any]], code: bool = True) -> str:
    """The lines of a paragraph as one line: no space between Chinese characters, words cut at line ends joined."""
    text = ""
    for line in lines:
        text = join_text(text, line_text(line, code).strip())
    return re.sub(r"[ \t]+", " ", text).strip()


def join_text(text: str, following: str) -> str:
    """Two consecutive pieces of running text as one."""
    if not text or not following:
        return text or following
    if _WIDE.match(text[-1]) and _WIDE.match(following[0]):
        return text + following
    if len(text) > 2 and text[-1] == "-" and text[-2].islower() and following[0].islower():
        return text[:-1] + following
    if text[-1] in "/" or text[-1] == "-" and text[-2:-1].isalnum() and following[0].isalnum():
        return text + following
    return f"{text} {following}"


def is_code(lines: list[dict[str, Any]]) -> bool:
    """Whether all spans are monospaced."""
    spans = [span for line in lines for span in line["spans"] if span["text"].strip()]
    return bool(spans) and all(span["flags"] & MONOSPACED for span in spans)


def bullet_of(text: str) -> str:
    """The bullet at the beginning of a line with the space after it; empty without one."""
    match = _BULLET.match(text)
    return match[0] if match else ""


def numbered(text: str) -> str:
    """The number of a list item at the beginning of a line, "3." or "(3)"; empty without one."""
    match = _NUMBER.match(text)
    return match[0] if match else ""
