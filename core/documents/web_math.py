"""Formulas of web pages and books (MathML, MathJax, KaTeX) as LaTeX. Child only."""

from __future__ import annotations

import re
from typing import Any

from core.documents.math_symbols import accented, braced, function_name, join, spaced_run

_DEEP = 60
_SCRIPT_TYPES = re.compile(r"math/tex", re.I)
_MATH_IMAGE = re.compile(r"\b(?:tex|latex|math|mwe-math\S*|equation)\b", re.I)
_DELIMITED = re.compile(r"^\s*(?:\\\((?P<inline>.+)\\\)|\\\[(?P<block>.+)\\\]|\$\$(?P<dollars>.+)\$\$)\s*$", re.S)


def formula_of(element: Any, tag: str) -> str:
    """``$…$`` or ``$$…$$`` when an element is a formula, else ""."""
    if tag == "math":
        written = _annotation(element) or (element.get("alttext") or "").strip() or _row(element, 0)
        return _dollars(_undisplayed(written), (element.get("display") or "").lower() == "block")
    if tag == "script" and _SCRIPT_TYPES.match(element.get("type") or ""):
        return _dollars(element.text or "", "mode=display" in (element.get("type") or ""))
    if tag == "img" and _MATH_IMAGE.search(element.get("class") or "") and element.get("alt"):
        return _dollars(_undisplayed(element.get("alt")), False)
    if tag == "span" and "math" in (element.get("class") or "").split() and len(element) == 0:
        if match := _DELIMITED.match(element.text or ""):
            return _dollars(next(filter(None, match.groups())), match["inline"] is None)
    return ""


def _dollars(latex: str, display: bool) -> str:
    latex = " ".join(latex.split())
    return f"{'$$' if display else '$'}{latex}{'$$' if display else '$'}" if latex else ""


def _annotation(element: Any) -> str:
    for found in element.iter():
        if _tag(found) == "annotation" and "tex" in (found.get("encoding") or "").lower():
            return (found.text or "").strip()
    return ""


def _undisplayed(latex: str) -> str:
    """Without the ``{\\displaystyle …}`` that wikis put around each formula."""
    match = re.fullmatch(r"\{\\(?:displaystyle|textstyle) (.*)\}", latex.strip(), re.S)
    return match[1].strip() if match else latex


def _row(element: Any, depth: int) -> str:
    if depth > _DEEP:
        return spaced_run("".join(element.itertext()))
    return " ".join(join(filter(None, (_one(child, depth + 1) for child in element))).split())


def _one(element: Any, depth: int) -> str:
    tag, text = _tag(element), " ".join((element.text or "").split())
    parts = [child for child in element if _tag(child)]
    if tag in ("mi", "mo", "mn", "ms"):
        word = tag == "mi" and len(text) > 1 and text.isascii() and text.isalpha()
        return function_name(text) if word else spaced_run(text)
    if tag == "mtext":
        return f"\\text{{{element.text or ''}}}" if text else ""
    if tag in ("mspace", "annotation", "annotation-xml", "mphantom", ""):
        return ""
    if tag == "msqrt":
        return f"\\sqrt{{{_row(element, depth)}}}"
    if tag == "mtable":
        rows = [" & ".join(_row(cell, depth) for cell in row if _tag(cell)) for row in parts]
        return "\\begin{matrix} " + " \\\\ ".join(rows) + " \\end{matrix}"
    if tag == "mfenced":
        inner = ", ".join(_one(part, depth) for part in parts)
        return f"{element.get('open', '(')}{inner}{element.get('close', ')')}"
    written = [_one(part, depth + 1) for part in parts]
    return _placed(tag, written, element) if len(written) >= 2 and tag in _PLACED else _row(element, depth)


_PLACED = ("mfrac", "msub", "msup", "msubsup", "munder", "mover", "munderover", "mroot")


def _placed(tag: str, parts: list[str], element: Any) -> str:
    base, first, last = parts[0].strip(), parts[1].strip(), parts[-1].strip()
    if tag == "mfrac":
        return f"\\frac{{{base}}}{{{first}}}"
    if tag == "mroot":
        return f"\\sqrt[{first}]{{{base}}}"
    if tag == "mover" and len(first) == 1 and not first.isalnum():
        return accented(first, base)
    low, high = re.sub(" ", "", first), re.sub(" ", "", last)
    low, high = (part if "\\" not in raw else raw for part, raw in ((low, first), (high, last)))
    if tag in ("msub", "munder"):
        return f"{base}_{braced(low)}"
    if tag in ("msup", "mover"):
        return f"{base}^{braced(high)}"
    return f"{base}_{braced(low)}^{braced(high)}"


def _tag(element: Any) -> str:
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""
