"""Several converted documents as one, in order. The parts stay; deleting the whole brings them back."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.documents import record
from core.documents.clean import clean_label, language_of
from core.documents.library import list_documents
from core.documents.pictures import masked, picture_names
from core.documents.record import JOINED
from core.documents.types import DocumentInfo
from core.errors import UserError
from core.storage import Workspace, journal_append, new_id, publish_dir, write_json
from core.storage.locks import open_lock, wait_lock
from core.storage.workspace import DocumentPaths

_SAMPLE_CHARS = 40_000


def natural(name: str) -> list[tuple[int, int, str]]:
    """Key by which people order names: "part 2" before "part 10", letter case apart."""
    parts = re.split(r"(\d+)", name.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]


def join_documents(ws: Workspace, ids: Sequence[str], label: str = "") -> str:
    """Makes one document of several, ordered by their names, and returns its id.

    Args:
        label: its name; by default that of the first part.

    Raises UserError when there are fewer than two, one is not converted, or one is a part or a whole already.
    """
    lock = open_lock(ws.documents_lock)
    try:
        wait_lock(lock)
        known = {d.id: d for d in list_documents(ws)}
        parts = sorted((known[id] for id in dict.fromkeys(ids) if id in known), key=lambda d: natural(d.label))
        _check(parts)
        paths = ws.document(new_id("doc"))
        aside = DocumentPaths(ws.tmp_dir(near=paths.dir))
        try:
            _write(ws, aside, parts, clean_label(label or parts[0].label))
            publish_dir(aside.dir, paths.dir, only=(aside.spec.name,))
        except BaseException:
            shutil.rmtree(aside.dir, ignore_errors=True)
            raise
    finally:
        os.close(lock)
    return paths.id


def _check(parts: list[DocumentInfo]) -> None:
    if len(parts) < 2:
        raise UserError("documents.error.join_few")
    for part in parts:
        if part.kind == JOINED or part.part_of:
            raise UserError("documents.error.join_joined", label=part.label)
        if part.state not in ("done", "partial"):
            raise UserError("documents.error.join_not_converted", label=part.label)


def _write(ws: Workspace, whole: DocumentPaths, parts: list[DocumentInfo], label: str) -> None:
    checksum = hashlib.sha256("\n".join(part.sha256 for part in parts).encode("ascii")).hexdigest()
    write_json(whole.spec, {"label": label, "kind": JOINED, "bytes": sum(part.bytes for part in parts),
                            "sha256": checksum, "parts": [part.id for part in parts]})
    lines: list[dict[str, Any]] = []
    sample = ""
    number = 0
    whole.pages.mkdir()
    for part in parts:
        paths = ws.document(part.id)
        known = record.fold(paths)
        for old, line in sorted(known.readable.items()):
            number += 1
            text = _copy_page(paths, old, whole, number)
            sample += masked(text) if len(sample) < _SAMPLE_CHARS else ""
            lines.append({**{name: line.get(name) for name in ("source", "confidence", "warnings", "chars", "sizes")},
                          "type": "page", "ok": True, "number": number, "origin": [part.label, old]})
            lines += [{"type": "confirmed", "number": number}] if old in known.confirmed else []
            lines += [{"type": "use", "number": number, "use": known.use[old]}] if old in known.use else []
    head: list[dict[str, Any]] = [{"type": "sitting", "job": None, "recipe": JOINED},
                                  {"type": "pages", "total": number}]
    end: dict[str, Any] = {"type": "end", "state": "done", "error": None,
                           "language": language_of(sample[:_SAMPLE_CHARS])}
    for line in (*head, *lines, end):
        journal_append(whole.journal, line, durable=False)


def _copy_page(part: DocumentPaths, old: int, whole: DocumentPaths, number: int) -> str:
    """Copies text, correction and pictures of a page; returns its text."""
    text = ""
    for given, kept in ((part.markdown(old), whole.markdown(number)), (part.edited(old), whole.edited(number))):
        if given.is_file():
            shutil.copyfile(given, kept)
            text += given.read_text(encoding="utf-8", errors="replace")
    for given, kept in ((part.image(old), whole.image(number)), (part.words(old), whole.words(number))):
        if given.is_file():
            _share(given, kept)
    for name in picture_names(text):
        if part.picture(name).is_file() and not whole.picture(name).exists():
            whole.picture(name).parent.mkdir(exist_ok=True)
            _share(part.picture(name), whole.picture(name))
    return text


def _share(given: Path, kept: Path) -> None:
    """A second name for a file that is only ever replaced, never changed; a copy where the disk has no such names."""
    try:
        os.link(given, kept)
    except OSError:
        shutil.copyfile(given, kept)
