"""Footnotes of web pages and books: which links are marks, which elements are the notes. Child only."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_MARK_TYPES = ("noteref", "doc-noteref")
_NOTE_TYPES = ("footnote", "endnote", "rearnote", "note", "doc-footnote", "doc-endnote")
_BACK = re.compile(r"backlink|footnote-?back|footnote-?return|reversefootnote|doc-backlink|fn-?back", re.I)
_MARK_CLASS = re.compile(r"footnote-?ref|noteref|fn-?ref|reference internal footnote|footnote-reference", re.I)
_MARK_TEXT = re.compile(r"^[\[(（〔]?(?:\d{1,3}|[*†‡§¶]{1,3}|[a-z]|注\s?\d{1,3}|note \d{1,3})[\])）〕]?$")
_TYPE = "{http://www.idpf.org/2007/ops}type"
_BODY_TAGS = ("li", "aside", "p", "div", "dd", "td", "section", "span")
_LONGEST = 4000


class Notes:
    """The footnotes of one page, or of all chapters of a book; they are numbered in the order of their marks.

    Args:
        find: gives the element that a link leads to, or None.
    """

    def __init__(self, find: Callable[[Any, str], Any] | None = None) -> None:
        self.find = find
        self.numbers: dict[Any, int] = {}
        self.bodies: dict[Any, str] = {}
        self.waiting: list[Any] = []
        self.known: set[Any] = set()

    def read(self, root: Any) -> None:
        """Finds all notes that marks below `root` lead to, before anything is written."""
        for link in root.iter("{*}a", "a"):
            if (body := self._body(link)) is not None:
                self.known.add(body)

    def is_note(self, element: Any) -> bool:
        """Whether an element is a note, which is written with its number instead of where it stands."""
        return element in self.known

    def mark(self, link: Any) -> str:
        """``[^3]`` for a link that is the mark of a note, else ""; "" also for links back, whose text is no text."""
        if self.find is None:
            return ""
        body = self._body(link)
        if body is None or body not in self.known:
            return ""
        if body not in self.numbers:
            self.numbers[body] = len(self.numbers) + 1
            self.waiting.append(body)
        return f"[^{self.numbers[body]}]"

    def written(self, markdown: Callable[[Any], str]) -> list[str]:
        """The notes that were marked since the last call, as ``[^3]: text``."""
        lines = []
        while self.waiting:
            body = self.waiting.pop(0)
            _drop_back_links(body)
            text = " ".join(markdown(body).split())[:_LONGEST]
            text = re.sub(r"^[\[(（]?(?:\d{1,3}|[*†‡])[\])）.、:]?\s+|\s*[↩↑⏎⤴]\ufe0e?$", "", text)
            lines.append(f"[^{self.numbers[body]}]: {text}")
        return lines

    def _body(self, link: Any) -> Any:
        """The note a link is a mark of, else None."""
        target = link.get("href") or ""
        if "#" not in target or self.find is None or _is_back(link):
            return None
        says_so = (_types(link) & set(_MARK_TYPES)) or _MARK_CLASS.search(link.get("class") or "")
        text = "".join(link.itertext()).strip()
        small = any(_tag(near) == "sup" for near in (link.getparent(), *link.iter()) if near is not None)
        if not says_so and not (small and _MARK_TEXT.match(text)):
            return None
        found = self.find(link, target)
        while found is not None and _tag(found) not in _BODY_TAGS:
            found = found.getparent() if _tag(found) in ("a", "sup", "b", "dt") else None
        if found is None or link in found.iter():
            return None
        if _tag(found) == "span" and (parent := found.getparent()) is not None and _tag(parent) in _BODY_TAGS:
            found = parent
        if _tag(found) == "p" and (parent := found.getparent()) is not None and _types(parent) & set(_NOTE_TYPES):
            found = parent
        return found if len("".join(found.itertext())) < _LONGEST else None


def _drop_back_links(body: Any) -> None:
    for link in list(body.iter("{*}a", "a")):
        if _is_back(link) or re.fullmatch(r"[\s↩↑⏎⤴^\ufe0e]*\d{0,2}", "".join(link.itertext()).strip()):
            before, parent = link.getprevious(), link.getparent()
            if parent is None:
                continue
            if link.tail and before is not None:
                before.tail = (before.tail or "") + link.tail
            elif link.tail:
                parent.text = (parent.text or "") + link.tail
            parent.remove(link)


def _is_back(link: Any) -> bool:
    return bool(_BACK.search(" ".join((link.get("class") or "", link.get("role") or "", link.get("rev") or "",
                                       link.get(_TYPE) or ""))))


def _types(element: Any) -> set[str]:
    words = " ".join((element.get(_TYPE) or "", element.get("epub:type") or "", element.get("role") or ""))
    return set(words.lower().split())


def _tag(element: Any) -> str:
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""
