"""Numbers in English and Chinese text, in one spelling."""

from __future__ import annotations

import re
import unicodedata

_DIGITS = re.compile(r"\d[\d,' ]*\d(?:\.\d+)?|\d+(?:\.\d+)?|(?<![\d.])\.\d+")
_WORDS = {
    w: str(n)
    for n, w in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
} | {w: str(n * 10) for n, w in enumerate("thirty forty fifty sixty seventy eighty ninety hundred".split(), 3)}
_WORDS |= {
    "once": "1",
    "twice": "2",
    "first": "1",
    "second": "2",
    "third": "3",
    "fourth": "4",
    "fifth": "5",
    "half": "0.5",
    "quarter": "0.25",
    "dozen": "12",
    "daily": "1",
    "single": "1",
    "both": "2",
    "double": "2",
}
_HAN = dict(zip("零〇一二两三四五六七八九", (0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10000}
_HAN_NUMBER = re.compile(r"[零〇一二两三四五六七八九十百千万]+")


def digits_of(text: str) -> set[str]:
    """Numbers written with digits: "1,000" as "1000", "2.50" as "2.5", full-width digits as plain ones."""
    found = set()
    for match in _DIGITS.finditer(unicodedata.normalize("NFKC", text)):
        raw = match.group()
        if re.search(r"[,' ]", raw) and not re.fullmatch(r"\d{1,3}([,' ]\d{3})+(\.\d+)?", raw):
            found |= {_plain(part) for part in re.split(r"[,' ]+", raw) if part}
        else:
            found.add(_plain(re.sub(r"[,' ]", "", raw)))
    return found


def numbers_of(text: str) -> set[str]:
    """Numbers written in digits or words, English or Chinese: what a text may be said to state."""
    words = {_WORDS[w] for w in re.findall(r"[a-z]+", text.lower()) if w in _WORDS}
    parts = {_plain(m) for m in re.findall(r"\d+(?:\.\d+)?", unicodedata.normalize("NFKC", text))}
    return digits_of(text) | parts | words | {_han(m.group()) for m in _HAN_NUMBER.finditer(text)} | _scaled(text)


def _plain(number: str) -> str:
    whole, _, rest = number.partition(".")
    rest = rest.rstrip("0")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{rest}" if rest else whole


def _scaled(text: str) -> set[str]:
    """ "3万" states 30000, too; "50%" states 0.5 is not assumed."""
    return {_plain(f"{float(m[1]) * _HAN_UNITS[m[2]]:.4f}") for m in re.finditer(r"(\d+(?:\.\d+)?)\s*([百千万])", text)}


def _han(text: str) -> str:
    total = section = digit = 0
    for character in text:
        if character in _HAN:
            digit = digit * 10 + _HAN[character] if digit else _HAN[character]
        elif character == "万":
            total, section, digit = (total + section + digit) * 10000 or 10000, 0, 0
        else:
            section, digit = section + (digit or 1) * _HAN_UNITS[character], 0
    return str(total + section + digit)
