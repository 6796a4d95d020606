"""The pieces of a page: headings, paragraphs, list items, code, tables, made from the engine's boxes. Child only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.documents.classify import ends_sentence, heading_class, looks_like_code, looks_like_comment, reads_as_heading
from core.documents.hyphens import Vocabulary, with_kept
from core.documents.page_math import Formula, covers, written
from core.documents.page_notes import NOTE
from core.documents.table_lines import Word, recut
from core.documents.table_rows import Rule, joined_rows
from core.documents.table_spans import spanned
from core.documents.table_text import Cell, table_markdown
from core.documents.text_lines import TextLine, bullet_of, is_bulleted, join_lines, join_text, numbered, text_line

_LONG_HEADING = 40
_SLACK = 0.2
_LARGER = 1.12


@dataclass
class Block:
    """A piece of the page.

    Args:
        kind: heading, text, item, code, table or note.
        size: letter height of a heading.
        number: of a numbered list item, "3.".
        marked: whether a list item had a bullet or number of its own.
        last: the last line, to see whether the next block goes on with its sentence.
    """

    kind: str
    text: str
    size: float = 0.0
    x0: float = 0.0
    level: int = 0
    number: str = ""
    marked: bool = False
    first: TextLine | None = None
    last: TextLine | None = None


@dataclass(frozen=True)
class Known:
    """What is known of a page besides its boxes: the horizontal lines drawn on it, its words where it has tables, its
    formulas, its vocabulary, and the vertical lines."""

    rules: Sequence[Rule] = ()
    words: Sequence[Word] = ()
    formulas: Sequence[Formula] = ()
    vocabulary: Vocabulary | None = None
    uprights: Sequence[Rule] = ()


@dataclass(frozen=True)
class Setting:
    """What is known around a box: edges of its column, letter height of the text, is it from OCR, and the page."""

    left: float
    right: float
    body: float
    is_ocr: bool
    page: Known = Known()


def blocks_of(box: Any, around: Setting) -> list[Block]:
    """The blocks of a layout box."""
    if box.boxclass == "table":
        own = [f for f in around.page.formulas if covers((box.x0, box.y0, box.x1, box.y1), f.box)]
        edges = (box.x0, box.y0, box.x1, box.y1)
        merged = spanned(edges, around.page.words, around.page.rules, around.page.uprights,
                         lambda lines: _cell("\n".join(lines), around.page.vocabulary)) if not own else None
        return [Block("table", table_markdown(merged) if merged else _table(box.table or {}, around, own))]
    lines = [line for line in map(text_line, box.textlines or ()) if line.plain.strip()]
    if not lines:
        return []
    noted = next((i for i, line in enumerate(lines) if NOTE.match(line.plain)), None)
    if noted is not None:
        return [*(_lines_of(box.boxclass, lines[:noted], around) if noted else []), *_notes(lines[noted:])]
    return _lines_of(box.boxclass, lines, around)


def _lines_of(kind: str, lines: list[TextLine], around: Setting) -> list[Block]:
    if around.is_ocr:
        return [block for part in _without_code(lines, around) for block in _ocr_part(kind, part, around)]
    if _is_code(lines):
        return [Block("code", code_text(lines), x0=lines[0].x0, first=lines[0], last=lines[-1])]
    return _part(kind, lines, around)


def _notes(lines: list[TextLine]) -> list[Block]:
    """Footnotes, each beginning with its number."""
    starts = [i for i, line in enumerate(lines) if NOTE.match(line.plain)]
    parts = [lines[start:end] for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]
    return [Block("note", join_lines(part, code=False), x0=part[0].x0, first=part[0], last=part[-1]) for part in parts]


def _part(kind: str, lines: list[TextLine], around: Setting) -> list[Block]:
    if kind in ("title", "section-header") and not is_bulleted(lines[0].plain):
        text = join_lines(lines, code=False)
        if not _is_sentence(text, lines[0], around):
            return [_heading(text, lines, around)]
    if kind == "list-item" or kind == "text" and _is_bare_list(lines, around):
        return _items(lines, around)
    bulleted = next((i for i, line in enumerate(lines) if is_bulleted(line.plain)), None)
    if bulleted is not None:
        return [*(_part(kind, lines[:bulleted], around) if bulleted else []), *_items(lines[bulleted:], around)]
    blocks: list[Block] = []
    for part in _paragraphs(lines, around):
        size = min(line.size for line in part)
        if kind == "text" and not around.is_ocr and size > _LARGER * around.body and not ends_sentence(part[-1].plain):
            blocks.append(Block("heading", join_lines(part, code=False), size, first=part[0], last=part[-1]))
        else:
            blocks.append(_paragraph(part))
    return blocks


def _heading(text: str, lines: list[TextLine], around: Setting) -> Block:
    return Block("heading", text, max(_letter_size(line, around) for line in lines), first=lines[0], last=lines[-1])


def _letter_size(line: TextLine, around: Setting) -> float:
    """Letter height for heading levels. The height of a line in a picture depends on its letters; the width that its
    text takes is surer."""
    if not around.is_ocr:
        return line.size
    wide = sum(char >= "\u2e80" for char in line.plain)
    if wide >= 2:
        narrow = sum(char < "\u2e80" and not char.isspace() for char in line.plain)
        natural = wide + 0.55 * narrow + 0.25 * line.plain.count(" ")
    else:
        natural = _bold_font().text_length(line.plain.strip(), 1)
    return (line.x1 - line.x0) / natural if natural > 1.5 else line.size


@lru_cache(maxsize=1)
def _bold_font() -> Any:
    """A font as wide as most headings'."""
    import pymupdf

    return pymupdf.Font("hebo")


