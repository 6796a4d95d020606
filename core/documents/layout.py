"""A page's layout (pymupdf4llm's models: headings, lists, tables, columns) written as Markdown. Child only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pymupdf4llm.helpers.document_layout as engine

from core.documents.table_text import Cell, table_markdown
from core.documents.text_lines import bullet_of, is_code, join_lines, join_text, line_text, numbered

_EDGES = ("page-header", "page-footer")
_INDENT_POINTS = 8.0


@dataclass
class Block:
    """A piece of the page: kind is heading, text, item, code, table or picture."""

    kind: str
    text: str
    size: float = 0.0
    x0: float = 0.0
    level: int = 0
    number: str = ""


def page_markdown(document: Any, is_ocr: bool = False,
                  running: Callable[[str], bool] | None = None) -> tuple[str, tuple[float, ...]]:
    """Markdown of the only page of a document, and the letter height of each heading in it.

    Args:
        is_ocr: the text was read from the picture; fonts say nothing then.
        running: tells whether a line at the page's edge is a running header or footer; by default the models do.
    """
    return render(engine.parse_document(document, use_ocr=False, force_text=True).pages[0], is_ocr, running)


def render(page: Any, is_ocr: bool, running: Callable[[str], bool] | None) -> tuple[str, tuple[float, ...]]:
    """Like `page_markdown`, for a page as the models see it. What they call header or footer stays when it is the
    only text or does not recur."""
    blocks: list[Block] = []
    edges: list[Block] = []
    body = _body_size(page)
    for box in page.boxes:
        if box.boxclass not in _EDGES:
            blocks += _blocks(box, is_ocr)
        elif box.textlines and any(line_text(line).strip() for line in box.textlines):
            text = join_lines(box.textlines)
            size = max(span["size"] for line in box.textlines for span in line["spans"])
            block = Block("heading" if size > 1.25 * body else "text", text, size)
            edges.append(block)
            if running is not None and not all(running(line_text(line)) for line in box.textlines):
                blocks.append(block)
    blocks = blocks if any(block.text for block in blocks) else edges
    _levels(blocks)
    return _write(blocks), tuple(b.size for b in blocks if b.kind == "heading")


def _body_size(page: Any) -> float:
    """Letter height of most of the text."""
    sizes: Counter[float] = Counter()
    for block in page.fulltext:
        for line in block["lines"]:
            for span in line["spans"]:
                sizes[round(span["size"], 1)] += len(span["text"])
    return sizes.most_common(1)[0][0] if sizes else 10.0


def _blocks(box: Any, is_ocr: bool) -> list[Block]:
    if box.boxclass == "table":
        return [Block("table", _table(box.table or {}))]
    lines = [line for line in box.textlines or () if line_text(line).strip()]
    if not lines:
        return []
    if box.boxclass in ("title", "section-header"):
        text = join_lines(lines, code=False)
        return [Block("heading", text, max(span["size"] for line in lines for span in line["spans"]))] if text else []
    if box.boxclass == "list-item":
        return _items(lines)
    if not is_ocr and is_code(lines):
        return [Block("code", _code(lines), x0=lines[0]["bbox"][0])]
    return [Block("text", join_lines(lines), x0=lines[0]["bbox"][0])]


def _table(table: dict[str, Any]) -> str:
    """The table as the models cut it; lines of a cell are one running text, and empty rows and columns are dropped."""
    rows = [[_cell(text) for text in row] for row in table.get("extract") or ()]
    rows = [row for row in rows if any(row)]
    width = max(map(len, rows), default=0)
    rows = [row + [""] * (width - len(row)) for row in rows]
    kept = [index for index in range(width) if any(row[index] for row in rows)]
    return table_markdown([[Cell(row[index]) for index in kept] for row in rows])


def _cell(text: str | None) -> str:
    joined = ""
    for line in (text or "").split("\n"):
        joined = join_text(joined, line.strip())
    return joined


def _items(lines: list[dict[str, Any]]) -> list[Block]:
    """List items of a box; a line that begins with a bullet or number, or further left, begins an item."""
    items: list[list[dict[str, Any]]] = []
    for line in lines:
        text = line_text(line).strip()
        if not items or bullet_of(text) or numbered(text) or line["bbox"][0] < items[-1][-1]["bbox"][0] - 2:
            items.append([])
        items[-1].append(line)
    blocks = []
    for item in items:
        text = join_lines(item)
        mark = bullet_of(text)
        text = text[len(mark):].strip() if mark else text
        number = numbered(text)
        if number:
            text = text[len(number):].strip()
        if text:
            blocks.append(Block("item", text, x0=item[0]["bbox"][0], number=_digits(number)))
    return blocks


def _digits(number: str) -> str:
    match = re.search(r"\d+", number)
    return f"{match[0]}." if match else ""


def _code(lines: list[dict[str, Any]]) -> str:
    """Lines of code with the indentation that their left edges tell."""
    left = min(line["bbox"][0] for line in lines)
    written, bottom = [], None
    for line in lines:
        span = line["spans"][0]
        pitch = 0.6 * span["size"]
        if bottom is not None and line["bbox"][1] - bottom > 0.9 * span["size"]:
            written.append("")
        bottom = line["bbox"][3]
        text = line_text(line).rstrip()
        indent = round((line["bbox"][0] - left) / pitch) if text == text.lstrip() else 0
        written.append(" " * indent + text)
    return "\n".join(written)


def _levels(blocks: list[Block]) -> None:
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
            parts.append(f"{gap}{'    ' * block.level}{block.number or '-'} {block.text}")
        elif block.kind == "code":
            if before is not None and before.kind == "code":
                parts[-1] = parts[-1].removesuffix("```\n") + block.text + "\n```\n"
            else:
                parts.append(f"\n```\n{block.text}\n```\n")
        elif block.text:
            parts.append(f"\n{block.text}\n")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).strip() + "\n"


