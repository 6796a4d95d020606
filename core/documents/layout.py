"""A page's layout (pymupdf4llm's models: headings, lists, tables, columns) written as Markdown. Child only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pymupdf4llm.helpers.document_layout as engine

from core.documents.blocks import Block, Known, Setting, blocks_of, breaks_before
from core.documents.bullets import small_marks, with_bullets
from core.documents.classify import ends_sentence, heading_class
from core.documents.clean import fenced, literal
from core.documents.hyphens import Vocabulary, with_hyphens
from core.documents.order import in_reading_order
from core.documents.page_math import formulas, put_formulas
from core.documents.page_notes import mark_notes
from core.documents.table_rows import horizontal_rules, vertical_rules
from core.documents.text_lines import TextLine, join_lines, join_text, text_line

_EDGES = ("page-header", "page-footer")
_INDENT_POINTS = 8.0
_HEADING_FACTOR = 1.25


def page_markdown(document: Any, is_ocr: bool = False,
                  running: Callable[[str], bool] | None = None) -> tuple[str, tuple[float, ...]]:
    """Markdown of the only page of a document, and the letter height of each heading in it.

    Args:
        is_ocr: the text was read from the picture; fonts say nothing then.
        running: tells whether a line at the page's edge is a running header or footer; by default the models do.
    """
    vocabulary = Vocabulary(document[0])
    page = engine.parse_document(document, use_ocr=False, force_text=True).pages[0]
    drawings = document[0].get_cdrawings()
    marks = small_marks(drawings)
    mark_notes(page.boxes, document[0].rect.height)
    found = [] if is_ocr else formulas(document[0], _sizes(page))
    for box in page.boxes:
        box.textlines = with_hyphens(with_bullets(box.textlines or (), marks), vocabulary)
    put_formulas(page.boxes, found)
    has_tables = not is_ocr and any(box.boxclass == "table" for box in page.boxes)
    words = document[0].get_text("words") if has_tables else ()
    return render(page, is_ocr, running, Known(horizontal_rules(drawings), words, found, vocabulary,
                                               vertical_rules(drawings)))


def render(page: Any, is_ocr: bool, running: Callable[[str], bool] | None,
           known: Known) -> tuple[str, tuple[float, ...]]:
    """Like `page_markdown`, for a page as the models see it. What they call header or footer stays when it is the only
    text or does not recur."""
    blocks: list[Block] = []
    edges: list[Block] = []
    body = _body_size(page)
    first_edges = [b for b in page.boxes if b.boxclass == "page-header"]
    last_edges = [b for b in page.boxes if b.boxclass == "page-footer"]
    for box in [*first_edges, *in_reading_order([b for b in page.boxes if b.boxclass not in _EDGES]), *last_edges]:
        if box.boxclass not in _EDGES:
            around = Setting(*_column(box, page.boxes), body, is_ocr, known)
            _append(blocks, blocks_of(box, around), around)
        elif lines := [line for line in map(text_line, box.textlines or ()) if line.plain.strip()]:
            size = max(line.size for line in lines)
            block = Block("heading" if size > _HEADING_FACTOR * body else "text", join_lines(lines), size)
            edges.append(block)
            if running is not None and not any(running(line.plain) for line in lines):
                blocks.append(block)
    blocks = blocks if any(block.text for block in blocks) else edges
    blocks.sort(key=lambda block: block.kind == "note")
    _nest(blocks)
    return _write(blocks), tuple(b.size for b in blocks if b.kind == "heading")


def _append(blocks: list[Block], more: list[Block], around: Setting) -> None:
    """Adds blocks; an item without a mark that goes on with the sentence of the item before is joined to it, and so is
    the second line of a heading."""
    for block in more:
        before = blocks[-1] if blocks else None
        if before is not None and before.kind == "note" and before.text.endswith(":") and block.kind == "text":
            before.text, before.last = f"{before.text} {block.text}", block.last
        elif before is not None and before.kind == block.kind == "heading" and _same_heading(before, block, around):
            before.text, before.last = join_text(before.text, block.text), block.last
        elif (before is not None and before.kind == block.kind == "text" and not ends_sentence(before.text)
                and block.text[:1].islower() and block.text[:1].isascii()):
            before.text, before.last = join_text(before.text, block.text), block.last
        elif (before is not None and before.kind == "item" and block.kind == "item" and not block.marked
                and _goes_on(before.last, block.first, around)):
            before.text, before.last = join_text(before.text, block.text), block.last
        else:
            blocks.append(block)


def _same_heading(before: Block, block: Block, around: Setting) -> bool:
    """Whether a heading's line was full, so that it goes on in the next one, which is as large and has no number."""
    last, first = before.last, block.first
    if last is None or first is None or heading_class(block.text) or not 0 < first.y0 - last.y0 < 2.2 * last.size:
        return False
    alike = any(max(pair) < _HEADING_FACTOR * min(pair) for pair in (
        (before.size, block.size), (last.size, first.size)))
    return alike and around.right - last.x1 < first.first_word_width + 0.4 * last.size


