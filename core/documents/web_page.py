"""Web pages (HTML files): the main content as Markdown. Nothing they name is fetched, no script is run. Child only."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from core.documents.child import PageText
from core.documents.clean import clean_markdown
from core.documents.picture_store import PictureStore
from core.documents.plain import decode
from core.documents.sections import split_sections
from core.documents.web_content import main_content, title_of
from core.documents.web_markdown import Writer
from core.documents.web_notes import Notes
from core.errors import UserError

_CHARSET = re.compile(rb"<(?:meta[^>]{0,200}?charset|\?xml[^>]{0,100}?encoding)\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,30})",
                      re.I)
_DECLARED = re.compile(r"^\s*<\?xml[^>]*\?>")
_GB = ("gb2312", "gbk", "x-gbk", "hz-gb-2312")


class WebReader:
    """A web page; its "pages" are sections."""

    def __init__(self, path: Path, pictures: PictureStore | None = None) -> None:
        self.sections = split_sections(clean_markdown(page_markdown(decode_page(path.read_bytes()), pictures)))
        self.total = len(self.sections)

    def page(self, number: int, picture: Path) -> PageText:
        """A section; there is no picture."""
        return PageText(self.sections[number - 1])


def decode_page(raw: bytes) -> str:
    """The text of a page: by its byte order mark, by the encoding it declares when that fits, else by guess."""
    found = _CHARSET.search(raw[:4096])
    if found and not raw.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        name = found[1].decode("ascii").lower()
        try:
            return raw.decode("gb18030" if name in _GB else name)
        except (UnicodeDecodeError, LookupError):
            pass  # it declares what it is not
    return decode(raw)


def page_markdown(text: str, pictures: PictureStore | None = None) -> str:
    """Markdown of a whole page, with the pictures that stand in the file itself. Raises UserError when it is no page
    at all."""
    document = parse(text)
    body = document.find(".//body")
    body = document if body is None else body
    by_id = {e.get("id") or e.get("name"): e for e in reversed(list(body.iter()))
             if isinstance(e.tag, str) and (e.get("id") or e.get("name"))}
    notes = Notes(lambda link, target: by_id.get(target.partition("#")[2]) if target.startswith("#") else None)
    content = main_content(body)
    notes.read(content)
    writer = Writer(notes, (lambda element, address, alt: pictures.keep_address(address, alt)) if pictures else None)
    title = title_of(document, content)
    parts = [f"# {title}" if title else "", writer.markdown(content), *notes.written(writer.markdown)]
    return "\n\n".join(filter(None, parts)) or _without_tags(text)


def _without_tags(text: str) -> str:
    """The words of a page that is nested too deep for any tree."""
    text = re.sub(r"(?is)<(script|style)\b.*?(?:</\1\s*>|\Z)|<!--.*?-->|<[^<>]*>", " ", text)
    return " ".join(html.unescape(text).split())


def parse(text: str) -> Any:
    """The tree of a page as browsers would build it, roughly. No entity is loaded, nothing is fetched."""
    from lxml import etree
    from lxml import html as lxml_html

    text = _DECLARED.sub("", text.replace("\0", "").replace("\ue000", "")).strip()
    parser = lxml_html.HTMLParser(huge_tree=True, remove_comments=True, remove_pis=True, no_network=True)
    try:
        return lxml_html.document_fromstring(text, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        raise UserError("documents.error.damaged") from None
