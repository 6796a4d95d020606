"""Text that is nearly JSON made JSON, as models write it: quotes, commas, comments, bare keys. Text in strings stays.

Only replies that were finished are mended; what was cut off is never completed.
"""

from __future__ import annotations

import ast
import html
import json
import re
from typing import Any

LONGEST = 200_000
"""Characters beyond which nothing is mended: such a reply is broken in another way."""
_STRING = re.compile(r'("(?:[^"\\]|\\.)*")', re.DOTALL)
_QUOTES = (("“", "”"), ("„", "“"), ("「", "」"), ("『", "』"), ("‘", "’"), ("«", "»"))
_WIDE = str.maketrans("，：［］｛｝", ",:[]{}")


def mended(source: str) -> str:
    """The text from its first bracket on, mended as far as that is possible without guessing."""
    if len(source) > LONGEST:
        return source
    text = html.unescape(source) if "&quot;" in source and '"' not in source else source
    start = re.search(r"[\[{［｛]", text)
    text = _quoted(text[start.start():] if start else text)
    if re.search(r"[{,\[]\s*'", text) and not re.search(r"[{,]\s*\"", text):
        text = re.sub(
            r"(?<=[{\[,:])(\s*)'((?:[^'\\]|\\.|'(?!\s*[,:\]}]))*)'(?=\s*[,:\]}])",
            lambda m: m.group(1) + json.dumps(m.group(2).replace("\\'", "'"), ensure_ascii=False),
            text,
        )
    return _between(_inner_quotes(text))


def as_python(source: str) -> Any:
    """The value of a Python literal, which some models write instead of JSON; None when it is none."""
    if len(source) > LONGEST:
        return None
    try:
        return ast.literal_eval(source.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _quoted(text: str) -> str:
    """Typographic quotes as delimiters, where no straight ones delimit anything."""
    if re.search(r'[{,\[，:：]\s*"', text):
        return text
    for left, right in _QUOTES:
        if re.search(rf"[{{,\[，｛［]\s*{left}", text):
            return text.replace(left, '"').replace(right, '"')
    return text


def _inner_quotes(text: str) -> str:
    """Straight quotes and backslashes within strings, which should have been escaped. A quote ends its string where
    one of `,:]}` follows, or the text ends, or another string begins on its own."""
    if not re.search(r'[\[{,:]\s*"', text):
        return text
    out, at, inside = [], 0, False
    while at < len(text):
        sign = text[at]
        if inside and sign == "\\":
            following = text[at + 1: at + 2]
            good = following in tuple('"\\/bfnrt') or re.match(r"u[0-9a-fA-F]{4}", text[at + 1: at + 6])
            out.append(text[at: at + 2] if good else "\\\\" + following)
            at += 2
            continue
        if sign == '"':
            ends = inside and re.match(r'\s*(?:[,:\]}，：］｝]|\Z|"\w+"\s*[:：]|//|/\*)', text[at + 1: at + 200])
            if inside and not ends:
                out.append('\\"')
                at += 1
                continue
            inside = not inside
        out.append(sign)
        at += 1
    return "".join(out)


def _between(text: str) -> str:
    """What stands between strings: comments, wide signs, bare keys, missing and trailing commas, Python's constants."""
    pieces = _STRING.split(text)
    for i in range(0, len(pieces), 2):
        part = re.sub(r"//[^\n]*|/\*.*?\*/", "", pieces[i].translate(_WIDE), flags=re.DOTALL)
        part = re.sub(r"\bTrue\b", "true", re.sub(r"\bFalse\b", "false", re.sub(r"\bNone\b", "null", part)))
        part = re.sub(r"([{,]\s*)([A-Za-z_]\w*)(\s*:)", r'\1"\2"\3', part)
        part = re.sub(r"([\]}])(\s*)([\[{])", r"\1,\2\3", part)
        part = re.sub(r",\s*(?:\.\.\.|…)\s*(?=[\]}])", "", part)
        if 0 < i < len(pieces) - 1 and not part.strip():
            part = ","
        pieces[i] = re.sub(r"([\]}])(\s*)\Z", r"\1,\2", part) if 0 < i < len(pieces) - 1 and _follows(part) else part
        pieces[i] = re.sub(r",(\s*[\]}])", r"\1", pieces[i])
    return "".join(pieces)


def _follows(part: str) -> bool:
    """Whether a list ends and a key begins right after it, without a comma."""
    return bool(re.search(r"[\]}]\s*\Z", part)) and not re.search(r"[,:]\s*\Z", part)
