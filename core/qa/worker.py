"""The build job: documents → chunks → drafts → gates → rows. Stopped or killed at any moment, it can go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from core.errors import UserError
from core.jobs.context import JobContext, JobStopped
from core.llm.errors import Cancelled
from core.llm.pacing import run_many
from core.llm.secrets import install_redaction
from core.llm.types import ChatClient
from core.qa.absent import Nearest
from core.qa.asked import renew
from core.qa.chunk import Body, Span
from core.qa.coverage import gaps
from core.qa.generate import Work, facts_stated, language_for, recipe, with_builtin, with_service
from core.qa.helper import helper_of
from core.qa.ledger import Ledger
from core.qa.material import material, ready_documents
from core.qa.rows import find_duplicates, store_drafts
from core.qa.settings import LEAST, ROWS, BuildSettings
from core.qa.starter import fetch_starter

FAILURES_IN_A_ROW = 5


def run(job: JobContext) -> None:
    """Handler of the job kind "build"; `job.params` holds the settings under "settings"."""
    install_redaction()
    settings = BuildSettings.load(job.params["settings"])
    with Ledger(job.ws) as ledger:
        job.phase("chunks")
        known = sync_documents(job, ledger, settings)
        left = gaps(ledger, known) if settings.scope == "gaps" else {}
        before = ledger.one("SELECT COUNT(*) FROM rows WHERE pile IN ('ready', 'look')")
        try:
            if todo := _todo(ledger, settings, known, left):
                _generate(job, ledger, settings, _spread(todo) if settings.sample else todo, left)
        finally:
            job.phase("duplicates")
            find_duplicates(ledger)
            with ledger.transaction() as db:
                renew(db)
            now = ledger.one("SELECT COUNT(*) FROM rows WHERE pile IN ('ready', 'look')")
            job.result(**_totals(ledger, known), added=now - before, passages=sum(map(len, left.values())))
    if job.should_stop():
        raise JobStopped


def _todo(ledger: Ledger, settings: BuildSettings, known: list[str], left: dict[str, list[str]]) -> list[Span]:
    """The chunks to write about. The built-in helper has asked about all that its rules find: it fills no gaps."""
    if settings.scope != "gaps":
        return ledger.spans(known, missing_only=settings.scope == "missing", recipe=recipe(settings))
    if settings.helper.kind == "builtin":
        return []
    return [span for span in ledger.spans(known, missing_only=False, recipe="") if span.chunk.id in left]


def sync_documents(job: JobContext, ledger: Ledger, settings: BuildSettings) -> list[str]:
    """Reads the converted documents into the ledger and returns their ids."""
    ready = ready_documents(job.ws, settings.documents)
    if not ready:
        raise UserError("qa.error.no_documents")
    for number, document in enumerate(ready):
        job.check_stop()
        ledger.sync_document(document.id, document.label, material(job.ws, document.id), settings.chunk_tokens)
        job.progress(number + 1, len(ready), "documents")
    return [d.id for d in ready]


def _generate(job: JobContext, ledger: Ledger, settings: BuildSettings, todo: list[Span],
              left: dict[str, list[str]]) -> None:
    job.phase("generate")
    job.progress(0, len(todo), "chunks")
    bodies = {span.chunk.document_id: ledger.body(span.chunk.document_id) for span in todo}
    failed_in_a_row = accepted = 0
    with _client(job, settings, todo) as client:
        work = _worker(settings, client, ledger, list(bodies), left)
        spent_up = lambda: settings.exceeded(*ledger.spent)  # noqa: E731
        enough = lambda: bool(settings.sample) and accepted >= settings.sample or spent_up()  # noqa: E731
        workers = 1 if settings.helper.kind == "builtin" else 2 if settings.sample else settings.helper.concurrency
        for done, (span, future) in enumerate(
            run_many(todo, work, workers=workers, should_stop=lambda: job.should_stop() or enough(),
                     room=client.pacer.room if client else None), 1
        ):
            try:
                made = future.result()
            except Cancelled:
                continue
            accepted += _commit(ledger, settings, bodies[span.chunk.document_id], span, made)
            job.progress(done, len(todo), "chunks")
            if made.failure is None:
                failed_in_a_row = 0
                continue
            failed_in_a_row += 1
            job.warn(
                "qa.warning.chunk_failed",
                page=span.chunk.page_start,
                label=span.chunk.document_label,
                cause=made.failure.as_dict(),
            )
            if failed_in_a_row >= FAILURES_IN_A_ROW:
                raise made.failure
        if spent_up() and not job.should_stop():
            sent, received = ledger.spent
            raise UserError("qa.error.budget", tokens=f"{sent + received:,}",
                            cost=f"{settings.cost(sent, received):.2f}")


def _worker(settings: BuildSettings, client: ChatClient | None, ledger: Ledger, document_ids: list[str],
            left: dict[str, list[str]]) -> Callable[[Span], Work]:
    if settings.helper.kind == "builtin":
        wordings = {id: _wordings(settings, ledger, id) for id in document_ids}
        return lambda span: with_builtin(span.chunk, settings, client, ledger, wordings[span.chunk.document_id])
    assert client is not None
    nearest = Nearest.of(ledger)
    return lambda span: with_service(span.chunk, settings, client, ledger, nearest, left.get(span.chunk.id, ()))


def _wordings(settings: BuildSettings, ledger: Ledger, document_id: str) -> int:
    """Questions for each fact of a document; depends on that document alone, so that adding another changes nothing."""
    chunks = (span.chunk for span in ledger.spans([document_id], missing_only=False, recipe=""))
    return settings.wordings_for(0 if settings.wordings else facts_stated(chunks, ROWS // LEAST))


def _commit(ledger: Ledger, settings: BuildSettings, body: Body, span: Span, made: Work) -> int:
    """Rows and the chunk's outcome in one transaction; returns how many rows passed. What fills gaps adds to the rows
    that are there, and a fault of it leaves the chunk as finished as it was."""
    filling = settings.scope == "gaps"
    with ledger.transaction() as db:
        passed = 0
        if made.drafts or made.failure is None:
            passed = store_drafts(
                db, body, span, made.drafts, language_for(span.chunk, settings), made.last_key,
                strict=settings.helper.kind != "builtin", verdicts=made.verdicts, before=made.before, keep=filling,
            )
        if not filling:
            ledger.outcome(db, span.chunk.id, recipe(settings), made.failure.as_dict() if made.failure else None)
    return passed


@contextmanager
def _client(job: JobContext, settings: BuildSettings, todo: list[Span]) -> Iterator[ChatClient | None]:
    """The helper; None where rules alone write."""
    if settings.helper.kind == "builtin" and not _can_use_model(job, todo):
        yield None
        return
    with helper_of(job, settings.helper) as client:
        yield client


def _can_use_model(job: JobContext, todo: list[Span]) -> bool:
    """Whether the built-in question writer is here and there is English text for it; else rules alone write."""
    from core.qa.writer import adapter_available

    if not any(span.chunk.language == "en" for span in todo):
        return False
    fetch_starter(job)
    job.phase("generate")
    return adapter_available(job.ws)


def _spread(spans: list[Span]) -> list[Span]:
    """For a sample: from all over the documents (van der Corput order, always the same)."""
    return [spans[i] for i in sorted(range(len(spans)), key=lambda i: int(f"{i:020b}"[::-1], 2))]


def _totals(ledger: Ledger, known: list[str]) -> dict[str, Any]:
    marks = ", ".join("?" * len(known))
    states = dict(
        map(
            tuple,
            ledger.query(f"SELECT pile, COUNT(*) FROM rows WHERE document_id IN ({marks}) GROUP BY pile", *known),
        )
    )
    failed = ledger.one(
        f"SELECT COUNT(*) FROM outcomes o JOIN chunks c ON c.id = o.chunk_id WHERE o.state = 'failed' "
        f"AND c.retired = 0 AND c.document_id IN ({marks})",
        *known,
    )
    return {
        "accepted": states.get("ready", 0) + states.get("look", 0),
        "rejected": states.get("rejected", 0),
        "failed_chunks": failed,
        "finished_at": time.time(),
    }