def _goes_on(last: TextLine | None, first: TextLine | None, around: Setting) -> bool:
    return (last is not None and first is not None and 0 < first.y0 - last.y0 < 2.2 * first.size
            and not ends_sentence(last.plain) and not breaks_before(last, first, around))


def _column(box: Any, boxes: list[Any]) -> tuple[float, float]:
    """Left and right edge of the column a box stands in: those of the boxes above and below it, up to the boxes
    beside it."""
    inner = [other for other in boxes if other.boxclass not in _EDGES]
    stacked = [other for other in inner if min(other.x1, box.x1) - max(other.x0, box.x0)
               > 0.8 * min(other.x1 - other.x0, box.x1 - box.x0)]
    beside = [other for other in inner if min(other.y1, box.y1) - max(other.y0, box.y0) > 2]
    left = max((other.x1 for other in beside if other.x1 <= box.x0 + 2), default=float("-inf"))
    right = min((other.x0 for other in beside if other.x0 >= box.x1 - 2), default=float("inf"))
    return (max(left, min((other.x0 for other in stacked), default=box.x0)),
            min(right, max((other.x1 for other in stacked), default=box.x1)))


def _body_size(page: Any) -> float:
    """Letter height of most of the text."""
    sizes = _sizes(page)
    return sizes.most_common(1)[0][0] if sizes else 10.0


def _sizes(page: Any) -> Counter[float]:
    """How many letters have which height, in half points."""
    sizes: Counter[float] = Counter()
    for block in page.fulltext:
        for line in block["lines"]:
            for span in line["spans"]:
                sizes[round(span["size"] * 2) / 2] += len(span["text"])
    return sizes


def _nest(blocks: list[Block]) -> None:
    """Nesting of list items by their left edges, within each run of items."""
    run: list[Block] = []
    for block in [*blocks, Block("end", "")]:
        if block.kind == "item":
            run.append(block)
            continue
        edges: list[float] = []
        for x0 in sorted(item.x0 for item in run):
            if not edges or x0 > edges[-1] + _INDENT_POINTS:
                edges.append(x0)
        for item in run:
            item.level = max((i for i, edge in enumerate(edges) if edge <= item.x0 + 0.1), default=0)
        run = []


def _write(blocks: list[Block]) -> str:
    parts: list[str] = []
    for before, block in zip([None, *blocks], blocks, strict=False):
        if block.kind == "heading":
            parts.append(f"\n# {block.text}\n")
        elif block.kind == "item":
            gap = "" if before is not None and before.kind == "item" else "\n"
            parts.append(f"{gap}{'    ' * block.level}{block.number or '-'} {literal(block.text)}")
        elif block.kind == "code":
            if before is not None and before.kind == "code":
                parts[-1] = parts[-1].removesuffix("```\n") + fenced(block.text).removeprefix("```\n") + "\n"
            else:
                parts.append(f"\n{fenced(block.text)}\n")
        elif block.text:
            parts.append(f"\n{literal(block.text) if block.kind == 'text' else block.text}\n")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).strip() + "\n"
