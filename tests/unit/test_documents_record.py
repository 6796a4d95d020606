"""What stays in memory of the records of documents."""

from __future__ import annotations

import pytest

from core.documents import record
from core.storage.workspace import DocumentPaths, Workspace


def grow(ws: Workspace, id: str, pages: int) -> DocumentPaths:
    """A journal that is looked at after each page, as the web page does while a document is converted."""
    paths = ws.document(id)
    paths.dir.mkdir(parents=True)
    record.append(paths, "sitting", job="job-1", recipe="r")
    for number in range(1, pages + 1):
        record.append(paths, "page", number=number, ok=True)
        assert len(record.fold(paths).pages) == number
    return paths


def test_a_growing_document_is_kept_once(ws: Workspace) -> None:
    paths = grow(ws, "doc-aaaaaaaaaa", 30)
    kept = [found for journal, (_, found) in record._KNOWN.items() if journal == paths.journal]
    assert [len(found.pages) for found in kept] == [30]
    assert record.fold(paths) is kept[0]


def test_many_long_documents_do_not_stay(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "MOST_PAGES", 50)
    monkeypatch.setattr(record, "_KNOWN", {})
    documents = [grow(ws, f"doc-{letter * 10}", 20) for letter in "abcd"]
    assert sum(len(found.pages) for _, found in record._KNOWN.values()) <= 50
    assert [len(record.fold(paths).pages) for paths in documents] == [20] * 4
