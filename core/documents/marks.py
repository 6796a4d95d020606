"""Parts of a document that state nothing worth a question: contents pages and lists of references. By rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

CONTENTS, REFERENCES, PAGE = "contents", "references", "page"
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.*?)[ \t#]*$")
_NUMBERED = r"(?:\d{1,2}(?:\.\d{1,2})*[.、)]?|第?[一二三四五六七八九十]{1,3}[章节、.]|[IVX]{1,5}\.|[A-Z]\.)?\s*"
_CONTENTS_TITLE = re.compile(
    r"^\W*(?:table of contents|contents|brief contents|list of (?:figures|tables|illustrations)|目\s*录|目\s*次"
    r"|(?:图|表|插图|表格|图表)\s*目\s*录)\W*$", re.I)
_REFERENCES_TITLE = re.compile(
    rf"^\W*{_NUMBERED}(?:references(?: cited| and (?:notes|further reading))?|bibliography|works cited|literature cited"
    r"|参\s*考\s*(?:文\s*献|资\s*料|书\s*目)|引用\s*文献)\W*$", re.I)
_AFTER_REFERENCES = re.compile(
    rf"^\W*{_NUMBERED}(?:appendi(?:x|ces)|附\s*录|glossary|index|索\s*引|acknowledg|致\s*谢)", re.I)
_ENTRY = re.compile(r"^(?P<title>.*?[^\W\d_].*?)(?P<lead>(?:[ \t]*[.．…·•_-]){3,}[ \t]*|[ \t]*\|[ \t]*|[ \t]+)"
                    r"(?P<page>\d{1,4}|[ivxl]{1,6})[ \t]*\|?[ \t]*$")
_LEADERS = re.compile(r"(?:[.．…·][ \t]?){4,}[ \t]*(?:\d{1,4}|[ivxl]{1,6})\b")
_CITED = re.compile(r"^\W{0,3}(?:\[\d{1,3}\]|［\d{1,3}］|\(\d{1,3}\)|\d{1,3}[.)、])\s*\S"
                    r"|\b(?:19|20)\d\d[a-z]?\b|\bdoi\b|https?:|\barXiv\b|\bet al\b|\[[JMDCRNPSZ](?:/OL)?\]", re.I)
_FEW_ENTRIES, _FEW_TITLED, _FEW_CITED = 6, 3, 3
_ENTRY_CHARS, _LINE_CHARS = 160, 4_000
_APART = 4  # lines between entries that may be something else: rules of tables, titles


@dataclass(frozen=True)
class Mark:
    """Characters `start:end` of a page's Markdown are of this kind: "contents", "references", or "page" (all of it)."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class _Line:
    page: int
    start: int
    end: int
    text: str

    @property
    def level(self) -> int:
        """Of a heading, 1 to 6; 0 for other lines."""
        found = _HEADING.match(self.text)
        return len(found[1]) if found else 0

    @property
    def title(self) -> str:
        """The words of a line, without the signs of a heading or emphasis."""
        found = _HEADING.match(self.text)
        return (found[2] if found else self.text).replace("**", "").strip()


def marks_of(texts: Mapping[int, str]) -> dict[int, list[Mark]]:
    """What a document's pages hold of contents and references; page numbers without any are left out."""
    lines = [line for number in sorted(texts) for line in _lines(number, texts[number])]
    found: dict[int, list[Mark]] = {}
    runs = [(CONTENTS, run) for run in _contents(lines)] + [(REFERENCES, run) for run in _references(lines)]
    for kind, run in runs:
        for page in dict.fromkeys(line.page for line in run):
            mine = [line for line in run if line.page == page]
            found.setdefault(page, []).append(Mark(kind, mine[0].start, mine[-1].end))
    return {page: sorted(marks, key=lambda mark: mark.start) for page, marks in sorted(found.items())}


def _lines(page: int, text: str) -> Iterator[_Line]:
    at = 0
    for raw in text.splitlines(keepends=True):
        if raw.strip():
            yield _Line(page, at, at + len(raw.rstrip("\r\n")), raw.strip("\r\n"))
        at += len(raw)


def _contents(lines: list[_Line]) -> Iterator[list[_Line]]:
    """Runs of entries, each with the page that it is on, in rising order; under a title few are enough."""
    at = 0
    while at < len(lines):
        titled = bool(_CONTENTS_TITLE.match(lines[at].title)) and len(lines[at].text) < 60
        first = at + titled
        end = _end_of_entries(lines, first, titled)
        run = lines[first:end]
        entries = [line for line in run if _is_entry(line)]
        if run and _is_contents(entries, run, titled):
            yield lines[at:end]
            at = end
        else:
            at += 1


def _end_of_entries(lines: list[_Line], first: int, titled: bool) -> int:
    """Index after the last entry of a run that begins at `first`; one other line between entries may be a chapter's
    title without a page."""
    end, misses = first, 0
    for index in range(first, len(lines)):
        if index - end > _APART:
            break
        if _is_entry(lines[index]) and (titled or _leaders(lines[index]) or "](#" in lines[index].text):
            end, misses = index + 1, 0
        elif re.fullmatch(r"[\s|:-]+", lines[index].text) or _CONTENTS_TITLE.match(lines[index].title):
            continue
        else:
            misses += 1
            if misses > 1 or len(lines[index].text) > _ENTRY_CHARS:
                break
    return end


def _is_entry(line: _Line) -> bool:
    """A short line that ends with the number of a page, or several entries that were joined to one line."""
    text = line.title.strip("| ")
    if _leaders(line) > 1:
        return True
    if len(text) > _ENTRY_CHARS:
        return False
    found = _ENTRY.match(re.sub(r"^(?:[-*•]|\d+\.)\s+", "", text) if line.level == 0 else text)
    return found is not None and not found["title"].rstrip().endswith(("=", ":", "："))


def _leaders(line: _Line) -> int:
    return len(_LEADERS.findall(line.text[:_LINE_CHARS]))


def _is_contents(entries: list[_Line], run: list[_Line], titled: bool) -> bool:
    leaders = sum(map(_leaders, entries))
    if not titled:
        return leaders >= _FEW_ENTRIES
    if leaders >= _FEW_TITLED:
        return True
    numbers = [int(found["page"]) for line in entries
               if len(line.text) <= _ENTRY_CHARS
               and (found := _ENTRY.match(line.title.strip("| "))) and found["page"].isdigit()]
    rising = sum(a <= b for a, b in zip(numbers, numbers[1:], strict=False))
    return len(numbers) >= _FEW_TITLED and rising >= 0.8 * (len(numbers) - 1) and len(entries) >= 0.6 * len(run)


def _references(lines: list[_Line]) -> Iterator[list[_Line]]:
    """From a title to the next heading as high, or to what may follow references; when there are some."""
    at = 0
    while at < len(lines):
        line = lines[at]
        if not (len(line.text) < 60 and _REFERENCES_TITLE.match(line.title)):
            at += 1
            continue
        end = next((index for index in range(at + 1, len(lines)) if _ends_references(lines[index], line)), len(lines))
        entries = [one for one in lines[at + 1:end] if not one.level]
        cited = sum(bool(_CITED.search(one.text)) for one in entries)
        if cited >= _FEW_CITED and cited >= 0.5 * len(entries):
            yield lines[at:end]
        at = max(end, at + 1)


def _ends_references(line: _Line, title: _Line) -> bool:
    if _AFTER_REFERENCES.match(line.title) and (line.level or len(line.text) < 40):
        return True
    return 0 < line.level <= (title.level or 6)
