"""Marks in Markdown what was searched, without breaking what the Markdown means."""

from __future__ import annotations

import re
from collections.abc import Sequence

_UNTOUCHED = re.compile(
    r"^ {0,3}(?P<fence>```|~~~)[\s\S]*?(?:^ {0,3}(?P=fence)|\Z)"  # code
    r"|`[^`\n]+`|\$\$[^$]+\$\$|\$[^$\n]+\$"  # code and formulas within lines
    r"|!?\[[^\]\n]*\]\([^)\n]*\)|<[^<>\n]*>", re.M)  # pictures, links, tags


def marked(text: str, hits: Sequence[tuple[int, int]], current: int = -1) -> str:
    """The Markdown with the characters `start:end` of each hit marked, the current one strongly. Hits in code, formulas
    and tags stay as they are; of a hit over several lines the first line is marked."""
    closed = [match.span() for match in _UNTOUCHED.finditer(text)]
    parts, at = [], 0
    for number, (start, end) in enumerate(hits):
        end = start + len(text[start:end].partition("\n")[0])
        if start < at or start >= end or any(a < end and start < b for a, b in closed):
            continue
        word = text[start:end]
        parts += [text[at:start], f"<mark><b>{word}</b></mark>" if number == current else f"<mark>{word}</mark>"]
        at = end
    return "".join(parts) + text[at:]
