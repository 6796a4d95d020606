"""Formulas of Word and PowerPoint (Office Math, ECMA-376 part 1, 22.1) as LaTeX. Child only."""

from __future__ import annotations

import re
from typing import Any

from core.documents.math_symbols import accented, braced, function_name, join, latex, spaced_run, symbol

_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_LIMITS = re.compile(r"\\(?:lim|max|min|sup|inf|sum|prod|limsup|liminf|(?:under|over)brace\{.*\})$", re.S)
_TALL = re.compile(r"\\(?:frac|sum|prod|int|begin|sqrt|binom)\b")
_DEPTH = 60


def formula(element: Any) -> str:
    """LaTeX of an ``m:oMath`` or of any element of Office Math, without dollar signs."""
    return " ".join(_all(element, 0).split())


def _all(element: Any, depth: int) -> str:
    if element is None:
        return ""
    if depth > _DEPTH:
        return latex("".join(t.text or "" for t in element.iter(f"{_M}t")))
    return join(filter(None, (_one(child, depth + 1) for child in element.iterchildren())))


def _one(element: Any, depth: int) -> str:
    tag = element.tag
    if not isinstance(tag, str) or not tag.startswith(_M):
        return _foreign(element, depth)
    name = tag[len(_M):]
    if name.endswith("Pr"):
        return ""
    if name == "r":
        return _run(element)
    if name in _WRITERS:
        return _WRITERS[name](element, depth)
    return _all(element, depth)


def _foreign(element: Any, depth: int) -> str:
    """Content that tracked changes wrap; deleted content is left out."""
    if not isinstance(element.tag, str) or element.tag.rpartition("}")[2] in ("del", "moveFrom", "rPr", "ctrlPr"):
        return ""
    return _all(element, depth)


def _part(element: Any, name: str, depth: int) -> str:
    return _all(element.find(_M + name), depth).strip()


def _value(element: Any, properties: str, name: str, default: str = "") -> str:
    found = element.find(f"{_M}{properties}/{_M}{name}")
    if found is None:
        return default
    return found.get(f"{_M}val", "")


def _run(element: Any) -> str:
    text = "".join(t.text or "" for t in element.iterchildren(f"{_M}t"))
    properties = element.find(f"{_M}rPr")
    if properties is not None and properties.find(f"{_M}nor") is not None:
        return f"\\text{{{text}}}" if text.strip() else text
    style = _value(element, "rPr", "sty")
    if _value(element, "rPr", "scr") == "double-struck" and text.isalpha():
        return f"\\mathbb{{{text}}}"
    if style == "p" and re.fullmatch("[A-Za-z]{2,}", text.strip()):
        return function_name(text.strip())
    if style in ("b", "bi") and text.strip().isalnum():
        return f"\\mathbf{{{latex(text)}}}"
    return spaced_run(text)


def _fraction(element: Any, depth: int) -> str:
    top, bottom = _part(element, "num", depth), _part(element, "den", depth)
    kind = _value(element, "fPr", "type", "bar")
    if kind == "lin" or kind == "skw":
        return f"{top}/{bottom}"
    if kind == "noBar":
        in_brackets = element.getparent() is not None and element.getparent().tag == f"{_M}e" and \
            element.getparent().getparent().tag == f"{_M}d"
        return f"\\binom{{{top}}}{{{bottom}}}" if in_brackets else f"{{{top} \\atop {bottom}}}"
    return f"\\frac{{{top}}}{{{bottom}}}"


def _script(*names: str) -> Any:
    def write(element: Any, depth: int) -> str:
        base = _part(element, "e", depth)
        signs = {"sub": "_", "sup": "^"}
        scripts = "".join(signs[name] + braced(_tight(_part(element, name, depth))) for name in names)
        nested = re.search(r"[\^_]", base[1:]) and not base.startswith("\\")
        return f"{{{base}}}{scripts}" if nested else base + scripts
    return write


def _tight(text: str) -> str:
    return re.sub(r" ?([=+<>,-]) ?", r"\1", text)


def _before(element: Any, depth: int) -> str:
    sub, sup = braced(_part(element, "sub", depth)), braced(_part(element, "sup", depth))
    return f"{{}}_{sub}^{sup}{_part(element, 'e', depth)}"


