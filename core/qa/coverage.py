"""What of the documents the accepted pairs use: sentence by sentence, page by page, and the passages left over.

A sentence is used when an accepted pair quotes a part of it, or of a sentence next to it. Short ones (under LEAST
characters), titles, and what no questions are written from do not count.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache

from core.documents.pictures import masked
from core.qa.chunk import Span, locate_on_page
from core.qa.ledger import Ledger
from core.storage.workspace import Workspace

LEAST = {"en": 24, "zh": 10}
_LINE = re.compile(r"[^\n]+")
_SENTENCE = re.compile(r"\S.*?(?:[。！？!?]+[”’」』\"')）]*|\.(?=\s+[^a-z\s]|\s*$)|$)")
_NO_SENTENCE = re.compile(r"\s*(?:#{1,6}\s|```|~~~|<!--|\|?[\s|:-]+\|?\s*$)")


@dataclass(frozen=True)
class PageUse:
    """How many sentences a page has that could be asked about, and how many of them are used."""

    document_id: str
    label: str
    page: int
    sentences: int
    used: int

    @property
    def share(self) -> float:
        """Part of the sentences that is used, 0 to 1; 1 where there are none."""
        return self.used / self.sentences if self.sentences else 1.0


@dataclass(frozen=True)
class Sentence:
    """Characters `start:end` of a chunk's text."""

    start: int
    end: int
    used: bool


def page_use(ws: Workspace, document_ids: Collection[str] = ()) -> list[PageUse]:
    """The pages that have sentences, in document order; of all documents when none is named."""
    if not ws.qa().ledger.exists():
        return []
    counted: dict[tuple[str, str, int], list[int]] = {}
    with Ledger(ws) as ledger:
        body_of = cache(ledger.body)
        for span, sentences in _looked_at(ledger, document_ids):
            for sentence in sentences:
                page = span.chunk.page_start
                if page != span.chunk.page_end:
                    body = body_of(span.chunk.document_id)
                    page = locate_on_page(body, *span.to_body(sentence.start, sentence.end))[0] or page
                sums = counted.setdefault((span.chunk.document_id, span.chunk.document_label, page), [0, 0])
                sums[0] += 1
                sums[1] += sentence.used
    found = [PageUse(*key, *sums) for key, sums in counted.items()]
    return sorted(found, key=lambda p: (p.label, p.document_id, p.page))


def unused_on(ws: Workspace, document_id: str, page: int) -> list[str]:
    """The passages of a page that no accepted pair uses."""
    if not ws.qa().ledger.exists():
        return []
    found = []
    with Ledger(ws) as ledger:
        body = ledger.body(document_id)
        for span, sentences in _looked_at(ledger, [document_id]):
            if span.chunk.page_start <= page <= span.chunk.page_end:
                here = [s for s in sentences if locate_on_page(body, *span.to_body(s.start, s.end))[0] == page]
                found += _passages(span.chunk.text, here)
    return found


def gaps(ledger: Ledger, document_ids: Collection[str]) -> dict[str, list[str]]:
    """Passages that no accepted pair uses, by the id of their chunk; chunks that were never written about are none."""
    written = {row[0] for row in ledger.query("SELECT chunk_id FROM outcomes WHERE state = 'done'")}
    found = {span.chunk.id: _passages(span.chunk.text, sentences)
             for span, sentences in _looked_at(ledger, document_ids) if span.chunk.id in written}
    return {id: passages for id, passages in found.items() if passages}


def sentences_of(text: str, language: str, start: int = 0) -> list[tuple[int, int]]:
    """(start, end) of the sentences, list items and table rows of a text that are long enough to say something.

    Args:
        start: leave out what stands before, such as a header repeated from a table's beginning.
    """
    found = []
    plain = masked(text)
    for line in _LINE.finditer(plain, start):
        if _NO_SENTENCE.match(line.group()):
            continue
        pieces = [line] if line.group().lstrip().startswith("|") else _SENTENCE.finditer(plain, *line.span())
        for piece in pieces:
            if len(re.sub(r"[\s|*_#>`-]+", "", piece.group())) >= LEAST.get(language, 24):
                found.append(piece.span())
    return found


def _looked_at(ledger: Ledger, document_ids: Collection[str]) -> Iterator[tuple[Span, list[Sentence]]]:
    """Every chunk that questions are written from, with its sentences."""
    known = [row[0] for row in ledger.query("SELECT id FROM documents")]
    quoted: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row in ledger.query(
        'SELECT DISTINCT f.chunk_id, f.start, f."end" FROM facts f JOIN rows r ON r.fact_id = f.id '
        "JOIN evidence e ON e.row_id = r.id WHERE r.pile IN ('ready', 'look') AND r.kind != 'absent' AND e.score > 0"
    ):
        quoted[row[0]].append((row[1], row[2]))
    wanted = [id for id in known if not document_ids or id in document_ids]
    for span in ledger.spans(wanted, missing_only=False, recipe=""):
        header = span.header[1] - span.header[0] if span.header else 0
        places = sentences_of(span.chunk.text, span.chunk.language, header)
        direct = [any(a < end and start < b for a, b in quoted[span.chunk.id]) for start, end in places]
        near = [any(direct[max(0, i - 1) : i + 2]) for i in range(len(places))]
        yield span, [Sentence(a, b, used) for (a, b), used in zip(places, near, strict=True)]


def _passages(text: str, sentences: list[Sentence]) -> list[str]:
    """Unused sentences, those that follow each other joined."""
    found: list[tuple[int, int]] = []
    before = True
    for sentence in sentences:
        if not sentence.used:
            joined = found and not before
            found.append((found.pop()[0] if joined else sentence.start, sentence.end))
        before = sentence.used
    return [" ".join(text[a:b].split()) for a, b in found]
