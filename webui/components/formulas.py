"""Formulas in Markdown that is shown: LaTeX between single dollar signs is drawn, prices in dollars are not."""

from __future__ import annotations

import re

DELIMITERS: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "\\(", "right": "\\)", "display": False},
]
_CODE = r"```[\s\S]*?(?:```|$)|~~~[\s\S]*?(?:~~~|$)|(?P<ticks>`+)[^`][\s\S]*?(?P=ticks)"
_INLINE = re.compile(rf"(?P<code>{_CODE})|(?<![\\$\w])\$(?P<math>[^\s$](?:[^$\n]{{0,300}}[^\s$\\])?)\$(?![\w$])")
_LATEX = re.compile(r"\\[A-Za-z]|[\^_]|^[A-Za-z]$")


def with_formulas(markdown: str) -> str:
    r"""Writes ``$x_1$`` as ``\(x_1\)``, which `DELIMITERS` draw; what has no mark of LaTeX stays, and so does code."""
    return _INLINE.sub(_drawn, markdown)


def _drawn(found: re.Match[str]) -> str:
    math = found["math"]
    if math is None or not _LATEX.search(math) or "<" in math:
        return found[0]
    return f"\\({math}\\)"