def _nary(element: Any, depth: int) -> str:
    sign = symbol(_value(element, "naryPr", "chr", "∫") or "∫")
    sub, sup = _tight(_part(element, "sub", depth)), _tight(_part(element, "sup", depth))
    written = sign + (f"_{braced(sub)}" if sub else "") + (f"^{braced(sup)}" if sup else "")
    inner = _part(element, "e", depth)
    return f"{written} {inner}" if inner else f"{written} "


def _root(element: Any, depth: int) -> str:
    degree = _part(element, "deg", depth)
    return f"\\sqrt{f'[{degree}]' if degree else ''}{{{_part(element, 'e', depth)}}}"


def _delimited(element: Any, depth: int) -> str:
    left, right = (_value(element, "dPr", name, default) for name, default in (("begChr", "("), ("endChr", ")")))
    between = _value(element, "dPr", "sepChr", "|")
    inner = f" {symbol(between)} ".join(_all(e, depth) for e in element.iterchildren(f"{_M}e")) \
        if between else "".join(_all(e, depth) for e in element.iterchildren(f"{_M}e"))
    parts = [child for e in element.iterchildren(f"{_M}e") for child in e if child.tag != f"{_M}ctrlPr"]
    if len(parts) == 1 and inner.startswith("\\binom") and (left, right) == ("(", ")"):
        return inner
    if _TALL.search(inner) or not left or not right:
        ends = [symbol(char) if char else "." for char in (left, right)]
        return f"\\left{ends[0]} {inner} \\right{ends[1]}"
    return join((symbol(left), inner, symbol(right)))


def _function(element: Any, depth: int) -> str:
    name = _part(element, "fName", depth)
    if match := re.fullmatch(r"[A-Za-z]{2,}", name):
        name = function_name(match[0])
    inner = _part(element, "e", depth)
    return name + inner if inner.startswith(("(", "\\left", "{", "[")) else f"{name} {inner}"


def _limit(sign: str, command: str) -> Any:
    def write(element: Any, depth: int) -> str:
        base, limit = _part(element, "e", depth), _part(element, "lim", depth)
        if limit in ("⏟", "⏞"):
            return accented(limit, base)
        if _LIMITS.match(base):
            return f"{base}{sign}{braced(limit)}"
        return f"\\{command}{{{limit}}}{{{base}}}"
    return write


def _accent(element: Any, depth: int) -> str:
    return accented(_value(element, "accPr", "chr", "\u0302"), _part(element, "e", depth), "hat")


def _bar(element: Any, depth: int) -> str:
    return accented("_" if _value(element, "barPr", "pos", "bot") == "bot" else "‾", _part(element, "e", depth))


def _group(element: Any, depth: int) -> str:
    return accented(_value(element, "groupChrPr", "chr", "⏟") or "⏟", _part(element, "e", depth), "underbrace")


def _matrix(element: Any, depth: int) -> str:
    rows = [" & ".join(_all(e, depth).strip() for e in row.iterchildren(f"{_M}e"))
            for row in element.iterchildren(f"{_M}mr")]
    return "\\begin{matrix} " + " \\\\ ".join(rows) + " \\end{matrix}"


def _lines(element: Any, depth: int) -> str:
    rows = [_all(e, depth).strip().replace("\\&", "&") for e in element.iterchildren(f"{_M}e")]
    rows = [re.sub(r"\s*\\#\(?([^()]{1,20})\)?$", r" \\tag{\1}", row) for row in rows]
    if len(rows) == 1:
        return rows[0].replace("&", "")
    return "\\begin{aligned} " + " \\\\ ".join(rows) + " \\end{aligned}"


def _boxed(element: Any, depth: int) -> str:
    return f"\\boxed{{{_part(element, 'e', depth)}}}"


_WRITERS: dict[str, Any] = {
    "f": _fraction, "sSub": _script("sub"), "sSup": _script("sup"), "sSubSup": _script("sub", "sup"), "sPre": _before,
    "nary": _nary, "rad": _root, "d": _delimited, "func": _function, "limLow": _limit("_", "underset"),
    "limUpp": _limit("^", "overset"), "acc": _accent, "bar": _bar, "groupChr": _group, "m": _matrix, "eqArr": _lines,
    "borderBox": _boxed,
}
