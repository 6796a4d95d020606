"""A document on disk: an immutable spec and a journal of conversions. Its state is computed from these."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from core import jobs
from core.documents.types import DocumentInfo, Message, PageInfo
from core.errors import UserError
from core.storage import Workspace, journal_append, journal_read, read_json
from core.storage.workspace import DocumentPaths

JOINED = "joined"  # the kind of a document that was made of others


@dataclass
class Record:
    """The journal, folded.

    Args:
        pages: maps page numbers to their last "page" line of the present recipe.
        confirmed: pages that a person found to be right as they were read.
        use: pages of which a person said whether questions are written from them.
    """

    job_id: str | None = None
    recipe: str = ""
    total: int | None = None
    pages: dict[int, dict[str, Any]] = field(default_factory=dict)
    end: dict[str, Any] | None = None
    confirmed: set[int] = field(default_factory=set)
    use: dict[int, bool] = field(default_factory=dict)

    @property
    def readable(self) -> dict[int, dict[str, Any]]:
        """The pages that were converted."""
        return {number: line for number, line in self.pages.items() if line["ok"]}


def load_spec(paths: DocumentPaths) -> dict[str, Any]:
    """Label, kind, bytes, sha256. Raises UserError when there is no such document, or its spec is damaged."""
    try:
        stat = paths.spec.stat()
        spec = _spec(paths.spec, stat.st_size, stat.st_mtime_ns)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError("documents.error.missing") from None
    if not isinstance(spec, dict) or not {"label", "kind", "bytes", "sha256"} <= spec.keys():
        raise UserError("storage.error.damaged", name=paths.spec.name)
    return dict(spec)


@lru_cache(maxsize=4096)
def _spec(spec: Path, size: int, changed: int) -> Any:
    return read_json(spec)


MOST_KNOWN, MOST_PAGES = 2048, 50_000  # documents and pages whose records stay in memory
_KNOWN: dict[Path, tuple[tuple[int, int], Record]] = {}
_LOCK = Lock()


def fold(paths: DocumentPaths) -> Record:
    """The present record of a document. The last one of each journal is kept: a document that is being converted has
    a new one with every page, and pages of a long document come to megabytes."""
    journal = paths.journal
    try:
        stat = journal.stat()
    except FileNotFoundError:
        return Record()
    stamp = (stat.st_size, stat.st_mtime_ns)
    with _LOCK:
        known = _KNOWN.get(journal)
    if known is not None and known[0] == stamp:
        return known[1]
    record = _fold(journal)
    with _LOCK:
        _KNOWN.pop(journal, None)
        _KNOWN[journal] = (stamp, record)
        pages = sum(len(kept.pages) for _, kept in _KNOWN.values())
        while len(_KNOWN) > 1 and (len(_KNOWN) > MOST_KNOWN or pages > MOST_PAGES):
            pages -= len(_KNOWN.pop(next(iter(_KNOWN)))[1].pages)
    return record


def _fold(journal: Path) -> Record:
    record = Record()
    for line in journal_read(journal)[0]:
        match line.get("type"):
            case "sitting":
                if line["recipe"] != record.recipe:
                    record.pages = {}
                record.job_id, record.recipe, record.end = line["job"], line["recipe"], None
            case "pages":
                record.total = line["total"]
                record.pages = {n: p for n, p in record.pages.items() if n <= line["total"]}
            case "page":
                record.pages[line["number"]] = line
                record.confirmed.discard(line["number"])
            case "confirmed":
                record.confirmed.add(line["number"])
            case "use":
                record.use[line["number"]] = bool(line["use"])
            case "end":
                record.end = line
    return record


def append(paths: DocumentPaths, type: str, **facts: Any) -> None:
    """Adds a line to the journal. Raises UserError when the document was deleted meanwhile."""
    if not paths.dir.is_dir():
        raise UserError("documents.error.missing")
    journal_append(paths.journal, {"type": type, **facts})


def info(ws: Workspace, id: str) -> DocumentInfo:
    """The document as it is now. Raises UserError when it does not exist or is damaged."""
    paths = ws.document(id)
    spec, record = load_spec(paths), fold(paths)
    known = {name: spec[name] for name in ("label", "kind", "bytes", "sha256")}
    readable = record.readable
    doubtful = doubtful_pages(paths, record)
    facts: dict[str, Any] = {"pages": record.total, "done_pages": len(readable), "job_id": record.job_id,
                             "doubtful": doubtful, "parts": tuple(spec.get("parts", ()))}
    facts["ocr_pages"], facts["confidence"] = _certainty(readable)
    end = record.end
    if end is not None:
        facts |= {"error": end.get("error"), "language": end.get("language", ""), "state": end["state"]}
        facts["warnings"] = _warnings(record, end, doubtful)
    elif is_converting(ws, record):
        facts["state"] = "converting"
    else:
        facts["state"] = "stopped" if readable else "new"
    return DocumentInfo(id=id, **known, **facts)


def is_converting(ws: Workspace, record: Record) -> bool:
    """Whether the record's last conversion still has to end, and its job is alive."""
    if record.end is not None or record.job_id is None:
        return False
    try:
        return not jobs.view(ws, record.job_id).state.is_terminal
    except UserError:
        return False


def page_info(record: Record, number: int) -> PageInfo:
    """A page as its journal line tells."""
    line = record.pages[number]
    if not line["ok"]:
        return PageInfo(number, warnings=[line["error"]])
    warnings = [] if number in record.confirmed else line.get("warnings", [])
    origin = (str(line["origin"][0]), int(line["origin"][1])) if line.get("origin") else None
    return PageInfo(number, line["source"], line.get("confidence"), warnings, line["chars"], origin=origin)


def doubtful_pages(paths: DocumentPaths, record: Record) -> tuple[int, ...]:
    """Numbers of converted pages with a warning that nobody has dealt with, in order."""
    return tuple(number for number, line in sorted(record.readable.items())
                 if line.get("warnings") and number not in record.confirmed and not paths.edited(number).exists())


def _certainty(readable: dict[int, dict[str, Any]]) -> tuple[int, float | None]:
    """(pages read from their picture, mean certainty of their letters)."""
    known = [(line["confidence"], max(1, line["chars"])) for line in readable.values()
             if line.get("confidence") is not None]
    letters = sum(chars for _, chars in known)
    count = sum(line["source"] != "text" for line in readable.values())
    return count, sum(sure * chars for sure, chars in known) / letters if letters else None


def _warnings(record: Record, end: dict[str, Any], doubtful: tuple[int, ...]) -> list[Message]:
    """Failed pages, grouped by reason, then what was to say of the whole document."""
    reasons: dict[str, list[int]] = {}
    for number, line in sorted(record.pages.items()):
        if not line["ok"]:
            key = line["error"]["key"]
            named = key.startswith("documents.error.page_")
            warning = key.replace(".error.page_", ".warning.pages_") if named else "documents.warning.pages_refused"
            reasons.setdefault(warning, []).append(number)
    said: list[Message] = [{"key": key, "params": {"pages": ranges(numbers)}} for key, numbers in reasons.items()]
    if doubtful:
        said.append({"key": "documents.warning.check_pages", "params": {"pages": ranges(list(doubtful))}})
    return said + end.get("warnings", [])


def ranges(numbers: list[int]) -> str:
    """Page numbers for people: 3, 7–9, 12; long lists are cut off."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    words = [str(a) if a == b else f"{a}–{b}" for a, b in runs]
    return ", ".join(words[:8]) + ("…" if len(words) > 8 else "")
