"""The documents of a workspace: import, list, read and correct pages, delete."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.documents import record
from core.documents.clean import clean_label, clean_markdown
from core.documents.detect import ARCHIVE, sniff
from core.documents.page_breaks import join_pages
from core.documents.reading import forget_texts
from core.documents.settings import ImportLimits
from core.documents.types import DocumentInfo, ImportResult, PageInfo
from core.errors import UserError
from core.jobs.sandbox import run_limited
from core.storage import Workspace, atomic_write, new_id, publish_dir, remove_dir, require_space, write_json
from core.storage.folders import sha256
from core.storage.locks import open_lock, wait_lock
from core.storage.space import human_bytes
from core.storage.workspace import ArchivePaths, DocumentPaths, user_path

DEFAULT_LIMITS = ImportLimits()
UNPACK = "core.documents.unpack:run"
EXAMPLE_FILES = {"en": "Quillmere H4 handbook.pdf", "zh": "奎尔米 H4 用户手册.pdf"}


def import_files(ws: Workspace, files: Iterable[tuple[str | Path, str]],
                 limits: ImportLimits = DEFAULT_LIMITS) -> list[ImportResult]:
    """Copies files into the workspace, one result each; a file that is refused does not stop the others.

    A ZIP archive gives one result for each of its members.

    Args:
        files: (path, the name that the person gave). The name becomes a label and never part of a path.

    Raises UserError when all together are larger than the limit: then nothing is imported.
    """
    given = [(user_path(str(path)), clean_label(name)) for path, name in files]
    total = sum(path.stat().st_size for path, _ in given if path.is_file())
    if total > limits.total_bytes:
        raise UserError("documents.error.total_too_big", bytes=human_bytes(total),
                        limit=human_bytes(limits.total_bytes))
    return [result for path, label in given for result in _import_one(ws, path, label, limits)]


def import_example(ws: Workspace, lang: str) -> list[str]:
    """Adds the example handbook in one language; returns the ids of its documents."""
    path = ws.examples / f"handbook-{lang}.pdf"
    return [r.document_id for r in import_files(ws, [(path, EXAMPLE_FILES[lang])]) if r.document_id]


def find_document(ws: Workspace, id: str) -> DocumentInfo | None:
    """One document as it is now, `part_of` apart; None when there is no such document, or it is damaged."""
    try:
        return record.info(ws, id)
    except (UserError, OSError):
        return None


def list_documents(ws: Workspace) -> list[DocumentInfo]:
    """All documents, newest first; folders that are damaged are left to `fsck`."""
    found = []
    for folder in ws.documents.iterdir() if ws.documents.is_dir() else ():
        if folder.name.startswith(".") or not folder.is_dir():
            continue
        try:
            spec = ws.document(folder.name).spec
            found.append((spec.stat().st_mtime_ns, record.info(ws, folder.name)))
        except (UserError, OSError):
            continue
    whole = {part: info.id for _, info in found for part in info.parts}
    return [replace(info, part_of=whole.get(info.id)) for _, info in sorted(found, key=lambda pair: -pair[0])]


def pages(ws: Workspace, id: str) -> list[PageInfo]:
    """The pages that were converted or have failed, in order."""
    paths = ws.document(id)
    found = []
    known = record.fold(paths)
    for number in sorted(known.pages):
        info = record.page_info(known, number)
        if paths.edited(number).exists():
            info = replace(info, confidence=None, warnings=[], chars=len(page_markdown(ws, id, number)),
                           corrected=True)
        found.append(info)
    return found


def page_markdown(ws: Workspace, id: str, number: int, corrected: bool = True) -> str:
    """The text of a page, corrected by hand (unless not `corrected`) or as converted; empty when there is none."""
    paths = ws.document(id)
    for path in ([paths.edited(number)] if corrected else []) + [paths.markdown(number)]:
        try:
            return path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            continue
    return ""


def page_image(ws: Workspace, id: str, number: int) -> Path | None:
    """The PNG picture of a page; None for documents without pages of their own (Word, text)."""
    path = ws.document(id).image(number)
    return path if path.is_file() else None


def save_page_markdown(ws: Workspace, id: str, number: int, text: str) -> None:
    """Keeps a correction; it stays when the document is converted again. The converted text restores the page."""
    paths = ws.document(id)
    if number not in record.fold(paths).pages:
        raise UserError("documents.error.missing")
    text = clean_markdown(text)
    if paths.markdown(number).exists() and text == paths.markdown(number).read_text(encoding="utf-8"):
        paths.edited(number).unlink(missing_ok=True)
    else:
        atomic_write(paths.edited(number), text)
    forget_texts()


def is_corrected(ws: Workspace, id: str, number: int) -> bool:
    """Whether the page was corrected by hand."""
    return ws.document(id).edited(number).is_file()


def undo_correction(ws: Workspace, id: str, number: int) -> None:
    """Takes a correction back: the page is as it was converted."""
    ws.document(id).edited(number).unlink(missing_ok=True)
    forget_texts()


def document_markdown(ws: Workspace, id: str) -> str:
    """All pages as one text: tables and sentences that go on over a page break are one."""
    return join_pages([page_markdown(ws, id, page.number) for page in pages(ws, id)])


def delete_document(ws: Workspace, id: str) -> None:
    """Removes a document with its pages and corrections. Raises UserError while it is being converted."""
    paths = ws.document(id)
    if record.is_converting(ws, record.fold(paths)):
        raise UserError("documents.error.converting")
    remove_dir(paths.dir)


def _import_one(ws: Workspace, path: Path, label: str, limits: ImportLimits, inside: bool = False
                ) -> list[ImportResult]:
    """Imports a file, or the members of an archive; archives `inside` archives stay closed."""
    try:
        size = path.stat().st_size
        if size > limits.file_bytes:
            raise UserError("documents.error.too_big", bytes=human_bytes(size), limit=human_bytes(limits.file_bytes))
        kind = sniff(path, label)
        if kind != ARCHIVE:
            return [_store(ws, path, label, kind)]
        if inside:
            raise UserError("documents.error.archive_inside")
        return _import_members(ws, path, limits)
    except UserError as error:
        return [ImportResult(None, label, error.as_dict())]
    except OSError:
        return [ImportResult(None, label, UserError("documents.error.unreadable").as_dict())]


def _import_members(ws: Workspace, path: Path, limits: ImportLimits) -> list[ImportResult]:
    """Unpacks an archive in a limited child and imports what was in it. Raises UserError when nothing can be."""
    require_space(ws.documents, 2 * path.stat().st_size)
    folder = ArchivePaths(ws.tmp_dir(near=ws.documents))
    try:
        outcome = run_limited(UNPACK, wall_s=limits.unpack_s, memory_bytes=limits.unpack_memory, cwd=folder.dir,
                              file_bytes=limits.file_bytes, input={
                                  "path": str(path), "folder": str(folder.dir), "file_bytes": limits.file_bytes,
                                  "total_bytes": limits.total_bytes})
        if outcome.failure == "error" and outcome.error:
            raise UserError(outcome.error["key"], **outcome.error["params"])
        if outcome.failure:
            raise UserError("documents.error.time" if outcome.failure == "time" else "documents.error.damaged")
        results: list[ImportResult] = []
        for line in outcome.lines:
            label, member = clean_label(str(line["name"])), folder.member(line["member"])
            if line.get("error"):
                results.append(ImportResult(None, label, line["error"]))
            else:
                results += _import_one(ws, member, label, limits, inside=True)
                member.unlink(missing_ok=True)
        if not results:
            raise UserError("documents.error.archive_empty")
        return results
    finally:
        shutil.rmtree(folder.dir, ignore_errors=True)


def _store(ws: Workspace, path: Path, label: str, kind: str) -> ImportResult:
    size = path.stat().st_size
    require_space(ws.documents, 2 * size)
    lock = open_lock(ws.documents_lock)
    try:
        wait_lock(lock)
        checksum = sha256(path)
        for known in _specs(ws):
            if known[1]["sha256"] == checksum and known[1]["kind"] == kind:
                note = UserError("documents.error.duplicate", label=known[1]["label"]).as_dict()
                return ImportResult(known[0], label, note)
        paths = ws.document(new_id("doc"))
        aside = DocumentPaths(ws.tmp_dir(near=paths.dir))
        shutil.copyfile(path, aside.source(kind))
        write_json(aside.spec, {"label": label, "kind": kind, "bytes": size, "sha256": checksum})
        publish_dir(aside.dir, paths.dir)
    finally:
        os.close(lock)
    return ImportResult(paths.id, label)


def _specs(ws: Workspace) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for folder in ws.documents.iterdir() if ws.documents.is_dir() else ():
        try:
            found.append((folder.name, record.load_spec(ws.document(folder.name))))
        except UserError:
            continue
    return found


def known_ids(ws: Workspace, ids: Sequence[str]) -> list[str]:
    """Those ids, each once, whose documents exist."""
    return [id for id in dict.fromkeys(ids) if ws.document(id).spec.exists()]
