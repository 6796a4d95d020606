"""Tables as Markdown: pipes where every cell is one field, HTML only where cells span several."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """A cell as it stands in its row: `columns` fields wide; `continues` means merged with the cell above."""

    text: str
    columns: int = 1
    continues: bool = False


def table_markdown(rows: list[list[Cell]]) -> str:
    """The table; its first row is the header. Empty for a table without text, plain lines for a single cell."""
    rows = [row for row in rows if row]
    if not any(cell.text.strip() for row in rows for cell in row):
        return ""
    if len(rows) == 1 and len(rows[0]) == 1:
        return rows[0][0].text.strip()
    if any(cell.columns > 1 or cell.continues for row in rows for cell in row):
        return _as_html(rows)
    return pipe_table([[cell.text for cell in row] for row in rows])


def pipe_table(rows: list[list[str]]) -> str:
    """A pipe table; rows that are too short are filled up."""
    width = max(len(row) for row in rows)
    lines = [f"| {' | '.join(_field(text) for text in row + [''] * (width - len(row)))} |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


def _field(text: str) -> str:
    return "<br>".join(" ".join(line.split()) for line in text.strip().split("\n")).replace("|", "\\|")


def _as_html(rows: list[list[Cell]]) -> str:
    lines = ["<table>"]
    starts = [_starts(row) for row in rows]
    for index, row in enumerate(rows):
        tag, written = "th" if index == 0 else "td", ""
        for cell, start in zip(row, starts[index], strict=True):
            if cell.continues and index > 0:
                continue
            span = f' colspan="{cell.columns}"' if cell.columns > 1 else ""
            height = _height(rows, starts, index, start)
            span += f' rowspan="{height}"' if height > 1 else ""
            text = "<br>".join(html.escape(" ".join(line.split()), quote=False) for line in cell.text.split("\n"))
            text = re.sub(r"`([^`<>]+)`", r"<code>\1</code>", text)  # Markdown inside of HTML is not rendered
            written += f"<{tag}{span}>{text}</{tag}>"
        lines.append(f"<tr>{written}</tr>")
    return "\n".join([*lines, "</table>"])


def _starts(row: list[Cell]) -> list[int]:
    """The column in which each cell of a row begins."""
    starts, column = [], 0
    for cell in row:
        starts.append(column)
        column += cell.columns
    return starts


def _height(rows: list[list[Cell]], starts: list[list[int]], index: int, column: int) -> int:
    height = 1
    for row, begins in zip(rows[index + 1:], starts[index + 1:], strict=True):
        if column not in begins or not row[begins.index(column)].continues:
            break
        height += 1
    return height
