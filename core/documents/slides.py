"""Presentations (PPTX): a "page" for each slide with its title, bullets, tables, charts and notes. Child only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.documents.archive import check_archive, check_xml
from core.documents.child import PageText
from core.documents.clean import clean_markdown
from core.documents.picture_store import PictureStore
from core.documents.slide_text import Bullets, paragraphs_of, shape_blocks
from core.documents.table_text import Cell, pipe_table, table_markdown
from core.errors import UserError

_FURNITURE = ("DATE", "FOOTER", "SLIDE_NUMBER", "HEADER")
_TITLES = ("TITLE", "CENTER_TITLE", "VERTICAL_TITLE")
_DIAGRAM = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
_EMBED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}embed"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}dm"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_MAIN_PARTS = ("application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml",
               "application/vnd.openxmlformats-officedocument.presentationml.template.main+xml",
               "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml",
               "application/vnd.ms-powerpoint.template.macroEnabled.main+xml")
_GROUPS_DEEP = 12


class SlidesReader:
    """A presentation; there are no pictures of its slides."""

    def __init__(self, path: Path, pictures: PictureStore | None = None) -> None:
        self.pictures = pictures
        check_archive(path)
        check_xml(path)
        try:
            self.slides = list(_open(path).slides)
        except Exception:
            raise UserError("documents.error.damaged") from None
        self.total = len(self.slides)
        if not self.total:
            raise UserError("documents.error.no_pages")

    def page(self, number: int, picture: Path) -> PageText:
        """A slide."""
        return PageText(clean_markdown(slide_markdown(self.slides[number - 1], self.pictures)))


def _open(path: Path) -> Any:
    """The presentation; shows and templates, which python-pptx refuses, are presentations, too."""
    from pptx.opc.package import PartFactory
    from pptx.package import Package
    from pptx.parts.presentation import PresentationPart

    for kind in _MAIN_PARTS:
        PartFactory.part_type_for[kind] = PresentationPart
    return Package.open(str(path)).main_document_part.presentation


def slide_markdown(slide: Any, pictures: PictureStore | None = None) -> str:
    """Title, content in reading order, then the speaker's notes as a quote."""
    title = next((shape for shape in slide.placeholders if _placeholder(shape) in _TITLES), None)
    parts = []
    if title is not None and (text := " ".join(title.text_frame.text.replace("\v", " ").split())):
        parts.append(f"## {text}")
    shapes = [shape for shape in _flat(slide.shapes) if title is None or shape.shape_id != title.shape_id]
    for shape in in_reading_order(shapes):
        parts += _shape(shape, slide)
        parts += _picture(shape, slide, pictures) if pictures else []
    if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) is not None:
        lines = [text for _, text, _ in paragraphs_of(frame._txBody) if text.strip()]
        parts += ["\n>\n".join(f"> {line}" for line in lines)] if lines else []
    return "\n\n".join(parts)


def in_reading_order(shapes: list[Any]) -> list[Any]:
    """From top to bottom; shapes that stand side by side from left to right."""
    known = sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0))
    rows: list[list[Any]] = []
    for shape in known:
        if rows and _beside(rows[-1], shape):
            rows[-1].append(shape)
        else:
            rows.append([shape])
    return [shape for row in rows for shape in sorted(row, key=lambda one: one.left or 0)]


def _beside(row: list[Any], shape: Any) -> bool:
    """Whether a shape overlaps the first one of a row by half the height of the lower of both."""
    first = row[0]
    top, bottom = max(first.top or 0, shape.top or 0), min(_bottom(first), _bottom(shape))
    return bottom - top > 0.5 * max(1, min(first.height or 0, shape.height or 0))


def _bottom(shape: Any) -> int:
    return (shape.top or 0) + (shape.height or 0)


def _flat(shapes: Any, depth: int = 0) -> Iterator[Any]:
    """Shapes with something to read; groups are opened, their members stay together in place of the group."""
    for shape in shapes:
        if shape.shape_type is not None and shape.shape_type.name == "GROUP":
            if depth < _GROUPS_DEEP:
                yield from in_reading_order(list(_flat(shape.shapes, depth + 1)))
        elif _placeholder(shape) not in _FURNITURE:
            yield shape


def _placeholder(shape: Any) -> str:
    return shape.placeholder_format.type.name if shape.is_placeholder and shape.placeholder_format.type else ""


def _shape(shape: Any, slide: Any) -> list[str]:
    if getattr(shape, "has_table", False):
        return list(filter(None, [table_markdown(_rows(shape.table))]))
    if getattr(shape, "has_chart", False):
        return _chart(shape.chart)
    if shape.has_text_frame:
        return shape_blocks(shape, Bullets(shape, slide))
    return _diagram(shape, slide)


def _picture(shape: Any, slide: Any, pictures: PictureStore) -> list[str]:
    """The picture that a shape is or is filled with, as Markdown."""
    found = []
    for blip in shape._element.iter(f"{_A}blip"):
        relation = slide.part.rels.get(blip.get(_EMBED) or "")
        if relation is not None and not relation.is_external:
            said = next((e.get("descr") for e in shape._element.iter() if e.tag.endswith("}cNvPr")), None)
            found.append(pictures.keep(relation.target_part.blob, said or ""))
    return list(filter(None, found))


def _rows(table: Any) -> list[list[Cell]]:
    rows = []
    for row in range(len(table.rows)):
        cells = []
        for column in range(len(table.columns)):
            cell = table.cell(row, column)
            if not cell.is_spanned:
                text = "\n".join(text for _, text, _ in paragraphs_of(cell._tc.txBody)) if cell._tc.txBody is not None \
                    else ""
                cells.append(Cell(text, columns=cell.span_width))
            elif cell._tc.vMerge and not cell._tc.hMerge:
                cells.append(Cell("", columns=cell._tc.gridSpan, continues=True))
        rows.append(cells)
    return rows


def _chart(chart: Any) -> list[str]:
    """The numbers of a chart as a table; [] when the file does not hold them."""
    try:
        plot = next(iter(chart.plots))
        names = [str(name) for name in plot.categories]
        series = [(str(one.name or ""), list(one.values)) for one in plot.series]
        title = chart.chart_title.text_frame.text if chart.has_title and chart.chart_title.has_text_frame else ""
    except (StopIteration, KeyError, ValueError, AttributeError, TypeError, NotImplementedError, IndexError):
        return []
    if not names or not series:
        return []
    rows = [["", *(name for name, _ in series)]]
    for index, name in enumerate(names):
        values = [values[index] if index < len(values) else None for _, values in series]
        rows.append([name, *("" if value is None else f"{value:.10g}" for value in values)])
    return [*([" ".join(title.split())] if title.strip() else []), pipe_table(rows)]


def _diagram(shape: Any, slide: Any) -> list[str]:
    """The words of a SmartArt drawing as a list, in the order of its outline."""
    relation = next((e.get(_RELATION) for e in shape._element.iter(f"{{{_DIAGRAM}}}relIds")), None)
    if relation is None or relation not in slide.part.rels:
        return []
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(slide.part.rels[relation].target_part.blob, parser)
    except (etree.XMLSyntaxError, ValueError):
        return []
    points = [" ".join("".join(t.text or "" for t in point.iter(f"{_A}t")).split())
              for point in root.iter(f"{{{_DIAGRAM}}}pt")]
    lines = [re.sub(r"^(?=#)", r"\\", point) for point in points if point]
    return ["\n".join(f"- {line}" for line in lines)] if lines else []