def _is_sentence(text: str, line: TextLine, around: Setting) -> bool:
    """Whether what the models call a heading is running text: it begins in the middle, is long and ends, or leads to
    what follows with a colon. A number sign at its start is a comment of code."""
    if text.startswith("#"):
        return True
    if line.size >= _LARGER * around.body or heading_class(text):
        return False
    if text.endswith((":", "：")) and not line.bold:
        return True
    in_the_middle = text[:1].isascii() and text[:1].islower() and " " in text
    return in_the_middle or len(text) > _LONG_HEADING and ends_sentence(text)


def _is_bare_list(lines: list[TextLine], around: Setting) -> bool:
    """Several indented lines that are all short: items whose bullets are drawn, not written."""
    width = around.right - around.left
    return (len(lines) >= 3 and all(line.x0 > around.left + 1.5 * line.size for line in lines)
            and all(line.x1 - line.x0 < 0.6 * width for line in lines) and len({round(line.x0) for line in lines}) == 1)


def _paragraph(lines: list[TextLine]) -> Block:
    return Block("text", join_lines(lines), x0=lines[0].x0, first=lines[0], last=lines[-1])


def _ocr_part(kind: str, part: list[TextLine] | Block, around: Setting) -> list[Block]:
    """Like `_part`; headings are known by number and size, for the picture has no fonts."""
    if isinstance(part, Block):
        return [part]
    head, rest = part[0], part[1:]
    text = head.plain.strip()
    short = head.x1 < around.right - 0.25 * (around.right - head.x0)
    is_heading = short and (reads_as_heading(text) and not (kind == "list-item" and numbered(text))
                            or head.size > 1.35 * around.body and not ends_sentence(text) and not bullet_of(text))
    if kind not in ("title", "section-header") and is_heading:
        return [_heading(text, [head], around), *(_ocr_part(kind, rest, around) if rest else [])]
    if kind == "section-header" and rest and head.size > _LARGER * rest[0].size and short:
        return [_heading(text, [head], around), *_ocr_part("text", rest, around)]
    return _part(kind, part, around)


def _without_code(lines: list[TextLine], around: Setting) -> list[list[TextLine] | Block]:
    """Lines of a box read from the picture: runs of code become blocks, the other lines stay together."""
    marks: list[bool] = []
    for index, line in enumerate(lines):
        in_prose = index > 0 and not marks[-1] and _continues(lines[index - 1], line, around)
        marks.append(looks_like_code(line.plain) and not in_prose and not is_bulleted(line.plain))
    comments = [looks_like_comment(line.plain) for line in lines]
    for order in (range(len(lines)), range(len(lines) - 1, -1, -1)):
        for index in order:
            near = [i for i in (index - 1, index + 1) if 0 <= i < len(lines)]
            marks[index] = marks[index] or comments[index] and any(marks[i] for i in near)
    parts: list[list[TextLine] | Block] = []
    start = 0
    while start < len(lines):
        end = start
        while end < len(lines) and marks[end] == marks[start]:
            end += 1
        run = lines[start:end]
        if marks[start]:
            parts.append(Block("code", code_text(run), x0=run[0].x0, first=run[0], last=run[-1]))
        else:
            parts.append(run)
        start = end
    return parts


