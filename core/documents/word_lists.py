"""Numbers of lists and numbered headings, counted as a word processor counts them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from core.documents.word_styles import Styles
from core.documents.word_text import qn

_ROMAN = ((100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
_CHINESE = "零一二三四五六七八九十"


@dataclass(frozen=True)
class Number:
    """Mark of one paragraph: `label` as printed ("2.1", "(a)"), `plain` as Markdown knows it ("2."), nesting level."""

    level: int
    is_bullet: bool
    label: str = ""
    plain: str = ""


@dataclass
class _List:
    """One list definition: per level its format, text and first number; and where the count stands."""

    levels: dict[int, tuple[str, str, int]]
    counts: dict[int, int] = field(default_factory=dict)


class Numbering:
    """The lists of one file."""

    def __init__(self, part: Any, styles: Styles) -> None:
        self.styles = styles
        self.lists: dict[str, _List] = {}
        try:
            root = part.numbering_part.element
        except (KeyError, NotImplementedError, AttributeError):
            return
        abstract = {a.get(qn("w:abstractNumId")): a for a in root.iterchildren(qn("w:abstractNum"))}
        shared: dict[str, _List] = {}
        for num in root.iterchildren(qn("w:num")):
            link = num.find(qn("w:abstractNumId"))
            id = link.get(qn("w:val")) if link is not None else None
            if id in abstract:
                fresh = _List(_levels(abstract[id]))
                starts = {int(o.get(qn("w:ilvl"), 0)): int(s.get(qn("w:val"), 1))
                          for o in num.iterchildren(qn("w:lvlOverride")) for s in o.iterchildren(qn("w:startOverride"))}
                for level, start in starts.items():
                    kind, text, _ = fresh.levels.get(level, ("decimal", "%1.", 1))
                    fresh.levels[level] = (kind, text, start)
                self.lists[num.get(qn("w:numId"))] = fresh if starts else shared.setdefault(str(id), fresh)

    def next(self, paragraph: Any) -> Number | None:
        """The mark of a paragraph, which is counted by this call; None when it is in no list."""
        own = paragraph.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
        style = self.styles.of(paragraph)
        id = _value(own, "w:numId") or _value(style.numbering, "w:numId")
        level = int(_value(own, "w:ilvl") or _value(style.numbering, "w:ilvl") or 0)
        if own is None and style.outline_level is not None and _value(style.numbering, "w:ilvl") is None:
            level = style.outline_level
        if id in (None, "0") or id not in self.lists:
            return None
        found = self.lists[str(id)]
        kind, text, start = found.levels.get(level, ("bullet", "", 1))
        if kind in ("bullet", "none"):
            return Number(level + style.list_depth, True)
        found.counts[level] = found.counts.get(level, start - 1) + 1
        for deeper in [known for known in found.counts if known > level]:
            del found.counts[deeper]
        label = re.sub(r"%([1-9])", lambda match: self._digit(found, int(match[1]) - 1), text)
        return Number(level + style.list_depth, False, label.strip(), f"{found.counts[level]}.")

    @staticmethod
    def _digit(found: _List, level: int) -> str:
        kind, _, start = found.levels.get(level, ("decimal", "", 1))
        return _write(found.counts.setdefault(level, start), kind)


def _levels(abstract: Any) -> dict[int, tuple[str, str, int]]:
    levels = {}
    for level in abstract.iterchildren(qn("w:lvl")):
        kind, start = _value(level, "w:numFmt") or "decimal", _value(level, "w:start") or "1"
        levels[int(level.get(qn("w:ilvl"), 0))] = (kind, _value(level, "w:lvlText") or "", int(start))
    return levels


def _value(parent: Any, tag: str) -> str | None:
    found = parent.find(qn(tag)) if parent is not None else None
    return found.get(qn("w:val")) if found is not None else None


def _write(number: int, kind: str) -> str:
    if kind in ("lowerLetter", "upperLetter") and 1 <= number <= 26:
        return chr((97 if kind == "lowerLetter" else 65) + number - 1)
    if kind in ("lowerRoman", "upperRoman") and 1 <= number < 400:
        roman = _roman(number)
        return roman.lower() if kind == "lowerRoman" else roman
    if kind.startswith(("chinese", "japanese", "ideograph")) and 1 <= number < 100:
        tens, ones = divmod(number, 10)
        head = "" if not tens else "十" if tens == 1 else _CHINESE[tens] + "十"
        return head + (_CHINESE[ones] if ones else "")
    return str(number)


def _roman(number: int) -> str:
    text = ""
    for value, sign in _ROMAN:
        while number >= value:
            text, number = text + sign, number - value
    return text
