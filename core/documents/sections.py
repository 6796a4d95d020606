"""Documents without pages are cut into sections: before headings where there are any, else between paragraphs."""

from __future__ import annotations

import re

SECTION_CHARS = 6_000
_HEADING = re.compile(r"^#{1,6} \S")
_FENCE = re.compile(r"^ {0,3}(```|~~~)")


def split_sections(text: str, *, headings: bool = True, most: int = SECTION_CHARS) -> list[str]:
    """Sections of about `most` characters at the utmost, joined again they are the text. At least one.

    Cuts never fall into code fences, tables or paragraphs, unless one alone is far longer than `most`.
    """
    sections: list[str] = []
    current = ""
    for block in _blocks(text):
        starts = headings and bool(_HEADING.match(block)) and len(current) > most // 3
        if current and (len(current) + len(block) > most or starts and len(current) + len(block) > most // 2):
            sections.append(current)
            current = ""
        current += block
        while len(current) > 4 * most:
            sections.append(current[:4 * most])
            current = current[4 * most:]
    if current.strip() or not sections:
        sections.append(current)
    return _headings_down(sections)


def _blocks(text: str) -> list[str]:
    """Paragraphs with the blank lines after them; a fenced block is one."""
    blocks: list[str] = []
    current: list[str] = []
    fence = False
    for line in text.splitlines(keepends=True):
        if not fence and current and not current[-1].strip() and line.strip():
            blocks.append("".join(current))
            current = []
        if _FENCE.match(line):
            fence = not fence
        current.append(line)
    return [*blocks, "".join(current)] if current else blocks


def _headings_down(sections: list[str]) -> list[str]:
    """A heading at the end of a section belongs to the next one."""
    for index in range(len(sections) - 1):
        *body, last = _blocks(sections[index]) or [""]
        if body and _HEADING.match(last) and "\n" not in last.strip():
            sections[index] = "".join(body)
            sections[index + 1] = last + sections[index + 1]
    return sections
