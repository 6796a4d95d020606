"""Chunks of a document: they tile its body, follow its structure, and know where they stand."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from core.documents.marks import Mark
from core.documents.pictures import masked
from core.llm.tokens import estimate
from core.qa.blocks import Block, cut_block, split_blocks
from core.qa.types import Chunk, ChunkKind, Language

PAGE_BREAK = "\n\n"
_LETTERS = re.compile(r"[A-Za-z\u00c0-\u024f]+|[\u3400-\u9fff]{2}")
_ENOUGH = 20
"""Words from which on a chunk tells its own language; shorter ones are in that of their document."""
SMALLEST = 12
"""Chunks with fewer estimated tokens of body text state nothing worth a question."""


@dataclass(frozen=True)
class Page:
    """One page as the body holds it: `body[start:start + length]` is its Markdown."""

    number: int
    start: int
    length: int


@dataclass(frozen=True)
class Body:
    """All pages of a document as one text."""

    text: str
    pages: tuple[Page, ...]

    @classmethod
    def of(cls, pages: Sequence[tuple[int, str]]) -> Body:
        """From (page number, Markdown), in order."""
        parts, found, at = list[str](), list[Page](), 0
        for number, markdown in pages:
            parts.append(markdown)
            found.append(Page(number, at, len(markdown)))
            at += len(markdown) + len(PAGE_BREAK)
        return cls(PAGE_BREAK.join(parts), tuple(found))

    def page_at(self, offset: int) -> Page:
        """The page that holds a character (a break belongs to the page before it)."""
        return next((p for p in reversed(self.pages) if p.start <= offset), self.pages[0])


@dataclass(frozen=True)
class Span:
    """A chunk with its place.

    Attributes:
        start, end: what it covers of the body; the spans of a document tile the body.
        text_start, text_end: its text within that, without surrounding white space.
        header: span of a table header that stands before its text, when it continues a table.
        excluded: why no questions are written for it: "", "short", "repeated", "contents", "references" or "page".
    """

    chunk: Chunk
    start: int
    end: int
    text_start: int
    text_end: int
    header: tuple[int, int] | None = None
    excluded: str = ""

    def to_body(self, start: int, end: int) -> tuple[int, int]:
        """Where characters of the chunk's text stand in the body; across a repeated header, the longer part."""
        if self.header is None:
            return self.text_start + start, self.text_start + end
        length = self.header[1] - self.header[0]
        above = (self.header[0] + start, self.header[0] + min(end, length))
        below = (self.text_start + max(start, length) - length, self.text_start + end - length)
        return above if above[1] - above[0] > below[1] - below[0] else below


def language_of(text: str) -> Language:
    """The language by script: "zh" when Han characters, at 1.5 a word, make up as many words as letters do."""
    text = masked(text)
    han = len(re.findall(r"[\u3400-\u9fff]", text))
    words = len(re.findall(r"[A-Za-z\u00c0-\u024f]+", text))
    return "zh" if han and han / 1.5 >= words else "en"


def chunk_document(
    document_id: str,
    label: str,
    pages: Sequence[tuple[int, str]],
    *,
    target: int = 600,
    unused: Mapping[int, Sequence[Mark]] | None = None,
) -> tuple[Body, list[Span]]:
    """Cuts a document into chunks of about `target` estimated tokens.

    Args:
        unused: by page, the parts that no questions are written for. They are chunks of their own, excluded.
    """
    body = Body.of(pages)
    marks = [(page.start + mark.start, page.start + mark.end, mark.kind)
             for page in body.pages for mark in (unused or {}).get(page.number, ())]
    language = language_of(body.text)
    spans: list[Span] = []
    seen: dict[str, int] = {}
    for path, blocks, reason in _groups(body.text, target, marks):
        span = _span(body, document_id, label, language, path, blocks)
        if reason:
            span = replace(span, excluded=reason)
        key = span.chunk.id
        seen[key] = seen.get(key, 0) + 1
        if seen[key] > 1:
            span = replace(span, chunk=replace(span.chunk, id=f"{key}-{seen[key]}"), excluded="repeated")
        spans.append(span)
    return body, spans


