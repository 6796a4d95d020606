"""The commands of this step: documents in, questions and answers in the same ledger as the page, an exit code out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from core import documents, jobs
from core.errors import UserError
from core.i18n import t
from core.jobs import JobState, JobView
from core.qa.building import start_build
from core.qa.closed_book import start_closed_book
from core.qa.handing_on import make_dataset
from core.qa.known import knowledge
from core.qa.pairs import counts
from core.qa.settings import BuildSettings
from core.storage.workspace import Workspace

INCOMPLETE, INTERRUPTED = 1, 130
LOOK_S, STOP_S = 0.5, 60.0
Say = Callable[[str], None]


def build_command(
    ws: Workspace, files: Sequence[Path], settings: BuildSettings, *, key_file: Path | None = None, dataset: str = "",
    say: Say = print,
) -> int:
    """Builds; 0 when all is well, 1 when a part of a document gave no pairs, 130 when interrupted.

    A second call goes on where the first one ended. Raises UserError when nothing can be built.

    Args:
        files: imported and converted first; without any, the documents that are there are used.
        key_file: holds the key of the service; else the stored one is used.
        dataset: title of a dataset to make of the accepted pairs; "" for none.
    """
    try:
        key = key_file.read_text(encoding="utf-8").strip() if key_file else None
    except (OSError, UnicodeDecodeError):
        raise UserError("qa.error.key_file") from None
    if files:
        chosen = _converted(ws, files, say)
        settings = settings.model_copy(update={"documents": tuple(chosen)})
    job = start_build(ws, settings, key)
    ended = _followed(ws, job, say)
    if ended is None:
        return INTERRUPTED
    _report(ws, ended, say)
    if ended.state is not JobState.DONE:
        raise UserError(ended.error["key"], **ended.error.get("params", {})) if ended.error else \
            UserError("qa.error.build_ended")
    if dataset:
        made = make_dataset(ws, dataset)
        say(t("qa.cli.dataset", name=made.name, rows=made.rows, held_out=made.held_out_rows))
    return INCOMPLETE if counts(ws).chunks_failed else 0


def closed_book_command(ws: Workspace, model: str, say: Say = print) -> int:
    """Asks a base model all questions without the text and says what it knows; 0, 1 when some were left unanswered,
    130 when interrupted. Raises UserError when it cannot be asked."""
    ended = _followed(ws, start_closed_book(ws, model), say)
    if ended is None:
        return INTERRUPTED
    if ended.state is not JobState.DONE:
        raise UserError(ended.error["key"], **ended.error.get("params", {})) if ended.error else \
            UserError("known.error.ended")
    now = knowledge(ws)
    assert now is not None
    say(t("known.cli.counts", model=now.model.label, known=now.known, asked=now.asked, unsure=now.unsure,
          unknown=now.unknown))
    return INCOMPLETE if now.left else 0


def _converted(ws: Workspace, files: Sequence[Path], say: Say) -> list[str]:
    """Ids of the documents of these files. Raises UserError when none of them can be used."""
    given = [(path.resolve(), path.name) for path in files]
    for path, name in given:
        if not path.exists():
            raise UserError("qa.error.no_file", name=name)
    results = documents.import_files(ws, given)
    for result in results:
        if result.error and result.document_id is None:
            say(f"{result.label}: {UserError(result.error['key'], **result.error.get('params', {}))}")
    ids = [result.document_id for result in results if result.document_id]
    fresh = [id for id in ids if (known := documents.find_document(ws, id)) is None or not known.is_ready]
    if fresh:
        ended = _followed(ws, documents.start_convert(ws, fresh, documents.ConvertSettings()), say)
        if ended is None:
            raise KeyboardInterrupt
    ready = [id for id in ids if (known := documents.find_document(ws, id)) is not None and known.is_ready]
    if not ready:
        raise UserError("qa.error.no_documents")
    return ready


def _followed(ws: Workspace, job: JobView, say: Say) -> JobView | None:
    """Says how far a job is until it has ended; None when the person broke it off, which stops the job, too."""
    said = ""
    try:
        while not (now := jobs.view(ws, job.id)).state.is_terminal:
            line = _line(now)
            if line and line != said:
                say(line)
                said = line
            time.sleep(LOOK_S)
    except KeyboardInterrupt:
        jobs.request_stop(ws, job.id)
        jobs.wait(ws, job.id, STOP_S)
        say(t("qa.cli.interrupted"))
        return None
    return now


def _line(now: JobView) -> str:
    """"Writing questions and answers: 40 %", in steps of ten so that a log stays short."""
    if not now.phase:
        return ""
    area = {"build": "qa", "closed_book": "known"}.get(now.kind, "convert")
    share = f": {int(10 * (now.done or 0) / now.total) * 10} %" if now.total else ""
    return t(f"{area}.phase.{now.phase}") + share


def _report(ws: Workspace, ended: JobView, say: Say) -> None:
    for warning in ended.warnings:
        say(str(UserError(warning["key"], **warning.get("params", {}))))
    now = counts(ws)
    say(t("qa.cli.counts", pairs=now.total, facts=now.facts, refused=now.rejected))
    for gate, count in sorted(now.reasons.items(), key=lambda r: -r[1]):
        say(f"  {count:6}  {t(f'qa.gate.{gate}')}")
    if ended.result and ended.params.get("settings", {}).get("scope") == "gaps":
        key = "qa.ui.gaps_filled" if ended.result.get("added", 0) > 0 else "qa.ui.gaps_nothing"
        say(t(key, added=ended.result.get("added", 0), passages=ended.result.get("passages", 0)))
