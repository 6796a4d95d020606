"""What the list of documents says: rows, states in words, problems, and what the primary button offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core import documents, jobs
from core.documents import DocumentInfo
from core.documents.detect import PAGED
from core.documents.record import JOINED
from webui.components.words import plain, size
from webui.page import Call

WAITING = ("new", "stopped")
DOUBTFUL = ("failed", "partial")
ORDER = {"failed": 0, "partial": 1, "converting": 2, "new": 3}
GLYPHS = {"new": "○", "converting": "◐", "stopped": "◐", "done": "✓", "partial": "!", "failed": "✗"}
PROBLEMS_SHOWN = 6


@dataclass(frozen=True)
class Snapshot:
    """All documents, doubtful ones first, and the conversion that runs or ran last."""

    documents: list[DocumentInfo]
    job: jobs.JobView | None

    @property
    def running(self) -> bool:
        """A conversion is at work."""
        return self.job is not None and not self.job.state.is_terminal

    @property
    def todo(self) -> list[DocumentInfo]:
        """Documents that wait for conversion."""
        return [d for d in self.documents if d.state in WAITING]

    @property
    def bad(self) -> list[DocumentInfo]:
        """Documents that failed or lack pages."""
        return [d for d in self.documents if d.state in DOUBTFUL]

    @property
    def listed(self) -> set[str]:
        """Those of them whose reason is said below the list."""
        return {d.id for d in self.bad[:PROBLEMS_SHOWN]}

    def find(self, document_id: str | None) -> DocumentInfo | None:
        """The document of that id, if it is still there."""
        return next((d for d in self.documents if d.id == document_id), None)


def snapshot(call: Call) -> Snapshot:
    """The present state, read from disk."""
    known = documents.list_documents(call.ws)
    ran = jobs.list_jobs(call.ws, "convert")
    return Snapshot(sorted(known, key=urgency), ran[0] if ran else None)


def urgency(document: DocumentInfo) -> tuple[bool, int, float]:
    """Sorts what needs a person first: failed, with pages missing, waiting, then by the share of doubtful pages."""
    doubt = len(document.doubtful) / max(1, document.done_pages)
    return document.part_of is not None, ORDER.get(document.state, 9), -doubt


def headers(call: Call) -> list[str]:
    """Column titles of the list."""
    return ["", *(call.t(f"documents.ui.column.{name}") for name in ("name", "state", "pages", "kind", "language",
                                                                     "size"))]


def row(call: Call, document: DocumentInfo, whole: DocumentInfo | None = None) -> list[str]:
    """One line of the list, without its tick; `whole` is the document that this one was joined into."""
    language = call.t(f"documents.ui.language.{document.language}") if document.language else "–"
    state = call.t("documents.ui.state.part", label=whole.label) if whole else state_words(call, document)
    return [document.label, state, str(document.pages or "–"), kind_words(call, document), language,
            size(document.bytes)]


def kind_words(call: Call, document: DocumentInfo) -> str:
    """The kind, and how its pages were read where that can differ: "PDF · OCR 93%"."""
    if document.kind == JOINED:
        return call.t("documents.ui.kind.joined")
    kind = document.kind.upper()
    if document.kind not in PAGED or not document.done_pages:
        return kind
    if not document.ocr_pages:
        return f"{kind} · {call.t('documents.ui.read.text')}"
    sure = f" {round(100 * document.confidence)}%" if document.confidence is not None else ""
    some = document.ocr_pages < document.done_pages
    return f"{kind} · {call.t('documents.ui.read.some' if some else 'documents.ui.read.ocr')}{sure}"


def how_read(call: Call, document: DocumentInfo) -> str:
    """How the pages of a scan were read, for its head; "" for documents with a text of their own."""
    if not document.ocr_pages or document.confidence is None:
        return ""
    return call.t("documents.ui.how_read", count=document.ocr_pages, percent=round(100 * document.confidence))


def state_words(call: Call, document: DocumentInfo) -> str:
    """The state with its sign, "◐ 3 of 12 pages" while converting."""
    state = document.state
    if state in ("converting", "stopped") and document.pages:
        return f"{GLYPHS[state]} " + call.t(f"documents.ui.state.{state}", done=document.done_pages or 0,
                                        total=document.pages)
    if state == "done" and document.doubtful:
        return "! " + call.t("documents.ui.state.look", count=len(document.doubtful))
    word = f"{state}_unknown" if state in ("converting", "stopped") else state
    return f"{GLYPHS.get(state, '')} " + call.t(f"documents.ui.state.{word}")


def problems(call: Call, snap: Snapshot) -> str:
    """One line for each document that failed or lacks pages: its name and why."""
    bad = snap.bad
    lines = [f"**{plain(d.label)}** · {reason(call, d)}" for d in bad[:PROBLEMS_SHOWN]]
    if len(bad) > PROBLEMS_SHOWN:
        lines.append(call.t("documents.ui.more_problems", count=len(bad) - PROBLEMS_SHOWN))
    return "\n\n".join(lines)


def reason(call: Call, document: DocumentInfo) -> str:
    """Why a document is not whole."""
    said = [call.say(document.error)] if document.error else [call.say(w) for w in document.warnings]
    return plain(" ".join(said)) or call.t(f"documents.ui.state.{document.state}")


def primary(call: Call, snap: Snapshot) -> dict[str, Any]:
    """Label and state of the convert button, and whether "Next" takes its place."""
    if snap.running:
        return {"value": call.t("documents.ui.converting"), "interactive": False, "visible": True}
    if snap.todo:
        return {"value": _count(call, "convert", len(snap.todo)), "interactive": True, "visible": True}
    if any(d.state in ("done", "partial") for d in snap.documents):
        return {"visible": False}
    failed = sum(d.state == "failed" for d in snap.documents)
    if failed:
        return {"value": _count(call, "again", failed), "interactive": True, "visible": True}
    return {"value": call.t("documents.ui.choose"), "interactive": False, "visible": True}


def _count(call: Call, verb: str, count: int) -> str:
    return call.t(f"documents.ui.{verb}_one") if count == 1 else call.t(f"documents.ui.{verb}", count=count)