def locate_on_page(body: Body, start: int, end: int) -> tuple[int, int, int]:
    """(page number, start, end on that page) of body characters; across a break, the page with more of them."""
    best = (0, 0, 0)
    for page in body.pages:
        a, b = max(start, page.start), min(end, page.start + page.length)
        if b - a > best[2] - best[1]:
            best = (page.number, a - page.start, b - page.start)
    return best


def _groups(
    text: str, target: int, marks: Sequence[tuple[int, int, str]] = ()
) -> Iterator[tuple[tuple[str, ...], list[Block], str]]:
    """(heading path, blocks, mark) of each chunk. A heading opens a chunk unless the one before it is still tiny."""
    path: list[Block] = []
    group: list[Block] = []
    paths: list[tuple[str, ...]] = []
    size, mark = 0, ""
    for block in (piece for whole in split_blocks(text) for piece in cut_block(text, whole, target)):
        tokens = estimate(text[block.start : block.end])
        has_body = any(b.kind != "heading" for b in group)
        now = _mark_at(marks, block)
        if (group and now != mark) or has_body and (
            size + tokens > target * 1.2
            or block.header
            or (block.kind == "heading" and (size >= target // 4 or size + tokens > target))
        ):
            yield _common(paths or [_titles(path)]), group, mark
            group, paths, size = [], [], 0
        mark = now
        if block.kind == "heading":
            path = [h for h in path if h.level < block.level] + [block]
        else:
            paths.append(_titles(path))
        group.append(block)
        size += tokens
    if group:
        yield _common(paths or [_titles(path)]), group, mark


def _titles(path: list[Block]) -> tuple[str, ...]:
    return tuple(heading.title for heading in path if heading.title)


def _mark_at(marks: Sequence[tuple[int, int, str]], block: Block) -> str:
    """The mark that covers more than half of a block."""
    covered = ((min(end, block.end) - max(start, block.start), kind) for start, end, kind in marks)
    most, kind = max(covered, default=(0, ""))
    return kind if 2 * most > block.end - block.start else ""


def _common(paths: list[tuple[str, ...]]) -> tuple[str, ...]:
    shared = list(paths[0])
    for path in paths[1:]:
        while shared and tuple(shared) != path[: len(shared)]:
            shared.pop()
    return tuple(shared)


def _span(
    body: Body, document_id: str, label: str, language: Language, path: tuple[str, ...], blocks: list[Block]
) -> Span:
    start, end, header = blocks[0].start, blocks[-1].end, blocks[0].header
    raw = body.text[start:end]
    text_start, text_end = start + len(raw) - len(raw.lstrip()), start + len(raw.rstrip())
    text_end = max(text_start, text_end)
    text = (body.text[header[0] : header[1]] if header else "") + body.text[text_start:text_end]
    kinds = {b.kind for b in blocks if b.kind not in ("heading", "picture")}
    kind: ChunkKind = kinds.pop() if len(kinds) == 1 else "text"  # type: ignore[assignment]
    digest = hashlib.sha256("\x1f".join((document_id, *path, "", text)).encode("utf-8", "replace")).hexdigest()[:20]
    here = language_of(text)
    if here != language and len(_LETTERS.findall(text)) >= _ENOUGH:
        language = here
    chunk = Chunk(
        f"c-{digest}",
        document_id,
        label,
        path,
        body.page_at(text_start).number,
        body.page_at(max(text_start, text_end - 1)).number,
        text,
        language,
        kind,
    )
    own = masked("".join(body.text[b.start : b.end] for b in blocks if b.kind != "heading"))
    return Span(chunk, start, end, text_start, text_end, header, _excluded(own))


def _excluded(text: str) -> str:
    if estimate(re.sub(r"[\s|#*_`>-]+", " ", text).strip()) < SMALLEST:
        return "short"
    lines = [line for line in text.splitlines() if line.strip()]
    leaders = sum(bool(re.search(r"(\.\s?){4,}\s*\d+\s*\|?\s*\Z|[…·]{3,}\s*\d+\s*\|?\s*\Z", line)) for line in lines)
    return "contents" if lines and leaders * 2 > len(lines) else ""
