"""What a page break cuts: tables that go on, and sentences that go on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.documents.classify import ends_sentence
from core.documents.text_lines import join_text

_ROW = re.compile(r"^\|.*\|$")
_RULE = re.compile(r"^\|(?: ?:?-+:? ?\|)+$")
_PIPE = re.compile(r"(?<!\\)\|")
_NOTES = re.compile(r"(?:^|\n)(?:\[\^\d{1,3}\]: .*\n*)+\Z")
_PLAIN = re.compile(r"^[^\W\d_]")


def repeat_headers(pages: dict[int, str]) -> dict[int, str]:
    """Pages by number; a table that goes on from the page before begins with that table's header.

    It does when it is the first thing on its page, the other is the last on the page before (footnotes apart), and both
    are as wide. The row that stood in place of a header becomes a row like the others.
    """
    written = dict(pages)
    for number in sorted(pages):
        above, below = _last_table(_apart(written.get(number - 1, ""))[0]), _first_table(written[number])
        if not above or not below or _width(above[0]) != _width(below[0]):
            continue
        rest = written[number].strip("\n").split("\n")[len(below):]
        rows = below[2:] if _same_row(below[0], above[0]) else [below[0], *below[2:]]
        written[number] = "\n".join([*above[:2], *rows, *rest]).strip("\n") + "\n"
    return written


def join_pages(texts: Sequence[str]) -> str:
    """All pages as one text: a table that goes on is one table, a sentence that goes on is one paragraph. Footnotes of
    pages that go on stand after what the page breaks had cut."""
    whole = notes = ""
    for text, more in (_apart(text.strip("\n")) for text in texts if text.strip()):
        above, below = _last_table(whole), _first_table(text)
        lines = text.split("\n")
        if above and below and above[0] == below[0]:
            whole = _with_rows(whole, lines[2:])
        elif _goes_on(whole.rpartition("\n")[2], lines[0]):
            head, newline, last = whole.rpartition("\n")
            whole = head + newline + "\n".join([join_text(last, lines[0]), *lines[1:]])
        else:
            whole = "\n\n".join(part for part in (whole, notes, text) if part)
            notes = ""
        notes = "\n\n".join(part for part in (notes, more) if part)
    return "\n\n".join(part for part in (whole, notes) if part) + "\n"


def _apart(text: str) -> tuple[str, str]:
    """The text of a page without the footnotes at its end, and these."""
    match = _NOTES.search(text)
    return (text[:match.start()].rstrip("\n"), match[0].strip("\n")) if match else (text, "")


def _same_row(one: str, other: str) -> bool:
    return "".join(one.split()) == "".join(other.split())


def _with_rows(whole: str, lines: list[str]) -> str:
    """A text that ends with a table, and the lines that follow its header on the next page. A first row whose first
    cell is empty is the rest of the row above, where that has one."""
    if lines and _ROW.match(lines[0]):
        head, newline, last = whole.rpartition("\n")
        above, below = (_PIPE.split(row)[1:-1] for row in (last, lines[0]))
        if len(above) == len(below) and above[0].strip() and not below[0].strip() and not _RULE.match(last):
            row = (f" {join_text(a.strip(), b.strip())} " for a, b in zip(above, below, strict=True))
            return "\n".join([f"{head}{newline}|{'|'.join(row)}|", *lines[1:]])
    return "\n".join([whole, *lines])


def _goes_on(last: str, first: str) -> bool:
    """Whether two lines of running text are one sentence: the first is open, the second does not begin anew."""
    if not (_PLAIN.match(last) and _PLAIN.match(first)) or ends_sentence(last) or last.endswith((":", "：")):
        return False
    return first[0].islower() or first[0] >= "\u2e80" and last[-1] >= "\u2e80"


def _first_table(text: str) -> list[str]:
    """The lines of the pipe table that a page begins with."""
    lines = text.strip("\n").split("\n")
    rows = next((i for i, line in enumerate(lines) if not _ROW.match(line)), len(lines))
    return lines[:rows] if rows >= 2 and _RULE.match(lines[1]) else []


def _last_table(text: str) -> list[str]:
    """The lines of the pipe table that a page ends with."""
    lines = text.rstrip("\n").split("\n")
    rows = next((i for i, line in enumerate(reversed(lines)) if not _ROW.match(line)), len(lines))
    table = lines[len(lines) - rows:]
    return table if rows >= 2 and _RULE.match(table[1]) else []


def _width(row: str) -> int:
    return len(_PIPE.findall(row)) - 1
