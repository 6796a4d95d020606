"""What questions are written from: the documents that are ready, their pages, and what of these is left out."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from core import documents
from core.documents import DocumentInfo, Mark
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class Material:
    """One document as it is now.

    Attributes:
        pages: (number, Markdown) of all pages that can be read, in order.
        unused: by page, the parts that no questions are written from.
        doubtful: numbers of pages that are hard to read: their pairs ask for a look.
    """

    pages: Sequence[tuple[int, str]]
    unused: Mapping[int, Sequence[Mark]]
    doubtful: Collection[int] = ()

    @property
    def digest(self) -> str:
        """Equal for equal material."""
        text = "\n\n".join(markdown for _, markdown in self.pages)
        parts = [f"{page} {mark}" for page, marks in sorted(self.unused.items()) for mark in marks]
        return hashlib.sha256("\x1f".join([text, *parts]).encode("utf-8", "replace")).hexdigest()


def ready_documents(ws: Workspace, wanted: Collection[str] = ()) -> list[DocumentInfo]:
    """The documents that questions can be written from; those among `wanted` when any are named."""
    return [d for d in documents.list_documents(ws) if d.is_ready and (not wanted or d.id in wanted)]


def material(ws: Workspace, document_id: str) -> Material:
    """A document's pages, read from disk."""
    known = documents.find_document(ws, document_id)
    return Material(list(documents.page_texts(ws, document_id).items()), documents.unused(ws, document_id),
                    known.doubtful if known else ())
