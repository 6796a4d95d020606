"""Elements of a web page or book as Markdown: headings, paragraphs, lists, code, tables, quotes. Child only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from core.documents.clean import fenced, literal, lowered, raised
from core.documents.table_text import table_markdown
from core.documents.web_math import formula_of
from core.documents.web_notes import Notes
from core.documents.web_tables import is_layout, table_cells, table_rows

HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
BLOCKS = frozenset("""address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption
    figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre search section summary
    table tbody td tfoot th thead tr ul caption""".split())
DROPPED = frozenset("""area applet audio base button canvas col colgroup datalist embed frame frameset head iframe
    input link map meta meter noembed noframes noscript object optgroup option param progress rp rt script
    select style svg template textarea title track video""".split())
_CODE = frozenset(("code", "kbd", "samp", "tt", "var"))
_DEEP = 120
_SPACES = re.compile(r"[ \t\r\n\f\xa0]+")
_WIDE = "[\u2e80-\u9fff\uff00-\uffef\u3000-\u303f]"
_WIDE_BREAK = re.compile(f"(?<={_WIDE})[ \t]*\n[ \t]*(?={_WIDE})")
_LANGUAGE = re.compile(r"(?:^|\s)(?:language|lang|brush|highlight-source|highlight|sourceCode)[-: ]"
                       r"([A-Za-z0-9+#.-]{1,20})")
_PLAIN_LANGUAGES = frozenset(("text", "plain", "plaintext", "none", "default", "txt", "nohighlight"))
_XLINK = "{http://www.w3.org/1999/xlink}href"
_BREAK = "\ue000"  # a line break while white space is collapsed; private use, dropped from what the page says


class Writer:
    """Writes Markdown of elements.

    Args:
        notes: knows which links are marks of footnotes.
        show: gives the Markdown of a picture, from its element, address and description; by default there is none.
    """

    def __init__(self, notes: Notes | None = None, show: Callable[[Any, str, str], str] | None = None) -> None:
        self.notes = notes or Notes()
        self.show = show or (lambda element, address, description: "")

    def markdown(self, element: Any) -> str:
        """All of an element as blocks."""
        return "\n\n".join(self.blocks(element))

    def blocks(self, element: Any, depth: int = 0) -> list[str]:
        """The blocks inside an element; text between blocks becomes paragraphs."""
        if depth > _DEEP:
            return _paragraph("".join(element.itertext()))
        written: list[str] = []
        inline: list[str] = [element.text or ""]
        for child in element:
            tag = tag_of(child)
            if tag in BLOCKS or tag not in DROPPED and tag and _holds_block(child):
                written += _paragraph("".join(inline))
                inline = []
                if not is_hidden(child) and not self.notes.is_note(child):
                    written += self._block(child, tag, depth + 1)
            else:
                inline.append(self._inline_element(child, tag, depth + 1))
            inline.append(child.tail or "")
        return written + _paragraph("".join(inline))

    def _block(self, element: Any, tag: str, depth: int) -> list[str]:
        if tag in HEADINGS:
            text = " ".join(self.inline(element, depth).split())
            return [f"{'#' * HEADINGS[tag]} {text}"] if text else []
        if tag in ("ul", "ol", "menu", "dir"):
            items = self._list(element, tag == "ol", depth)
            return ["\n".join(items)] if items else []
        if tag == "dl":
            return self._definitions(element, depth)
        if tag == "pre":
            return self._code(element)
        if tag == "table":
            return self._table(element, depth)
        if tag == "blockquote":
            quoted = "\n\n".join(self.blocks(element, depth))
            return ["\n".join(f"> {line}".rstrip() for line in quoted.split("\n"))] if quoted else []
        if tag == "hr":
            return []
        return self.blocks(element, depth)

    def inline(self, element: Any, depth: int = 0) -> str:
        """The text of an element as running text; line breaks are `_BREAK` until `_paragraph` or `lines`."""
        if depth > _DEEP:
            return "".join(element.itertext())
        parts = [element.text or ""]
        for child in element:
            parts += [self._inline_element(child, tag_of(child), depth + 1), child.tail or ""]
        return "".join(parts)

    def _inline_element(self, element: Any, tag: str, depth: int) -> str:
        if written := formula_of(element, tag):
            return written
        if tag == "svg" and not is_hidden(element):  # covers of books are often pictures within a drawing
            return "".join(self._picture(inner) for inner in element.iter() if tag_of(inner) == "image")
        if not tag or tag in DROPPED or is_hidden(element):
            return ""
        if tag == "img":
            return self._picture(element)
        if tag == "br":
            return _BREAK
        if tag == "wbr":
            return ""
        if tag == "a" and (mark := self.notes.mark(element)):
            return mark
        text = self.inline(element, depth)
        if tag == "sup" and "[^" not in text:
            return raised(text)
        if tag == "sub":
            return lowered(text)
        if tag in _CODE and text.strip() and tag != "var":
            return _inline_code(text)
        if tag in ("del", "s", "strike") and text.strip():
            return f"~~{text.strip()}~~"
        if tag == "q":
            return f"“{text}”"
        return f"{text} " if tag in BLOCKS and text.strip() else text

    def _picture(self, element: Any) -> str:
        address = element.get("src") or element.get("href") or element.get(_XLINK) or ""
        return self.show(element, address, element.get("alt") or element.get("title") or "") if address else ""

    def lines(self, element: Any, depth: int = 0) -> str:
        """The text of a table cell: its blocks as lines, items of lists with bullets."""
        written = []
        for block in self.blocks(element, depth):
            for line in block.split("\n"):
                line = re.sub(r"^( *)- ", r"\1• ", line).strip()
                written.append(re.sub(r"^\\(?=#|```|~~~)", "", line))
        return "\n".join(filter(None, written))

    def _list(self, element: Any, is_ordered: bool, depth: int) -> list[str]:
        number = _whole(element.get("start"), 1)
        items: list[str] = []
        for child in element:
            tag = tag_of(child)
            if not tag or is_hidden(child) or self.notes.is_note(child):
                continue
            if tag in ("ul", "ol"):  # a list put between items instead of into one
                items += [f"    {line}" for line in self._list(child, tag == "ol", depth + 1)]
                continue
            number = _whole(child.get("value"), number)
            blocks = self.blocks(child, depth + 1) if tag in BLOCKS else _paragraph(self.inline(child, depth))
            if blocks:
                items += _item(f"{number}." if is_ordered else "-", blocks)
                number += 1
        return items

    def _definitions(self, element: Any, depth: int) -> list[str]:
        written, term = [], ""
        for child in _through_divs(element):
            tag = tag_of(child)
            if tag == "dt":
                text = " ".join(self.lines(child, depth).split("\n"))
                term = f"{term}, {text}" if term and text else term or text
            elif tag == "dd":
                blocks = self.blocks(child, depth + 1)
                if term:
                    plain = len(blocks) == 1 and not re.match(r"```|\||- |\d+\. |#|>", blocks[0])
                    blocks = [f"{term}: {blocks[0]}"] if plain else [term, *blocks]
                written.append("\n".join(_item("-", blocks)) if blocks else "")
                term = ""
        return ["\n".join(filter(None, [*written, f"- {term}" if term else ""]))] if written or term else []

    def _code(self, element: Any) -> list[str]:
        text = "".join(_code_text(element)).replace("\r\n", "\n").replace("\xa0", " ").strip("\n").rstrip()
        language = language_of_code(element)
        return [fenced(text).replace("```", f"```{language}", 1)] if text.strip() else []

    def _table(self, element: Any, depth: int) -> list[str]:
        if is_layout(element):
            return [block for cell in table_cells(element) for block in self.blocks(cell, depth + 1)]
        caption = next((child for child in element if tag_of(child) == "caption"), None)
        rows = table_rows(element, lambda cell: self.lines(cell, depth + 1))
        text = table_markdown(rows)
        said = _paragraph(self.inline(caption, depth)) if caption is not None else []
        return [*said, text] if text else said


def tag_of(element: Any) -> str:
    """Name of an element in small letters without its name space; "" for comments and the like."""
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def is_hidden(element: Any) -> bool:
    """Whether a reader never sees it."""
    style = (element.get("style") or "").replace(" ", "").lower()
    return (element.get("hidden") is not None or (element.get("aria-hidden") or "").lower() == "true"
            or "display:none" in style or "visibility:hidden" in style)


def language_of_code(element: Any) -> str:
    """The programming language that the classes of a block of code name; "" when there is none."""
    near = [element, *(child for child in element if tag_of(child) == "code"), element.getparent()]
    for one in near:
        if one is not None and (match := _LANGUAGE.search(one.get("class") or "")):
            name = match[1].lower()
            return "" if name in _PLAIN_LANGUAGES else name
    return ""


def _holds_block(element: Any) -> bool:
    """Whether an inline element (a link, a span) has blocks in it that are worth paragraphs."""
    return any(tag_of(child) in BLOCKS for child in element.iter()) if len(element) else False


def _paragraph(text: str) -> list[str]:
    """A paragraph of running text; [] without any. Its lines are those that the page breaks itself."""
    text = _WIDE_BREAK.sub("", text)
    lines = [_SPACES.sub(" ", line).strip() for line in text.split(_BREAK)]
    joined = "\n".join(line for line in lines if line)
    return [literal(joined)] if joined.strip() else []


def _item(mark: str, blocks: list[str]) -> list[str]:
    """Lines of a list item; what follows its first line is indented."""
    first, *rest = blocks
    if re.match(r"- |\d+\. ", first):  # an item that holds nothing but a list
        return [line for block in blocks for line in block.split("\n")]
    lines = [f"{mark} " + first.replace("\n", "\n    ")] if not first.startswith("```") else \
        [mark, "    " + first.replace("\n", "\n    ")]
    for block in rest:
        is_list = re.match(r"- |\d+\. ", block)
        lines += ([] if is_list else [""]) + ["    " + block.replace("\n", "\n    ")]
    return [line for part in lines for line in part.split("\n")]


def _inline_code(text: str) -> str:
    inner = " ".join(text.replace(_BREAK, " ").split())
    ticks = "``" if "`" in inner else "`"
    lead, trail = (" " if part != part.strip() else "" for part in (text[:1], text[-1:]))
    space = " " if "`" in inner else ""
    return f"{lead}{ticks}{space}{inner}{space}{ticks}{trail}"


def _code_text(element: Any) -> Iterator[str]:
    """Characters of code as they stand; numbers of lines that the page prints beside it are left out."""
    yield element.text or ""
    for child in element:
        tag = tag_of(child)
        classes = (child.get("class") or "").lower()
        if tag == "br":
            yield "\n"
        elif tag and tag not in ("button", "script", "style") and not re.search(
                r"line-?numbers?\b|linenos?\b|gutter|lnt?\b", classes):
            yield from _code_text(child)
            yield "\n" if tag in ("div", "li", "tr", "p") and child.getnext() is not None else ""
        yield child.tail or ""


def _through_divs(element: Any) -> Iterator[Any]:
    for child in element:
        if tag_of(child) == "div":
            yield from _through_divs(child)
        else:
            yield child


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and re.fullmatch(r"-?\d{1,6}", text.strip()) else default
