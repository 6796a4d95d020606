"""Markdown as blocks whose spans tile the text: no character belongs to two blocks, none to none."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from core.documents.pictures import masked
from core.llm.tokens import estimate

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?[ \t]*#*[ \t]*\Z")
_ITEM = re.compile(r"(\s*)(?:[-*+•]|\d{1,3}[.)、]|[（(]\d{1,3}[)）])\s+\S")
_DELIMITER = re.compile(r"\s*\|?\s*:?-{1,}:?\s*(\|\s*:?-{1,}:?\s*)*\|?\s*\Z")
_HTML_TABLE = re.compile(r"\s*<table\b", re.IGNORECASE)
_HTML_END = re.compile(r"</table\s*>", re.IGNORECASE)
_HTML_HEADER = re.compile(r"\s*<table\b[^>]*>\s*(?:<thead\b[^>]*>\s*)?<tr\b[^>]*>\s*<th\b.*?</tr>\s*",
                          re.IGNORECASE | re.DOTALL)
_HTML_ROW_END = re.compile(r"</tr\s*>\s*", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=\S)|(?<=[。！？；])[”’」』）]*(?=\S)|\n")


@dataclass(frozen=True)
class Block:
    """One block: `text[start:end]` with its trailing blank lines.

    Attributes:
        kind: heading, text, table, list, code, or picture (nothing but pictures).
        level: of a heading, 1 to 6.
        title: of a heading, without marks.
        header: span of the table header that a continued piece of a table repeats.
    """

    start: int
    end: int
    kind: str
    level: int = 0
    title: str = ""
    header: tuple[int, int] | None = None


def split_blocks(text: str) -> list[Block]:
    """The blocks of a Markdown text in order; their spans tile it exactly."""
    lines = _lines(text)
    blocks: list[Block] = []
    at = 0
    while at < len(lines):
        kind, upto = _block_at(text, lines, at)
        while upto < len(lines) and not _line(text, lines, upto).strip():
            upto += 1
        start, end = lines[at][0], lines[upto - 1][1]
        if at == 0:
            start = 0
        heading = _HEADING.match(_line(text, lines, at)) if kind == "heading" else None
        blocks.append(
            Block(start, end, kind, len(heading[1]) if heading else 0, plain_title(heading[2] or "") if heading else "")
        )
        at = upto
    return blocks


def plain_title(title: str) -> str:
    """A heading's words without emphasis marks, links and escapes."""
    title = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", title)
    return re.sub(r"\\([\\`*_#\[\]])", r"\1", re.sub(r"(\*\*|__|\*|`|<[^>]+>)", "", title)).strip()


