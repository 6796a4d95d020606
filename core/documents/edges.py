"""Running headers and footers: lines at the edge of a page that come again on the pages around it."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

EDGE_SHARE = 0.14
NEIGHBOURS = (-2, -1, 1, 2)
_SAME = 0.75
_LONG_PART = 15  # letters: a part of a running line that is no word by chance
_NUMBER = re.compile(r"^\W*(?:page|seite|第)?\W*(?:\d{1,4}|[ivxlc]{1,6})\W*(?:页|頁)?\W*"
                     r"(?:(?:of|von|/|共|\|)\W*\d{1,4}\W*(?:页|頁)?)?\W*$", re.I)


class Edges:
    """Knows the edge lines of an open PDF."""

    def __init__(self, pdf: Any) -> None:
        self.pdf = pdf
        self.lines = lru_cache(maxsize=8)(self._lines)

    def judge(self, index: int) -> Callable[[str], bool]:
        """A function that tells whether a line of the page (counted from 0) is a running header or footer."""
        near = [index + step for step in NEIGHBOURS if 0 <= index + step < self.pdf.page_count]

        def running(line: str) -> bool:
            plain = _plain(line)
            return not plain or bool(_NUMBER.match(line.strip())) or any(
                _LONG_PART <= len(plain) < len(known) and plain in known
                or SequenceMatcher(None, plain, known).ratio() > _SAME for n in near for known in self.lines(n))

        return running

    def _lines(self, index: int) -> frozenset[str]:
        page = self.pdf.load_page(index)
        found = set()
        height = page.rect.height
        for block in page.get_text("dict", flags=0)["blocks"]:
            for line in block.get("lines", ()):
                if line["bbox"][1] < EDGE_SHARE * height or line["bbox"][3] > (1 - EDGE_SHARE) * height:
                    found.add(_plain("".join(span["text"] for span in line["spans"])))
                    found |= {_plain(span["text"]) for span in line["spans"]}
        return frozenset(found - {""})


def _plain(line: str) -> str:
    """The line without digits, spaces and case, by which recurring lines are known."""
    return re.sub(r"[\d\s\W_]+", "", line).lower()
