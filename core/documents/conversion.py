"""Converts one document: limited children read its pages, several at a time; every finished page is stored at once."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.documents import record
from core.documents.clean import clean_markdown, language_of
from core.documents.crew import Crew, Reading, Stopped
from core.documents.detect import PAGED
from core.documents.engines import plan_for
from core.documents.levels import relevel
from core.documents.page_breaks import repeat_headers
from core.documents.page_words import take_words
from core.documents.picture_files import take_pictures
from core.documents.pictures import drop_repeats, masked
from core.documents.settings import KEEP_MEMORY, THREADS, ChildLimits, ConvertSettings
from core.documents.slots import Slots
from core.documents.types import Message
from core.errors import UserError
from core.jobs.sandbox import Limited, run_limited
from core.storage import Workspace, atomic_write
from core.storage.atomic import replace
from core.storage.locks import open_lock, try_lock
from core.storage.workspace import ClaimPaths, DocumentPaths

_DEADLY = (".page_time", ".page_memory", ".page_crash")
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass
class Conversion:
    """One sitting of work on one document.

    Args:
        job_id: whose work it is, for the journal.
        report: called with (finished pages, all pages).
        target: the function that the children run; by default that of the engine.
        only: a single page to read anew; the others stay as they are, and so does this one when that fails.
        slots: shared by all conversions of the process, which together never run more children than these.
    """

    ws: Workspace
    id: str
    settings: ConvertSettings
    job_id: str
    password: str = ""
    limits: ChildLimits = ChildLimits()
    target: str = ""
    should_stop: Callable[[], bool] = lambda: False
    report: Callable[[int, int], None] = lambda done, total: None
    log: Callable[[str], None] = lambda text: None
    only: int | None = None
    slots: Slots = field(default_factory=Slots)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _total: int | None = field(default=None, init=False)
    _skip: set[int] = field(default_factory=set, init=False)
    _begun: set[int] = field(default_factory=set, init=False)
    _settled: set[int] = field(default_factory=set, init=False)
    _again: set[int] = field(default_factory=set, init=False)
    _pace: float | None = field(default=None, init=False)
    _stored: bool = field(default=False, init=False)
    _crew: Crew | None = field(default=None, init=False)

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
            known = record.fold(paths)
        self._skip = set(known.readable)
        claims = self.ws.tmp_dir(near=self.ws.documents)
        self._crew = Crew(
            read=lambda reading: self._child(reading, claims), left=self._left, lost=lambda: self._lost(claims),
            give_up=lambda page, why: self._page_failed(page, UserError(f"documents.error.page_{why}").as_dict()),
            pace=lambda: self._pace, slots=self.slots, should_stop=self.should_stop,
            log=lambda text: self.log(f"{self.id} {text}"), parallel=self._paged)
        try:
            return self._finish(self._crew.work())
        finally:
            shutil.rmtree(claims, ignore_errors=True)

    def _read_one(self, number: int) -> str:
        """Reads one page anew, by the recipe of these settings, in a record that keeps its own."""
        claims, reading = self.ws.tmp_dir(near=self.ws.documents), Reading()
        if not self.slots.take(self.should_stop):
            raise Stopped
        try:
            outcome = reading.outcome = self._child(reading, claims, number)
        finally:
            self.slots.give()
            shutil.rmtree(claims, ignore_errors=True)
        state = self._finish(None)
        if reading.failure == "stopped":
            raise Stopped
        if not self._stored:
            self.log(f"{self.id} page {number}: {outcome.failure}\n{outcome.detail[-4000:]}")
            error = outcome.error if reading.failure == "error" else reading.refused
            if error:
                raise UserError(error["key"], **error.get("params", {}))
            raise UserError(f"documents.error.page_{reading.failure or 'damaged'}")
        return state

    @property
    def _paged(self) -> bool:
        return record.load_spec(self.ws.document(self.id))["kind"] in PAGED

    def _child(self, reading: Reading, claims: Path, only: int | None = None) -> Limited:
        paths, images = self.ws.document(self.id), self.ws.tmp_dir(near=self.ws.documents)
        spec, limits = record.load_spec(paths), self.limits
        most = limits.pages_per_child if spec["kind"] in PAGED else limits.sections_per_child
        plan = plan_for(self.ws, self.settings, spec["kind"], limits)
        try:
            return run_limited(
                self.target or plan.target, wall_s=plan.page_s * (limits.pages_per_child + 2),
                memory_bytes=plan.memory_bytes, file_bytes=plan.file_bytes, cwd=images,
                env={**plan.env, **KEEP_MEMORY, THREADS: str(self.slots.threads)},
                should_stop=lambda: self._interrupt(reading, plan.page_s),
                on_line=lambda line: self._take(reading, line, images),
                input={"path": str(paths.source(spec["kind"])), "kind": spec["kind"], "ocr": self.settings.ocr,
                       "password": self.password, "first": only or 1, "most": 1 if only else most,
                       "skip": [] if only else sorted(self._skip), "images": str(images), "claims": str(claims),
                       "ahead": self._crew is not None and self._crew.ahead, **plan.input})
        finally:
            shutil.rmtree(images, ignore_errors=True)

    def _interrupt(self, reading: Reading, page_s: float) -> bool:
        """Whether to end the child: asked to stop, or its present page takes too long."""
        reading.late = time.monotonic() - reading.clock > page_s
        return reading.late or (self._crew.ended_all() if self._crew else self.should_stop())

    def _left(self) -> int | None:
        """Pages that nobody has begun; None while their number is unknown."""
        with self._lock:
            return None if self._total is None else self._total - len(self._begun | self._skip)

    def _lost(self, claims: Path) -> list[int]:
        """Pages that were claimed by a child that ended before it could say so; each is given a second chance only."""
        with self._lock:
            missing = set(range(1, (self._total or 0) + 1)) - self._settled - self._skip
            fresh = missing - self._again
            self._again |= fresh
            self._begun -= fresh
        for number in fresh:
            ClaimPaths(claims).page(number).unlink(missing_ok=True)
        for number in missing - fresh:
            self._page_failed(number, UserError("documents.error.page_crash").as_dict())
        return sorted(fresh)

    def _take(self, reading: Reading, line: dict[str, Any], images: Path) -> None:
        """One line of the child; what it says is checked, for it may have been taken over by the file it reads."""
        if "total" in line:
            self._counted(max(0, int(line["total"])))
        elif "start" in line:
            number, reading.opened, reading.clock = int(line["start"]), True, time.monotonic()
            reading.pages.append(number)
            with self._lock:
                self._begun.add(number)
        elif "failed" in line:
            error = line.get("error")
            known = isinstance(error, dict) and {"key", "params"} <= error.keys()
            reading.refused = error if known else UserError("documents.error.page_damaged").as_dict()
            if not self.only:
                self._page_failed(int(line["failed"]), reading.refused)
            _ended(reading, int(line["failed"]))
        elif "page" in line:
            self._store(reading, line, images)
            _ended(reading, int(line["page"]))

    def _counted(self, total: int) -> None:
        with self._lock:
            if self._total != total:
                record.append(self.ws.document(self.id), "pages", total=total)
                self._total = total
                self._skip = {number for number in self._skip if number <= total}

    def _store(self, reading: Reading, line: dict[str, Any], images: Path) -> None:
        paths, number, text = self.ws.document(self.id), int(line["page"]), clean_markdown(str(line["markdown"]))
        if not paths.dir.is_dir():
            raise UserError("documents.error.missing")
        with self._lock:
            take_pictures(DocumentPaths(images), paths, text)
            take_words(DocumentPaths(images), paths, number)
            atomic_write(paths.markdown(number), text)
            picture = DocumentPaths(images).image(number)
            if line.get("image") and picture.is_file() and not picture.is_symlink():
                with picture.open("rb") as file:
                    if file.read(len(_PNG)) == _PNG:
                        replace(picture, paths.image(number))
            confidence = line.get("confidence")
            record.append(paths, "page", number=number, ok=True, source=str(line.get("source", "text")),
                          chars=len(text), confidence=float(confidence) if confidence is not None else None,
                          warnings=[{"key": str(key), "params": {}} for key in line.get("warnings", [])],
                          sizes=[float(size) for size in line.get("sizes", [])])
            took = time.monotonic() - reading.clock
            self._pace = took if self._pace is None else 0.8 * self._pace + 0.2 * took
        self._stored = True
        self._settle(number)

    def _page_failed(self, number: int, error: Message) -> None:
        with self._lock:
            record.append(self.ws.document(self.id), "page", number=number, ok=False, error=error)
        self._settle(number, failed=error["key"].endswith(_DEADLY))

    def _settle(self, number: int, failed: bool = False) -> None:
        """Counts a page that needs no further work in this sitting, and reports how far all are."""
        with self._lock:
            if self._crew and not failed:
                self._crew.deaths = 0
            self._settled.add(number)
            done = len(self._settled | self._skip)
            self.report(done, max(self._total or 0, done))

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


def _ended(reading: Reading, number: int) -> None:
    """Notes that a child is done with a page, for better or worse."""
    reading.pages = [page for page in reading.pages if page != number]
    reading.clock = time.monotonic()
