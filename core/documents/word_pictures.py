"""Pictures of Word files: drawings of today's notation and of the one before. Child only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.documents.picture_store import PictureStore
from core.documents.word_text import qn

_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_BLIP = "{http://schemas.openxmlformats.org/drawingml/2006/main}blip"
_DATA = "{urn:schemas-microsoft-com:vml}imagedata"
_OFFICE_TITLE = "{urn:schemas-microsoft-com:office:office}title"
_HOLDERS = ("inline", "anchor")


class WordPictures:
    """The pictures of one part of a file; none without a store."""

    def __init__(self, part: Any, store: PictureStore | None) -> None:
        self.part, self.store = part, store

    def of(self, element: Any) -> list[str]:
        """Markdown of the pictures below an element that its text boxes do not hold; linked ones are never fetched."""
        if self.store is None:
            return []
        return [shown for blip, said in _blips(element, "") if (shown := self.store.keep(self._bytes(blip), said))]

    def _bytes(self, blip: Any) -> bytes:
        id = blip.get(f"{_R}embed") or blip.get(f"{_R}id") or ""
        relation = self.part.rels.get(id)
        if relation is None or relation.is_external:
            return b""
        return bytes(getattr(relation.target_part, "blob", b""))


def _blips(parent: Any, said: str) -> Iterator[tuple[Any, str]]:
    """(element that names a picture, what the file says it shows)."""
    for element in parent.iterchildren():
        if not isinstance(element.tag, str) or element.tag in (qn("w:txbxContent"), qn("mc:Fallback"), qn("w:del")):
            continue
        if element.tag == _BLIP:
            yield element, said
        elif element.tag == _DATA:
            yield element, said or element.get(_OFFICE_TITLE) or ""
        else:
            own = _description(element) if element.tag.rpartition("}")[2] in _HOLDERS else ""
            yield from _blips(element, own or said)


def _description(holder: Any) -> str:
    for element in holder.iterchildren():
        if element.tag.endswith("}docPr"):
            return element.get("descr") or element.get("title") or ""
    return ""
