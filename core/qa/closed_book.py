"""The closed-book job: a base model is asked the questions without the text, so that what it knows already shows.

Every reply is a call of the ledger, stored with the verdicts that follow from it: a job that was stopped or killed
asks the rest only, and a model that was asked before is not asked again.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence

from core import jobs, models
from core.errors import UserError
from core.jobs import JobView
from core.jobs.context import JobContext, JobStopped
from core.llm.errors import Cancelled, ProviderError
from core.llm.opening import open_base
from core.llm.pacing import run_many
from core.llm.secrets import install_redaction
from core.llm.types import ChatClient, Message, Reply
from core.models.store import network_environment
from core.qa.asked import SAMPLING, STAGE, VERSION, conversation, key_of, renew, verdict
from core.qa.helper import stoppable
from core.qa.known import BaseModel, counted
from core.qa.ledger import Call, Ledger
from core.qa.starter import fetch_starter
from core.storage.workspace import Workspace

KIND = "closed_book"
DEADLINE_S = 1800.0
FAILURES_IN_A_ROW = 5
_ASKED = "pile IN ('ready', 'look') AND kind != 'absent'"
"""Pairs that are asked; what the documents leave open nobody can know."""


def start_closed_book(ws: Workspace, model: str = models.STARTER_ID) -> JobView:
    """Starts the job. Its result: ``known``, ``unsure``, ``unknown``, ``left`` (pairs).

    Args:
        model: the base model that would be trained: catalogue id or local folder.

    Raises UserError when there are no accepted pairs, the model cannot be used, or pairs are being written.
    """
    if not _any_pairs(ws):
        raise UserError("qa.error.no_pairs")
    if model != models.STARTER_ID:
        models.resolve(ws, model)
    return jobs.start(ws, KIND, {"model": model}, title=_label(model), lease="qa-main",
                      env=network_environment())


def run(job: JobContext) -> None:
    """Handler of the job kind "closed_book"; `job.params` holds the base model under "model"."""
    install_redaction()
    name = job.params["model"]
    if name == models.STARTER_ID:
        fetch_starter(job)
    folder = models.resolve(job.ws, name)
    model = BaseModel(models.fingerprint(folder), name, _label(name))
    job.phase("closed_book")
    with Ledger(job.ws) as ledger:
        with ledger.transaction() as db:
            db.execute("INSERT OR REPLACE INTO base_models (id, name, label, at) VALUES (?, ?, ?, ?)",
                       (model.id, model.name, model.label, time.time()))
            renew(db)
        try:
            if left := _left(ledger, model):
                with stoppable(job, open_base(job.ws, name)) as client:
                    _ask(job, ledger, model, client, left)
        finally:
            now = counted(ledger, model)
            job.result(known=now.known, unsure=now.unsure, unknown=now.unknown, left=now.left)
    if job.should_stop():
        raise JobStopped


def _label(name: str) -> str:
    """The catalogue's name of a base model, or the name of its folder."""
    label = models.label(name)
    return models.check_folder(name).path.name if label == name else label


def _any_pairs(ws: Workspace) -> bool:
    if not ws.qa().ledger.exists():
        return False
    with Ledger(ws) as ledger:
        return bool(ledger.one(f"SELECT 1 FROM rows WHERE {_ASKED} LIMIT 1"))


def _left(ledger: Ledger, model: BaseModel) -> dict[str, tuple[list[Message], list[sqlite3.Row]]]:
    """Conversations without a reply, by key, with the pairs that ask them; first wordings of all facts come first."""
    found: dict[str, tuple[list[Message], list[sqlite3.Row]]] = {}
    rows = ledger.query(f"SELECT id, question, answer, earlier, language FROM rows WHERE {_ASKED} AND known = '' "
                        "ORDER BY variant, document_id, ordinal, place")
    for row in rows:
        asked = conversation(row["question"], row["earlier"])
        found.setdefault(key_of(model, asked), (asked, []))[1].append(row)
    return found


def _ask(job: JobContext, ledger: Ledger, model: BaseModel, client: ChatClient,
         left: dict[str, tuple[list[Message], list[sqlite3.Row]]]) -> None:
    total = len(left)
    job.progress(0, total, "questions")
    failures = 0

    def work(key: str) -> tuple[Reply, int]:
        began = time.monotonic()
        reply = client.complete(left[key][0], deadline_s=DEADLINE_S, **SAMPLING)
        return reply, int((time.monotonic() - began) * 1000)

    for done, (key, future) in enumerate(run_many(list(left), work, workers=client.pacer.most,
                                                  should_stop=job.should_stop, room=client.pacer.room), 1):
        try:
            reply, ms = future.result()
        except Cancelled:
            continue
        except ProviderError as fault:
            failures += 1
            if fault.stops_job or failures >= FAILURES_IN_A_ROW:
                raise
            continue
        failures = 0
        _keep(ledger, model, key, reply, ms, left[key][1])
        job.progress(done, total, "questions")


def _keep(ledger: Ledger, model: BaseModel, key: str, reply: Reply, ms: int, rows: Sequence[sqlite3.Row]) -> None:
    """The reply and its verdicts in one transaction."""
    call = Call(key, STAGE, "", model.id, VERSION, "cut" if reply.finish_reason == "length" else "done",
                reply=reply.text, finish_reason=reply.finish_reason, tokens_in=reply.prompt_tokens,
                tokens_out=reply.completion_tokens, ms=ms)
    with ledger.transaction() as db:
        ledger.record_call(call, db)
        # A person may have changed a pair meanwhile: then this is no answer to it.
        db.executemany(
            "UPDATE rows SET known = ? WHERE id = ? AND question = ? AND answer = ? AND earlier = ?",
            [(verdict(reply.text, row), row["id"], row["question"], row["answer"], row["earlier"]) for row in rows])
