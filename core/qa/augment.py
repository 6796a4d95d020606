"""The job that asks the questions of a dataset in other words: new rows with the same answers, a version to undo."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from core import jobs
from core.datasets.columns import PARTS, Place, all_rows, placed_rows
from core.datasets.rows import Message, Row
from core.datasets.similar import bare
from core.datasets.versions import change, changeable
from core.errors import UserError
from core.jobs import JobContext, JobStopped, JobView
from core.llm.errors import Cancelled, ProviderError
from core.llm.opening import helper_key
from core.llm.pacing import run_many
from core.llm.parse import parse_reply
from core.llm.secrets import Secret, install_redaction, worker_environment
from core.llm.tokens import estimate
from core.llm.types import ChatClient
from core.llm.urls import parse_base_url
from core.qa.augment_settings import AugmentSettings
from core.qa.helper import helper_of
from core.qa.ledger import Call, Ledger, call_key
from core.qa.paraphrase import VERSION, Judged, Wording, judge, messages, reply_schema
from core.storage import Workspace

KIND = "augment"
MADE = "made"
"""Column that tells new rows from the others; their value is "paraphrase"."""
FAILURES_IN_A_ROW = 5


@dataclass(frozen=True)
class _Todo:
    place: Place
    question: str
    answer: str


def start_augment(ws: Workspace, dataset_id: str, settings: AugmentSettings,
                  key: str | Secret | None = None) -> JobView:
    """Starts the job; the key reaches it in its environment only. Its result names the dataset: ``ids``, ``added``.

    Raises UserError when the helper is the built-in one or not set up, or the rows cannot be asked in other words.
    """
    info = changeable(ws, dataset_id)
    if info.kind != "chat":
        raise UserError("qa_augment.error.kind", name=info.title)
    if settings.helper.kind == "builtin":
        raise UserError("qa_augment.error.builtin")
    secret = helper_key(ws, settings.helper, key)
    environment = worker_environment(parse_base_url(settings.helper.address).origin, secret)
    given = {"op": KIND, "dataset": dataset_id, "settings": settings.model_dump(mode="json")}
    return jobs.start(ws, KIND, given, title=info.title, env=environment)


def plain(row: Row) -> bool:
    """Whether a row has one question with one answer, and is not a new wording itself."""
    turns = [message.role for message in row.messages if message.role != "system"]
    return row.kind == "chat" and turns == ["user", "assistant"] and not row.calls_tools and MADE not in row.extra


def run(job: JobContext) -> None:
    """Handler of the job kind "augment". What was answered before a stop is not asked again."""
    install_redaction()
    settings, dataset_id = AugmentSettings.load(job.params["settings"]), job.params["dataset"]
    job.phase("paraphrase")
    todo = [_Todo(place, row.question, row.answer) for place, row in placed_rows(job.ws, dataset_id, "train")
            if plain(row)]
    todo = todo[:settings.most] if settings.most else todo
    if not todo:
        raise UserError("qa_augment.error.no_rows")
    taken = {bare(row.question) for _, row in all_rows(job.ws, dataset_id)}
    made, refused = _ask_all(job, settings, todo, taken)
    if job.should_stop():
        raise JobStopped
    added = sum(map(len, made.values()))
    if not added:
        raise UserError("qa_augment.error.none", count=sum(refused.values()))
    held_out = placed_rows(job.ws, dataset_id, PARTS[1])
    done = change(job.ws, dataset_id, _with_wordings(job.ws, dataset_id, made), held_out,
                  {"key": "dataset.change.augmented", "params": {"count": added}})
    job.result(ids=[done.id], rows=done.rows, held_out=done.held_out_rows, added=added, refused=dict(refused))


def _with_wordings(ws: Workspace, dataset_id: str, made: dict[Place, list[str]]) -> Iterator[tuple[Place, Row]]:
    """Every row to train on, followed by its new wordings, which come from where it does."""
    for place, row in placed_rows(ws, dataset_id, "train"):
        yield place, row
        for wording in made.get(place, ()):
            turns = tuple(Message("user", wording) if turn.role == "user" else turn for turn in row.messages)
            yield place, replace(row, messages=turns, query="", task="", extra={**row.extra, MADE: "paraphrase"})


def _ask_all(job: JobContext, settings: AugmentSettings, todo: list[_Todo], taken: set[str]
             ) -> tuple[dict[Place, list[str]], Counter[str]]:
    """(wordings that passed by row, refusals by gate). Raises ProviderError when the helper fails again and again."""
    made: dict[Place, list[str]] = {}
    refused: Counter[str] = Counter()
    failures = 0
    with Ledger(job.ws) as ledger, helper_of(job, settings.helper) as client:
        def work(one: _Todo) -> list[str]:
            return _asked(one, settings, client, ledger)

        for done, (one, future) in enumerate(run_many(todo, work, workers=settings.helper.concurrency,
                                                      should_stop=job.should_stop, room=client.pacer.room), 1):
            try:
                judged = judge(one.question, one.answer, future.result()[:settings.wordings], taken)
                failures = 0
            except Cancelled:
                continue
            except ProviderError as fault:
                failures += 1
                if fault.stops_job or failures >= FAILURES_IN_A_ROW:
                    raise
                judged = Judged(refused=Counter(("helper",)))
            if judged.kept:
                made[one.place] = judged.kept
            refused += judged.refused
            job.progress(done, len(todo), "rows")
    return made, refused


def _asked(one: _Todo, settings: AugmentSettings, client: ChatClient, ledger: Ledger) -> list[str]:
    """The helper's wordings for a question; an answered call is not made again."""
    helper, asked = settings.helper, messages(one.question, one.answer, settings.wordings)
    sampling: dict[str, Any] = {"temperature": helper.temperature, "top_p": helper.top_p, "seed": settings.seed,
                                "max_tokens": 200 + settings.wordings * (60 + 2 * estimate(one.question))}
    key = call_key(f"{helper.kind} {helper.address} {helper.model}", sampling, VERSION, asked)
    call = ledger.call(key)
    if call is None:
        began = time.monotonic()
        reply = client.complete(asked, schema=reply_schema(), deadline_s=helper.deadline_s, **sampling)
        call = Call(key, "paraphrase", "", helper.model, VERSION, "cut" if reply.finish_reason == "length" else "done",
                    reply=reply.text, finish_reason=reply.finish_reason, tokens_in=reply.prompt_tokens,
                    tokens_out=reply.completion_tokens, ms=int((time.monotonic() - began) * 1000))
        ledger.record_call(call)
    return [item.question for item in parse_reply(call.reply, call.finish_reason, Wording).items]
