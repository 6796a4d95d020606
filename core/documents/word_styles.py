"""What Word's paragraph styles say: heading level, code, table of contents. Styles inherit from one another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from core.documents.word_text import MONOSPACED, qn

_HEADING = re.compile(r"^(?:heading|标题|überschrift|titre|título)\s*([1-9])$", re.I)
_TITLE = re.compile(r"^(?:title|标题|书名)$", re.I)
_CODE = re.compile(r"code|source|verbatim|preformatted|listing|代码", re.I)
_CONTENTS = re.compile(r"^(?:toc|目录)\s*\d", re.I)
_LIST = re.compile(r"^list (?:bullet|number|continue) ([2-5])$|^列表(?:项目符号|编号|接续) ([2-5])$", re.I)
_NO_LEVEL = 9


@dataclass(frozen=True)
class Style:
    """A paragraph style as it counts for Markdown.

    Args:
        outline_level: 0 is the highest heading, None is body text.
        numbering: the style's ``w:numPr`` element.
        list_depth: further nesting that the style's name tells ("List Bullet 2").
    """

    outline_level: int | None = None
    is_code: bool = False
    is_contents: bool = False
    numbering: Any = None
    list_depth: int = 0


class Styles:
    """The style sheet of one file."""

    def __init__(self, sheet: Any) -> None:
        self.elements = {style.get(qn("w:styleId")): style for style in sheet.iterchildren(qn("w:style"))}
        self.known: dict[str | None, Style] = {}
        self.default = next((id for id, style in self.elements.items() if style.get(qn("w:default")) == "1"
                             and style.get(qn("w:type")) == "paragraph"), None)

    def of(self, paragraph: Any) -> Style:
        """Style of a paragraph; an outline level of its own goes first."""
        properties = paragraph.find(qn("w:pPr"))
        named = properties.find(qn("w:pStyle")) if properties is not None else None
        style = self._style(named.get(qn("w:val")) if named is not None else self.default)
        own = properties.find(qn("w:outlineLvl")) if properties is not None else None
        if own is None:
            return style
        level = int(own.get(qn("w:val"), _NO_LEVEL))
        return Style(level if level < _NO_LEVEL else None, style.is_code, style.is_contents, style.numbering,
                     style.list_depth)

    def _style(self, id: str | None) -> Style:
        if id not in self.known:
            self.known[id] = Style()  # a style that inherits from itself ends here
            self.known[id] = self._read(self.elements[id]) if id in self.elements else Style()
        return self.known[id]

    def _read(self, element: Any) -> Style:
        based = element.find(qn("w:basedOn"))
        parent = self._style(based.get(qn("w:val"))) if based is not None else Style()
        name_element = element.find(qn("w:name"))
        name = (name_element.get(qn("w:val")) or "") if name_element is not None else ""
        fonts = element.find(f"{qn('w:rPr')}/{qn('w:rFonts')}")
        font = (fonts.get(qn("w:ascii")) or "").lower() if fonts is not None else ""
        level = element.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
        numbering = element.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
        outline = parent.outline_level
        if match := _HEADING.match(name):
            outline = int(match[1]) - 1
        elif level is not None:
            value = int(level.get(qn("w:val"), _NO_LEVEL))
            outline = value if value < _NO_LEVEL else None
        elif _TITLE.match(name):
            outline = 0
        is_code = parent.is_code or bool(_CODE.search(name)) or any(word in font for word in MONOSPACED)
        nested = _LIST.match(name)
        return Style(outline, is_code, bool(_CONTENTS.match(name)) or parent.is_contents,
                     numbering if numbering is not None else parent.numbering,
                     int(nested[1] or nested[2]) - 1 if nested else parent.list_depth)
