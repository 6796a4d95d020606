"""Books (EPUB 2 and 3): chapters in reading order; one "page" for each chapter or section of a long one. Child only."""

from __future__ import annotations

import posixpath
import re
import zipfile
from html.entities import html5
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from core.documents.archive import check_archive, check_xml
from core.documents.child import PageText
from core.documents.clean import clean_markdown
from core.documents.picture_store import PictureStore
from core.documents.sections import split_sections
from core.documents.web_markdown import HEADINGS, Writer, tag_of
from core.documents.web_notes import Notes
from core.documents.web_page import decode_page, parse
from core.errors import UserError
from core.storage.archives import UNREADABLE

_CHAPTER_TYPES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document")
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31};)")
_KEPT = ("amp;", "lt;", "gt;", "quot;", "apos;")


class BookReader:
    """A book; its "pages" are chapters, long ones cut into sections."""

    def __init__(self, path: Path, pictures: PictureStore | None = None) -> None:
        check_archive(path)
        check_xml(path, (".xml", ".opf", ".ncx", ".xhtml", ".html", ".htm"), doctype=True)
        try:
            with zipfile.ZipFile(path) as archive:
                self.sections = _Book(archive, pictures).sections()
        except UserError:
            raise
        except (*UNREADABLE, KeyError, SyntaxError):
            raise UserError("documents.error.damaged") from None
        self.total = len(self.sections)

    def page(self, number: int, picture: Path) -> PageText:
        """A section; there is no picture."""
        return PageText(self.sections[number - 1])


class _Book:
    """One open book."""

    def __init__(self, archive: zipfile.ZipFile, pictures: PictureStore | None = None) -> None:
        self.archive, self.pictures = archive, pictures
        self.names = set(archive.namelist())
        container = self._xml("META-INF/container.xml")
        root = next((e.get("full-path") for e in container.iter() if tag_of(e) == "rootfile"), None)
        if not root or root not in self.names:
            raise UserError("documents.error.damaged")
        self.folder = posixpath.dirname(root)
        package = self._xml(root)
        self.items = {e.get("id"): e for e in package.iter() if tag_of(e) == "item"}
        self.spine = [self.items[e.get("idref")] for e in package.iter()
                      if tag_of(e) == "itemref" and e.get("idref") in self.items]
        self._refuse_protected()

    def sections(self) -> list[str]:
        """Markdown of all chapters; notes stand at the end of the chapter that mentions them."""
        chapters = {name: self._chapter(name) for name in self._chapter_names()}
        places = {(name, e.get("id")): e for name, root in chapters.items() for e in root.iter()
                  if isinstance(e.tag, str) and e.get("id")}
        homes = {root: name for name, root in chapters.items()}

        def find(link: Any, target: str) -> Any:
            file, _, id = unquote(target).partition("#")
            home = homes.get(_top(link), "")
            return places.get((posixpath.normpath(posixpath.join(posixpath.dirname(home), file)) if file else home, id))

        notes, titles = Notes(find), self._titles()
        for root in chapters.values():
            notes.read(root)
        def show(element: Any, address: str, alt: str) -> str:
            return self._picture(homes.get(_top(element), ""), address, alt)

        writer, sections = Writer(notes, show), []
        for name, root in chapters.items():
            text = writer.markdown(root)
            title = titles.get(name, "")
            if text.strip() and title and not _has_heading(root) and not text.startswith(title):
                text = f"# {title}\n\n{text}"
            text = clean_markdown("\n\n".join([text, *notes.written(writer.markdown)]))
            if text.strip():
                sections += split_sections(text)
        return sections or [""]

    def _picture(self, chapter: str, address: str, alt: str) -> str:
        """The Markdown of a picture of the book; "" for what the archive does not hold or cannot be read."""
        if self.pictures is None:
            return ""
        if address.lstrip().lower().startswith("data:"):
            return self.pictures.keep_address(address, alt)
        name = self._name(posixpath.dirname(chapter), address)
        try:
            return self.pictures.keep(self.archive.read(name), alt) if name in self.names else ""
        except UNREADABLE:
            return ""

    def _chapter_names(self) -> list[str]:
        """Names of the chapters inside the archive, in reading order, without the table of contents."""
        found = []
        for item in self.spine:
            name = self._name(self.folder, item.get("href") or "")
            is_nav = "nav" in (item.get("properties") or "").split()
            if item.get("media-type") in _CHAPTER_TYPES and name in self.names and not is_nav:
                found.append(name)
        return list(dict.fromkeys(found))

    def _chapter(self, name: str) -> Any:
        text = decode_page(self.archive.read(name))
        try:
            root = _parse_xml(_plain_entities(re.sub(r"^\s*<\?xml[^>]*\?>", "", text)).encode("utf-8"))
        except (SyntaxError, ValueError):
            root = parse(text)
        body = next((e for e in root.iter() if tag_of(e) == "body"), root)
        parent = body.getparent()
        if parent is not None:
            parent.remove(body)
        return body

    def _titles(self) -> dict[str, str]:
        """What the table of contents calls the beginning of each file."""
        titles: dict[str, str] = {}
        for item in self.items.values():
            name = self._name(self.folder, item.get("href") or "")
            is_nav = "nav" in (item.get("properties") or "").split()
            if name not in self.names or not (is_nav or item.get("media-type") == "application/x-dtbncx+xml"):
                continue
            try:
                root = self._xml(name)
            except (SyntaxError, ValueError):
                continue
            for entry in root.iter():
                target, label = _entry(entry)
                if target and label and "#" not in target:
                    titles.setdefault(self._name(posixpath.dirname(name), target), label)
        return titles

    def _refuse_protected(self) -> None:
        if "META-INF/encryption.xml" not in self.names:
            return
        locked = {unquote(e.get("URI") or "") for e in self._xml("META-INF/encryption.xml").iter()
                  if tag_of(e) == "cipherreference"}
        if locked & set(self._chapter_names()):
            raise UserError("documents.error.protected")

    def _name(self, folder: str, href: str) -> str:
        return posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0])))

    def _xml(self, name: str) -> Any:
        return _parse_xml(_plain_entities(decode_page(self.archive.read(name))).encode("utf-8"))


def _parse_xml(raw: bytes) -> Any:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True,
                             remove_pis=True, encoding="utf-8")
    return etree.fromstring(raw, parser)


def _plain_entities(text: str) -> str:
    """Names such as ``&nbsp;``, which XML does not know, as characters."""
    return _ENTITY.sub(lambda match: match[0] if match[1] in _KEPT else html5.get(match[1], match[0]), text)


def _entry(element: Any) -> tuple[str, str]:
    """(file, title) when an element is an entry of a table of contents."""
    if tag_of(element) == "a":
        return element.get("href") or "", " ".join("".join(element.itertext()).split())
    if tag_of(element) == "navpoint":
        target = next((e.get("src") or "" for e in element if tag_of(e) == "content"), "")
        label = next((e for e in element if tag_of(e) == "navlabel"), None)
        return target, " ".join("".join(label.itertext()).split()) if label is not None else ""
    return "", ""


def _has_heading(root: Any) -> bool:
    return any(tag_of(e) in HEADINGS and "".join(e.itertext()).strip() for e in root.iter())


def _top(element: Any) -> Any:
    while element.getparent() is not None:
        element = element.getparent()
    return element
