"""Markdown → headings, paragraphs, lists and tables, each a verbatim span, and text without its marks."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

HEADING = re.compile(r"^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
BOLD_HEADING = re.compile(r"^\s*\*\*([^*:：]{2,80})\*\*\s*$")
ITEM = re.compile(r"^(\s*)(?:[-*+•·●▪]|(\d{1,2}|[a-z])[.)、．）])\s+(?=\S)")
ZH_NUMBERED = re.compile(r"^(\s*)(?:(\d{1,2})[、．]|[（(](\d{1,2})[)）])\s*(?=\S)")
TABLE_RULE = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$")
HTML_TABLE = re.compile(r"^\s*</?(?:table|thead|tbody|tr)\b[^>]*>", re.IGNORECASE)
HTML_CELL = re.compile(r"<(t[hd])\b([^>]*)>(.*?)</\1>", re.IGNORECASE | re.DOTALL)
MARKS = re.compile(r"\*\*|__|`|<br\s*/?>|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)")
LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
HEADING_NUMBER = re.compile(
    r"^(?:(?:chapter|section|part|appendix)\s+)?(?:\d+(?:\.\d+)*|[A-Z]|[IVX]+)[.):]\s+"
    r"|^\d+(?:\.\d+)*\s+|^第?[一二三四五六七八九十\d]+[章节、．]\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Span:
    """A verbatim piece of the text: `text == source[start:end]`."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Part:
    """One part. `kind`: heading, paragraph, list, table. `pieces`: items of a list, lines of a table."""

    kind: str
    span: Span
    pieces: tuple[Span, ...] = ()
    ordered: bool = False
    level: int = 0


def plain(text: str) -> str:
    """Text without Markdown marks, on one line."""
    text = LINK.sub(r"\1", text)
    text = MARKS.sub(lambda m: " " if m[0][0] == "<" else "", text)
    text = re.sub(r"\s+", " ", re.sub(r"\\([\\`*_{}\[\]()#+\-.!|<>])", r"\1", text)).strip()
    return re.sub(r"^(?:[>_] )+", "", text)


def plain_heading(text: str) -> str:
    """A heading without its marks and its number."""
    return HEADING_NUMBER.sub("", plain(text.lstrip("# "))).strip(" :：")


def cells(line: str) -> list[str]:
    """Cells of a table line, without marks."""
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [plain(cell) for cell in re.split(r"(?<!\\)\|", inner)]


def table_rows(pieces: tuple[Span, ...]) -> list[tuple[Span, list[str]]]:
    """The rows of a table with their cells; a merged cell of an HTML table stands in every field that it covers."""
    rows: list[tuple[Span, list[str]]] = []
    hanging: dict[int, tuple[int, str]] = {}
    for piece in pieces:
        if not HTML_TABLE.match(piece.text):
            rows.append((piece, cells(piece.text)))
        elif found := HTML_CELL.findall(piece.text):
            rows.append((piece, _fields(found, hanging)))
    return rows


def _fields(found: list[tuple[str, str, str]], hanging: dict[int, tuple[int, str]]) -> list[str]:
    """Texts of one HTML row by field. `hanging` holds (rows left, text) of cells that reach down, by column."""
    fields: list[str] = []
    waiting = list(found)
    while waiting or len(fields) in hanging:
        column = len(fields)
        if column in hanging:
            left, text = hanging.pop(column)
            if left > 1:
                hanging[column] = (left - 1, text)
            fields.append(text)
            continue
        _, attributes, raw = waiting.pop(0)
        text = html.unescape(plain(re.sub(r"<[^>]*>", " ", raw)))
        for place in range(column, column + _span(attributes, "colspan")):
            fields.append(text)
            if (rows := _span(attributes, "rowspan")) > 1:
                hanging[place] = (rows - 1, text)
    return fields


def _span(attributes: str, name: str) -> int:
    match = re.search(rf"{name}\s*=\s*[\"']?(\d{{1,3}})", attributes, re.IGNORECASE)
    return max(1, int(match[1])) if match else 1


def parse_parts(source: str) -> list[Part]:
    """Parts in order. Fenced code is left out: it states nothing that rules could ask about."""
    parts: list[Part] = []
    lines, at, fenced = _lines(source), 0, False
    while at < len(lines):
        kind = _kind(lines[at].text)
        if lines[at].text.lstrip().startswith("```"):
            fenced = not fenced
            at += 1
        elif fenced or kind == "blank":
            at += 1
        elif kind == "heading":
            match = HEADING.match(lines[at].text)
            parts.append(Part("heading", lines[at], level=len(match[1]) if match else 7))
            at += 1
        else:
            end = _end(lines, at, kind)
            parts.append(_part(source, [line for line in lines[at:end] if line.text.strip()], kind))
            at = end
    return parts


def _lines(text: str) -> list[Span]:
    spans, at = [], 0
    for line in text.splitlines(keepends=True):
        bare = line.rstrip("\r\n")
        spans.append(Span(bare, at, at + len(bare)))
        at += len(line)
    return spans


def _join(source: str, spans: list[Span]) -> Span:
    start, end = spans[0].start, spans[-1].end
    return Span(source[start:end], start, end)


def _kind(line: str) -> str:
    if not line.strip() or line.lstrip().startswith("<!--") or re.fullmatch(r"\s*([-*_]\s*){3,}", line):
        return "blank"
    if HEADING.match(line) or BOLD_HEADING.match(line):
        return "heading"
    if line.lstrip().startswith("|") and line.count("|") >= 2 or HTML_TABLE.match(line):
        return "table"
    if ITEM.match(line) or ZH_NUMBERED.match(line):
        return "item"
    return "text"


def _end(lines: list[Span], at: int, kind: str) -> int:
    """Index after the part's last line. Blank lines may stand between the items of one list."""
    end = at + 1
    while end < len(lines):
        following = _kind(lines[end].text)
        if kind == "item" and following == "blank" and end + 1 < len(lines) and _kind(lines[end + 1].text) == "item":
            end += 2
            continue
        same = following == kind or (kind == "item" and following == "text")
        if not same or lines[end].text.lstrip().startswith("```"):
            break
        end += 1
    return end


def _part(source: str, lines: list[Span], kind: str) -> Part:
    if kind == "text":
        return Part("paragraph", _join(source, lines))
    if kind == "table":
        return Part("table", _join(source, lines), tuple(lines))
    items: list[list[Span]] = []
    for line in lines:
        if _kind(line.text) == "item":
            items.append([line])
        else:
            items[-1].append(line)
    first = ITEM.match(lines[0].text) or ZH_NUMBERED.match(lines[0].text)
    ordered = bool(first and any(first.groups()[1:]))
    return Part("list", _join(source, lines), tuple(_item(source, item) for item in items), ordered)


def _item(source: str, lines: list[Span]) -> Span:
    whole = _join(source, lines)
    match = ITEM.match(whole.text) or ZH_NUMBERED.match(whole.text)
    start = whole.start + (match.end() if match else 0)
    return Span(source[start : whole.end], start, whole.end)