def cut_block(text: str, block: Block, most: int) -> list[Block]:
    """A block in pieces of at most `most` estimated tokens where its kind allows.

    Tables are cut between rows, the pieces after the first knowing the header; lists between items; code between
    lines; prose between sentences. Only a single sentence, row or line that is too long itself is cut inside.
    """
    if estimate(text[block.start : block.end]) <= most or block.kind in ("heading", "picture"):
        return [block]
    header = _table_header(text, block) if block.kind == "table" else None
    if header and estimate(text[header[0] : header[1]]) > most // 3:
        header = None
    room = most - (estimate(text[header[0] : header[1]]) if header else 0)
    pieces = _filled(text, _units(text, block, header), max(room, most // 4), most)
    return [
        replace(block, start=start, end=end, header=header if header and start >= header[1] else None)
        for start, end in pieces
    ]


def _lines(text: str) -> list[tuple[int, int]]:
    spans, start = [], 0
    for line in text.splitlines(keepends=True):
        spans.append((start, start + len(line)))
        start += len(line)
    return spans


def _line(text: str, lines: list[tuple[int, int]], index: int) -> str:
    return text[lines[index][0] : lines[index][1]].rstrip("\r\n")


def _block_at(text: str, lines: list[tuple[int, int]], at: int) -> tuple[str, int]:
    """(kind, index of the first line after the block that begins in line `at`)."""
    first = _line(text, lines, at)
    if fence := _FENCE.match(first):
        return "code", _end_of_code(text, lines, at, fence[1])
    if _HEADING.match(first):
        return "heading", at + 1
    if _HTML_TABLE.match(first):
        return "table", _end_of_html(text, lines, at)
    if _starts_table(text, lines, at):
        upto = at + 1
        while upto < len(lines) and "|" in _line(text, lines, upto):
            upto += 1
        return "table", upto
    if _is_picture(first):
        return "picture", at + 1
    if _ITEM.match(first):
        return "list", _end_of_list(text, lines, at)
    upto = at + 1
    while upto < len(lines) and _line(text, lines, upto).strip() and not _interrupts(text, lines, upto):
        upto += 1
    return "text", upto


def _interrupts(text: str, lines: list[tuple[int, int]], at: int) -> bool:
    line = _line(text, lines, at)
    marks = (_FENCE, _HEADING, _ITEM, _HTML_TABLE)
    return any(mark.match(line) for mark in marks) or _is_picture(line) or _starts_table(text, lines, at)


def _is_picture(line: str) -> bool:
    return "![" in line and not masked(line).strip()


def _starts_table(text: str, lines: list[tuple[int, int]], at: int) -> bool:
    line = _line(text, lines, at)
    if line.lstrip().startswith("|") and line.rstrip().endswith("|") and line.count("|") > 2:
        return True
    return (
        "|" in line
        and at + 1 < len(lines)
        and "|" in (below := _line(text, lines, at + 1))
        and bool(_DELIMITER.match(below))
    )


def _end_of_html(text: str, lines: list[tuple[int, int]], at: int) -> int:
    """After the line that closes the table; an open one ends before the next blank line."""
    for index in range(at, len(lines)):
        line = _line(text, lines, index)
        if _HTML_END.search(line):
            return index + 1
        if not line.strip():
            return index
    return len(lines)


def _end_of_code(text: str, lines: list[tuple[int, int]], at: int, fence: str) -> int:
    for index in range(at + 1, len(lines)):
        line = _line(text, lines, index).strip()
        if line.startswith(fence[0] * len(fence)) and not line.strip(fence[0]):
            return index + 1
    return len(lines)


def _end_of_list(text: str, lines: list[tuple[int, int]], at: int) -> int:
    upto = at + 1
    while upto < len(lines):
        line = _line(text, lines, upto)
        if not line.strip():
            after = next((i for i in range(upto, len(lines)) if _line(text, lines, i).strip()), None)
            if after is None or not (
                _ITEM.match(_line(text, lines, after)) or _line(text, lines, after).startswith("  ")
            ):
                return upto
            upto = after
        elif not _ITEM.match(line) and _interrupts(text, lines, upto):
            return upto
        else:
            upto += 1
    return upto


def _table_header(text: str, block: Block) -> tuple[int, int] | None:
    """Span of a table's header rows: up to and with the delimiter row or the HTML row of headings; None without one."""
    end = block.start
    if head := _HTML_HEADER.match(text[block.start : block.end]):
        return block.start, block.start + head.end()
    for number, line in enumerate(text[block.start : block.end].splitlines(keepends=True)):
        end += len(line)
        if number and _DELIMITER.match(line):
            return block.start, end
        if number > 2:
            return None
    return None


def _units(text: str, block: Block, header: tuple[int, int] | None) -> list[tuple[int, int]]:
    """Spans that should stay whole, tiling the block."""
    body = text[block.start : block.end]
    if block.kind == "table" and _HTML_TABLE.match(body):
        cuts = [m.end() for m in _HTML_ROW_END.finditer(body)]
    elif block.kind in ("table", "code"):
        cuts = [m.end() for m in re.finditer(r"\n", body)]
    elif block.kind == "list":
        indent = min((len(m[1]) for line in body.splitlines() if (m := _ITEM.match(line))), default=0)
        cuts = [
            m.start() + 1
            for m in re.finditer(r"\n", body)
            if (i := _ITEM.match(body[m.start() + 1 : m.start() + 200].split("\n")[0])) and len(i[1]) <= indent
        ]
    else:
        cuts = [m.end() for m in _SENTENCE.finditer(body)]
    first = header[1] - block.start if header else 0
    edges = sorted({0, len(body), *(c for c in cuts if first <= c < len(body))})
    return [(block.start + a, block.start + b) for a, b in zip(edges, edges[1:], strict=False)]


def _filled(text: str, units: list[tuple[int, int]], most: int, longest: int) -> list[tuple[int, int]]:
    """Neighbouring units joined while they fit into `most`; a unit beyond `longest` is cut at spaces."""
    pieces: list[tuple[int, int]] = []
    used = 0
    for unit in (part for whole in units for part in _short_enough(text, whole, longest)):
        size = estimate(text[unit[0] : unit[1]])
        if pieces and used + size <= most:
            pieces[-1], used = (pieces[-1][0], unit[1]), used + size
        else:
            pieces.append(unit)
            used = size
    return pieces


def _short_enough(text: str, unit: tuple[int, int], most: int) -> list[tuple[int, int]]:
    start, end = unit
    parts: list[tuple[int, int]] = []
    while estimate(text[start : min(end, start + most * 3 + 3)]) > most:
        cut = min(end, start + most * 3)
        while cut > start + 1 and estimate(text[start:cut]) > most:
            cut = start + max(1, (cut - start) * 3 // 4)
        space = max(text.rfind(mark, start + (cut - start) // 2, cut) for mark in " \n\t，,")
        cut = space + 1 if space > start else cut
        parts.append((start, cut))
        start = cut
    return [*parts, (start, end)] if start < end else parts
