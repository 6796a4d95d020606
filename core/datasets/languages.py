"""The language of a row's words, told by its script and, for Latin letters, by the commonest words."""

from __future__ import annotations

import re

_CODE = re.compile(r"```.*?```|`[^`\n]*`|https?://\S+", re.DOTALL)
_ENGLISH = frozenset("the a an of to in is are and or for on with that this it be by as at from was what how which "
                     "when where who you i not can do does have has your my its will if there".split())
_SCRIPTS = (("ja", "\u3040", "\u30ff"), ("ko", "\uac00", "\ud7af"), ("ru", "\u0400", "\u04ff"),
            ("ar", "\u0600", "\u06ff"), ("hi", "\u0900", "\u097f"), ("th", "\u0e00", "\u0e7f"))
LANGUAGES = ("zh", "en", "latin", *(name for name, _, _ in _SCRIPTS), "mixed", "none")
"""All that `language_of` tells apart; "latin" is any other language in Latin letters, "none" has too few letters."""
_FEWEST = 4


def language_of(text: str) -> str:
    """One of LANGUAGES. A Chinese character weighs as much as three letters, for that is what it says."""
    text = _CODE.sub(" ", text)
    if text.isascii():
        return _latin(text) if sum(map(str.isalpha, text)) >= _FEWEST else "none"
    counts = {name: sum(low <= c <= high for c in text) for name, low, high in _SCRIPTS}
    han = sum("\u3400" <= c <= "\u9fff" for c in text)
    latin = sum(c.isalpha() and c < "\u0250" for c in text)
    if counts["ja"] > 0.1 * han:
        counts["ja"] += 3 * han
        han = 0
    shares = {**counts, "zh": 3 * han, "latin": latin}
    whole = sum(shares.values())
    if whole < _FEWEST:
        return "none"
    name = max(shares, key=lambda one: shares[one])
    if shares[name] < 0.6 * whole:
        return "mixed"
    return _latin(text) if name == "latin" else name


def _latin(text: str) -> str:
    words = re.findall(r"[^\W\d_]+", text.lower())
    common = sum(word in _ENGLISH for word in words)
    foreign = sum(c > "\x7f" and c.isalpha() for c in text)
    return "en" if common >= 0.12 * len(words) or (len(words) < 8 and not foreign) else "latin"
