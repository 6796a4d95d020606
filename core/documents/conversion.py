"""Converts one document: limited children read it page by page, every finished page is stored at once."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.documents import record
from core.documents.clean import clean_markdown, language_of
from core.documents.detect import PAGED
from core.documents.levels import relevel
from core.documents.page_breaks import repeat_headers
from core.documents.picture_files import take_pictures
from core.documents.pictures import drop_repeats, masked
from core.documents.settings import ChildLimits, ConvertSettings
from core.documents.types import Message
from core.errors import UserError
from core.jobs.sandbox import Limited, run_limited
from core.storage import Workspace, atomic_write
from core.storage.atomic import replace
from core.storage.locks import open_lock, try_lock
from core.storage.workspace import DocumentPaths

CHILD = "core.documents.child:run"
DEATHS_IN_A_ROW = 4
_PNG = b"\x89PNG\r\n\x1a\n"


class Stopped(Exception):
    """The person asked to stop; the finished pages are stored."""


@dataclass
class Conversion:
    """One sitting of work on one document.

    Args:
        job_id: whose work it is, for the journal.
        report: called with (finished pages, all pages).
        target: the function that the children run.
        only: a single page to read anew; the others stay as they are, and so does this one when that fails.
    """

    ws: Workspace
    id: str
    settings: ConvertSettings
    job_id: str
    password: str = ""
    limits: ChildLimits = ChildLimits()
    target: str = CHILD
    should_stop: Callable[[], bool] = lambda: False
    report: Callable[[int, int], None] = lambda done, total: None
    log: Callable[[str], None] = lambda text: None
    only: int | None = None
    _page: int | None = field(default=None, init=False)
    _clock: float = field(default=0.0, init=False)
    _late: bool = field(default=False, init=False)
    _next: int | None = field(default=None, init=False)
    _stored: bool = field(default=False, init=False)

    def run(self) -> str:
        """Converts the pages that are missing and returns "done", "partial" or "failed".

        Raises Stopped when asked to stop, UserError when another process converts this document now, or when the only
        page could not be read.
        """
        paths = self.ws.document(self.id)
        record.load_spec(paths)
        lock = open_lock(paths.lock)
        try:
            if not try_lock(lock):
                raise UserError("documents.error.converting")
            return self._read_one(self.only) if self.only else self._convert()
        finally:
            os.close(lock)

    def _convert(self) -> str:
        paths = self.ws.document(self.id)
        known = record.fold(paths)
        if (known.job_id, known.recipe) != (self.job_id, self.settings.recipe) or known.end is not None:
            record.append(paths, "sitting", job=self.job_id, recipe=self.settings.recipe)
        first, deaths = 1, 0
        while True:
            outcome = self._child(first)
            if outcome.failure == "":
                if self._next is None:
                    return self._finish(None)
                first, deaths = self._next, 0
                continue
            reason = "time" if self._late else outcome.failure
            self.log(f"{self.id} page {self._page}: {reason}\n{outcome.detail[-4000:]}")
            if reason == "stopped":
                raise Stopped
            if reason == "error":
                return self._finish(outcome.error)
            reason = reason if reason in ("time", "memory") else "crash"
            deaths += 1
            if self._page is None or deaths >= DEATHS_IN_A_ROW:
                return self._finish(UserError(f"documents.error.{reason}").as_dict())
            self._page_failed(self._page, UserError(f"documents.error.page_{reason}").as_dict())
            first = self._page + 1

    def _read_one(self, number: int) -> str:
        """Reads one page anew, by the recipe of these settings, in a record that keeps its own."""
        outcome = self._child(number)
        state = self._finish(None)
        if outcome.failure == "stopped":
            raise Stopped
        if not self._stored:
            self.log(f"{self.id} page {number}: {outcome.failure}\n{outcome.detail[-4000:]}")
            reason = "time" if self._late else outcome.failure
            if reason == "error" and outcome.error:
                raise UserError(outcome.error["key"], **outcome.error.get("params", {}))
            raise UserError(f"documents.error.page_{reason if reason in ('time', 'memory', 'crash') else 'damaged'}")
        return state

    def _child(self, first: int) -> Limited:
        paths, images = self.ws.document(self.id), self.ws.tmp_dir(near=self.ws.documents)
        spec, known = record.load_spec(paths), record.fold(paths)
        self._page, self._late, self._next, self._clock = None, False, None, time.monotonic()
        limits = self.limits
        most = limits.pages_per_child if spec["kind"] in PAGED else limits.sections_per_child
        most, skip = (1, []) if self.only else (most, sorted(known.readable))
        try:
            return run_limited(
                self.target, wall_s=limits.page_s * (limits.pages_per_child + 2), memory_bytes=limits.memory_bytes,
                file_bytes=limits.file_bytes, cwd=images, should_stop=self._interrupt,
                on_line=lambda line: self._take(line, images),
                input={"path": str(paths.source(spec["kind"])), "kind": spec["kind"], "ocr": self.settings.ocr,
                       "password": self.password, "first": first, "most": most,
                       "skip": skip, "images": str(images)})
        finally:
            shutil.rmtree(images, ignore_errors=True)

    def _interrupt(self) -> bool:
        """Whether to end the child: asked to stop, or the present page takes too long."""
        self._late = time.monotonic() - self._clock > self.limits.page_s
        return self._late or self.should_stop()

    def _take(self, line: dict[str, Any], images: Path) -> None:
        """One line of the child; what it says is checked, for it may have been taken over by the file it reads."""
        paths = self.ws.document(self.id)
        if "total" in line:
            record.append(paths, "pages", total=max(0, int(line["total"])))
        elif "start" in line:
            self._page = int(line["start"])
            self._clock = time.monotonic()
        elif "next" in line:
            self._next = int(line["next"])
        elif "failed" in line and not self.only:
            self._page_failed(int(line["failed"]), UserError("documents.error.page_damaged").as_dict())
        elif "page" in line:
            self._store(line, images)

    def _store(self, line: dict[str, Any], images: Path) -> None:
        paths, number, text = self.ws.document(self.id), int(line["page"]), clean_markdown(str(line["markdown"]))
        if not paths.dir.is_dir():
            raise UserError("documents.error.missing")
        take_pictures(DocumentPaths(images), paths, text)
        atomic_write(paths.markdown(number), text)
        picture = DocumentPaths(images).image(number)
        if line.get("image") and picture.is_file() and not picture.is_symlink():
            with picture.open("rb") as file:
                if file.read(len(_PNG)) == _PNG:
                    replace(picture, paths.image(number))
        confidence = line.get("confidence")
        record.append(paths, "page", number=number, ok=True, source=str(line.get("source", "text")), chars=len(text),
                      confidence=float(confidence) if confidence is not None else None,
                      warnings=[{"key": str(key), "params": {}} for key in line.get("warnings", [])],
                      sizes=[float(size) for size in line.get("sizes", [])])
        self._stored = True
        self._report()

    def _page_failed(self, number: int, error: Message) -> None:
        record.append(self.ws.document(self.id), "page", number=number, ok=False, error=error)
        self._report()

    def _report(self) -> None:
        known = record.fold(self.ws.document(self.id))
        self.report(len(known.pages), max(known.total or 0, len(known.pages)))

    def _finish(self, error: Message | None) -> str:
        """Writes how it ended: an empty result is a failure, and missing pages are not hidden."""
        paths = self.ws.document(self.id)
        known = record.fold(paths)
        readable = known.readable
        texts = {n: paths.markdown(n).read_text(encoding="utf-8") for n in sorted(readable)}
        sizes = {n: line.get("sizes", []) for n, line in readable.items()}
        is_ocr = any(line["source"] != "text" for line in readable.values())
        better = relevel(drop_repeats(texts), sizes, is_ocr)
        if record.load_spec(paths)["kind"] in PAGED:
            better = repeat_headers(better)
        for number, text in better.items():
            if text != texts[number]:
                atomic_write(paths.markdown(number), text)
        whole = len(readable) == known.total and not error
        if readable and not any(text.strip() for text in texts.values()):
            error = error or UserError(f"documents.error.{'no_text_ocr_off' if self._ocr_off(readable) else 'no_text'}"
                                       ).as_dict()
        if not readable or error and not any(text.strip() for text in texts.values()):
            state = "failed"
            error = error or self._only_reason(known)
        else:
            state = "done" if whole else "partial"
        sample = masked("\n".join(texts.values())[:40_000])
        record.append(paths, "end", state=state, error=error, language=language_of(sample))
        return state

    def _ocr_off(self, readable: dict[int, dict[str, Any]]) -> bool:
        return self.settings.ocr == "never" and any(line.get("warnings") for line in readable.values())

    def _only_reason(self, known: record.Record) -> Message:
        for line in known.pages.values():
            if not line["ok"]:
                return line["error"]
        return UserError("documents.error.no_text").as_dict()