def _continues(previous: TextLine, line: TextLine, around: Setting) -> bool:
    """Whether a line goes on with the sentence of the full line above it."""
    return (not ends_sentence(previous.plain) and not breaks_before(previous, line, around)
            and -line.size < line.x0 - previous.x0 < 3 * line.size)


def _is_code(lines: list[TextLine]) -> bool:
    """Monospaced lines; a single short one is code only when it looks like it."""
    mono = sum(line.mono > 0.9 and (line.starts_mono or looks_like_comment(line.plain)) for line in lines)
    return mono == len(lines) or len(lines) >= 4 and mono >= 0.8 * len(lines)


def code_text(lines: list[TextLine]) -> str:
    """Lines of code with the indentation that their left edges tell."""
    left = min(line.x0 for line in lines)
    pitches = sorted((line.x1 - line.x0) / max(1, len(line.plain)) for line in lines if line.plain.isascii())
    pitch = pitches[len(pitches) // 2] if pitches else 0.6 * lines[0].size
    written: list[str] = []
    bottom = None
    for line in lines:
        if bottom is not None and line.y0 - bottom > 0.9 * line.size:
            written.append("")
        bottom = line.y1
        text = line.plain.rstrip()
        indent = round((line.x0 - left) / max(1.0, pitch)) if text == text.lstrip() else 0
        written.append(" " * indent + text)
    return "\n".join(written)


def breaks_before(previous: TextLine, line: TextLine, around: Setting) -> bool:
    """Whether a paragraph ends before `line`: its first word had fitted on the line before, and that line ends a
    sentence or is far shorter than the column."""
    slack = around.right - previous.x1 - line.first_word_width - 0.4 * line.size
    if slack <= 0:
        return False
    return ends_sentence(previous.plain) or slack > _SLACK * (around.right - previous.x0)


def _paragraphs(lines: list[TextLine], around: Setting) -> list[list[TextLine]]:
    parts = [[lines[0]]]
    for line in lines[1:]:
        last = parts[-1][-1]
        indented = abs(line.x0 - parts[-1][0].x0) > 3 * line.size
        resized = max(line.size, last.size) > _LARGER * min(line.size, last.size) and not around.is_ocr
        if resized or breaks_before(last, line, around) and ends_sentence(last.plain) and not indented:
            parts.append([])
        parts[-1].append(line)
    return parts


def _items(lines: list[TextLine], around: Setting) -> list[Block]:
    """List items of a box; a line with a bullet or number, further left, or after a paragraph's end begins one."""
    items: list[list[TextLine]] = []
    for line in lines:
        text = line.plain.strip()
        if (not items or bullet_of(text) or numbered(text) or line.x0 < items[-1][0].x0 - line.size
                or line.x0 < items[-1][0].x0 + 2 and breaks_before(items[-1][-1], line, around)):
            items.append([])
        items[-1].append(line)
    blocks = []
    for item in items:
        text = join_lines(item)
        bullet = bullet_of(text)
        text = text[len(bullet):].strip()
        number = numbered(text)
        text = text[len(number):].strip()
        if text:
            blocks.append(Block("item", text, x0=item[0].x0, number=_digits(number), marked=bool(bullet or number),
                                first=item[0], last=item[-1]))
    return blocks


def _digits(number: str) -> str:
    match = re.search(r"\d+", number)
    return f"{match[0]}." if match else ""


def _table(table: dict[str, Any], around: Setting, own: Sequence[Formula] = ()) -> str:
    """The table as its words stand or as the models cut it; lines of a cell are one running text, and empty rows and
    columns are dropped."""
    known = around.page
    rows = recut(table, known.words, known.rules, known.vocabulary) if known.words and table else None
    if rows is None:
        rows = [[_cell(text or "", known.vocabulary) for text in row] for row in table.get("extract") or ()]
        rows = joined_rows(rows, table.get("cells") or [], known.rules)
    for row in rows if own else ():
        for index, text in enumerate(row):
            row[index], own = written(text, own)
    rows = [row for row in rows if any(row)]
    width = max(map(len, rows), default=0)
    rows = [row + [""] * (width - len(row)) for row in rows]
    kept = [index for index in range(width) if any(row[index] for row in rows)]
    return table_markdown([[Cell(row[index]) for index in kept] for row in rows])


def _cell(text: str, vocabulary: Vocabulary | None) -> str:
    joined = ""
    for line in (with_kept(text, vocabulary) if vocabulary else text).split("\n"):
        joined = join_text(joined, line.strip())
    return joined
