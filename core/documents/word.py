"""Word files (DOCX) through python-docx: headings, lists with their numbers, tables, code, footnotes. Child only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.documents.archive import check_archive, check_xml
from core.documents.child import PageText
from core.documents.clean import clean_markdown, literal
from core.documents.picture_store import PictureStore
from core.documents.sections import split_sections
from core.documents.table_text import Cell, table_markdown
from core.documents.word_changes import accept_changes
from core.documents.word_lists import Numbering
from core.documents.word_pictures import WordPictures
from core.documents.word_styles import Styles
from core.documents.word_text import Texts, qn
from core.errors import UserError

_MAIN_PARTS = ("application/vnd.ms-word.document.macroEnabled.main+xml",
               "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
               "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml")
_BOXES_DEEP, _MOST_COLUMNS = 4, 200


class WordReader:
    """A Word file; its "pages" are sections, because page breaks are made by the word processor, not by the file."""

    def __init__(self, path: Path, pictures: PictureStore | None = None) -> None:
        check_archive(path)
        check_xml(path)
        try:
            document = _open(path)
        except Exception:
            raise UserError("documents.error.damaged") from None
        self.sections = split_sections(clean_markdown(_Walk(document, pictures).markdown()))
        self.total = len(self.sections)

    def page(self, number: int, picture: Path) -> PageText:
        """A section; there is no picture."""
        return PageText(self.sections[number - 1])


def _open(path: Path) -> Any:
    """The document; templates and files with macros, which python-docx refuses, are documents, too."""
    from docx.opc.part import PartFactory
    from docx.package import Package
    from docx.parts.document import DocumentPart

    for kind in _MAIN_PARTS:
        PartFactory.part_type_for[kind] = DocumentPart
    return Package.open(str(path)).main_document_part.document


class _Walk:
    """Goes through the body once and writes Markdown."""

    def __init__(self, document: Any, pictures: PictureStore | None = None) -> None:
        self.pictures = WordPictures(document.part, pictures)
        self.body = document.element.body
        self.styles = Styles(document.styles.element)
        self.texts = Texts(document.part)
        self.numbering = Numbering(document.part, self.styles)
        self.parts: list[str] = []
        self.last = ""

    def markdown(self) -> str:
        """The whole document; footnotes stand at the end."""
        accept_changes(self.body)
        self._blocks(self.body)
        self._close_code()
        notes = [f"[^{number}]: {text}" for number, text in self.texts.footnotes()]
        return "\n\n".join(["\n".join(self.parts), *notes])

    def _blocks(self, parent: Any, depth: int = 0) -> None:
        """Paragraphs and tables; the text of a box follows the paragraph that the box is tied to."""
        for element in _flat(parent):
            if element.tag == qn("w:tbl"):
                if depth < _BOXES_DEEP and (only := _only_cell(element)) is not None:
                    self._blocks(only, depth + 1)  # a frame around text, not a table
                else:
                    self._add("table", table_markdown(self._rows(element)))
                    self._show(element)
                continue
            self._paragraph(element)
            self._show(element)
            for box in _boxes(element) if depth < _BOXES_DEEP else ():
                self._blocks(box, depth + 1)

    def _show(self, element: Any) -> None:
        """The pictures of a paragraph or table, after it."""
        for shown in self.pictures.of(element):
            self._add("picture", shown)

    def _add(self, kind: str, text: str) -> None:
        """Appends a block; items of a list follow each other without a blank line."""
        if text.strip():
            if kind != "code":
                self._close_code()
            tight = kind == self.last and kind in ("item", "code")
            self.parts.append(text if tight or not self.parts else f"\n{text}")
            self.last = kind

    def _close_code(self) -> None:
        if self.last == "code":
            self.parts.append("```")
            self.last = ""

    def _paragraph(self, element: Any) -> None:
        style = self.styles.of(element)
        if style.is_contents:
            return
        heading = style.outline_level
        if heading is None and (style.is_code or self.texts.all_code(element)):
            text = re.sub(r"^ {0,3}(?=```|~~~)", "    ", self.texts.plain(element), flags=re.M)
            if text.strip() or self.last == "code":
                self._add("code", text if self.last == "code" else f"```\n{text}")
                if self.last == "code" and not text.strip():
                    self.parts.append("")
            return
        text = " ".join(self.texts.inline(element).split(" "))
        number = self.numbering.next(element)
        if heading is not None:
            label = f"{number.label} " if number and number.label and not number.is_bullet else ""
            self._add("heading", f"{'#' * min(6, heading + 1)} {label}{' '.join(text.split())}" if text.strip() else "")
        elif number is not None and text.strip():
            mark = "-" if number.is_bullet or not number.plain else number.plain
            lines = text.strip().split("\n")
            indent = "    " * number.level
            self._add("item", f"{indent}{mark} " + f"\n{indent}  ".join(line.strip() for line in lines))
        else:
            text = "\n".join(line.strip() for line in text.split("\n")).strip()
            self._add("text", literal(text))

    def _rows(self, table: Any) -> list[list[Cell]]:
        rows = []
        for row in table.iterchildren(qn("w:tr")):
            cells = []
            for element in _cells(row):
                properties = element.find(qn("w:tcPr"))
                span = _attribute(properties, "w:gridSpan", "w:val")
                merge = properties.find(qn("w:vMerge")) if properties is not None else None
                follows = merge is not None and merge.get(qn("w:val")) in (None, "continue")
                cells.append(Cell(self._cell_text(element), columns=max(1, int(span or 1)), continues=follows))
            rows.append(_padding(row, "w:gridBefore") + cells + _padding(row, "w:gridAfter"))
        return rows

    def _cell_text(self, cell: Any) -> str:
        """Paragraphs of a cell as lines, those of lists with their marks."""
        lines = []
        for paragraph in _paragraphs(cell):
            text = self.texts.inline(paragraph).strip()
            number = self.numbering.next(paragraph)
            if number is not None and text:
                text = f"{'•' if number.is_bullet else number.label or number.plain} {text}"
            lines.append(text)
        return "\n".join(filter(None, lines))


def _flat(parent: Any) -> Iterator[Any]:
    """Paragraphs and tables in order, also those inside content controls."""
    for element in parent.iterchildren():
        if element.tag in (qn("w:p"), qn("w:tbl")):
            yield element
        elif element.tag in (qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:customXml"), qn("w:smartTag")):
            yield from _flat(element)


def _only_cell(table: Any) -> Any:
    """The cell of a table that has but one; None for other tables."""
    cells = [cell for row in table.iterchildren(qn("w:tr")) for cell in _cells(row)]
    return cells[0] if len(cells) == 1 else None


def _boxes(parent: Any) -> Iterator[Any]:
    """Text boxes below a paragraph, those of the newest notation only, without boxes inside boxes."""
    for element in parent.iterchildren():
        if element.tag == qn("w:txbxContent"):
            yield element
        elif element.tag != qn("mc:Fallback"):
            yield from _boxes(element)


def _paragraphs(parent: Any) -> Iterator[Any]:
    """All paragraphs of a cell, also of tables and boxes in it."""
    for element in parent.iterchildren():
        if element.tag == qn("w:p"):
            yield element
        if element.tag != qn("mc:Fallback"):
            yield from _paragraphs(element)


def _padding(row: Any, tag: str) -> list[Cell]:
    """Columns of the table that a row leaves out at its beginning or end."""
    columns = int(_attribute(row.find(qn("w:trPr")), tag, "w:val") or 0)
    return [Cell("", columns=columns)] if 0 < columns < _MOST_COLUMNS else []


def _cells(row: Any) -> Iterator[Any]:
    for element in row.iterchildren():
        if element.tag == qn("w:tc"):
            yield element
        elif element.tag in (qn("w:sdt"), qn("w:sdtContent")):
            yield from _cells(element)


def _attribute(properties: Any, tag: str, name: str) -> str | None:
    found = properties.find(qn(tag)) if properties is not None else None
    return found.get(qn(name)) if found is not None else None
