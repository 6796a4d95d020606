"""Converted documents without any conversion: pages and journal written as a conversion leaves them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core import documents
from core.documents import record
from core.storage import Workspace, atomic_write


def add_converted(ws: Workspace, folder: Path, label: str, pages: Sequence[str], **facts: Any) -> str:
    """A document with these pages; `facts` (source, confidence, warnings) go into the lines of all of them."""
    file = folder / "given.md"
    file.write_text("\n\n".join(pages) or " ", encoding="utf-8")
    [result] = documents.import_files(ws, [(file, label)])
    assert result.document_id, result.error
    paths = ws.document(result.document_id)
    record.append(paths, "sitting", job=None, recipe="auto-0")
    record.append(paths, "pages", total=len(pages))
    for number, text in enumerate(pages, 1):
        atomic_write(paths.markdown(number), text)
        line = {"source": "text", "confidence": None, "warnings": [], "chars": len(text), "sizes": [], **facts}
        record.append(paths, "page", number=number, ok=True, **line)
    record.append(paths, "end", state="done", error=None, language="en")
    return result.document_id
