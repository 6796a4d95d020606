"""From a chunk to drafts: with a service through recorded calls, or with the built-in question writer."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.llm.errors import ProviderError
from core.llm.parse import Rejected, parse_reply
from core.llm.tokens import estimate, estimate_messages
from core.llm.types import ChatClient, Reply
from core.qa.absent import Nearest, judge_absent
from core.qa.checking import second_look
from core.qa.dialogue import write_dialogue
from core.qa.gates import Verdict
from core.qa.kinds import ABSENT, DIALOGUE, USUAL, fact_kinds, wishes
from core.qa.ledger import Call, Ledger, call_key
from core.qa.request import PROMPT_VERSION, FactItem, facts_wanted, messages, reply_schema, reply_tokens
from core.qa.settings import LEAST, BuildSettings
from core.qa.types import Chunk, Draft, Language

CHECK_VERSION, RULES_VERSION = "1", "2"
MOST_CALLS = 4
"""Calls for one chunk: the first, and up to three that continue a cut reply or repeat an unreadable one."""


@dataclass
class Work:
    """What became of one chunk so far."""

    drafts: list[Draft] = field(default_factory=list)
    last_key: str = ""
    failure: ProviderError | None = None
    verdicts: dict[Draft, list[Verdict]] = field(default_factory=dict)
    before: dict[Draft, Draft] = field(default_factory=dict)


class Unreadable(ProviderError):
    """All replies for a chunk were unreadable or cut before the first fact."""

    def __init__(self) -> None:
        super().__init__("unreadable")


def recipe(settings: BuildSettings) -> str:
    """Names everything but the text that decides what a helper writes."""
    helper = settings.helper
    parts = [
        helper.kind,
        helper.address,
        helper.model,
        helper.temperature,
        helper.top_p,
        settings.wordings,
        settings.language,
        settings.most_facts,
        settings.seed,
        PROMPT_VERSION,
    ]
    if helper.kind == "builtin":
        parts.append(RULES_VERSION)
    else:
        parts += [CHECK_VERSION, settings.judge, settings.kinds, settings.audience, settings.tone, settings.examples]
    return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()[:16]


def language_for(chunk: Chunk, settings: BuildSettings) -> Language:
    """The language of questions and answers: the document's unless another is chosen."""
    return chunk.language if settings.language == "document" or settings.helper.kind == "builtin" else settings.language


def with_service(
    chunk: Chunk,
    settings: BuildSettings,
    client: ChatClient,
    ledger: Ledger,
    nearest: Nearest | None = None,
    only: Sequence[str] = (),
) -> Work:
    """Asks for facts until the reply is whole, at most MOST_CALLS times. Recorded replies are not asked for again.

    Args:
        nearest: finds passages that may answer what is said to be left open.
        only: passages of the chunk to ask about, instead of all of it.

    Raises ProviderError when the whole job should stop; other faults are in `Work.failure`.
    """
    work, items = Work(), list[FactItem]()
    wanted, wordings = facts_wanted(chunk, settings.most_facts), settings.wordings or LEAST
    again, attempt, language = False, ledger.failures(chunk.id), language_for(chunk, settings)
    wished = wishes(language, fact_kinds(settings.kinds), settings.audience, settings.tone, settings.examples)
    for _ in range(MOST_CALLS):
        left = wanted - len(items)
        asked = messages(chunk, language, wordings, left, [i.quote for i in items], again, wished, only)
        limit = reply_tokens(chunk, wordings, left)
        try:
            call = _asked_once(chunk, settings, client, ledger, asked, limit, attempt)
        except ProviderError as fault:
            if fault.stops_job:
                raise
            work.failure = fault
            break
        work.last_key = call.key
        parsed = parse_reply(call.reply, call.finish_reason, FactItem)
        _keep_rejects(ledger, call, parsed.rejects)
        fresh = [i for i in parsed.items if i.quote not in {k.quote for k in items}]
        items += fresh[:left]
        if parsed.complete or len(items) >= wanted:
            break
        if not fresh and again:
            work.failure = Unreadable() if not items else None
            break
        again = not fresh
    work.drafts = _drafts([_said(item, language, settings) for item in items], wordings)
    _look_again(work, chunk, settings, client, ledger, attempt, nearest)
    if not items and again and work.failure is None:
        work.failure = Unreadable()
    return work


def _look_again(
    work: Work, chunk: Chunk, settings: BuildSettings, client: ChatClient, ledger: Ledger, attempt: int,
    nearest: Nearest | None,
) -> None:
    """Repair and judgement. A fault of the helper leaves the drafts as they are; one that stops the job is raised."""

    def ask(stage: str, asked: list[dict[str, str]], schema: dict[str, Any], limit: int) -> Call | None:
        try:
            return _asked_once(chunk, settings, client, ledger, asked, limit, attempt, stage, schema)
        except ProviderError as fault:
            if fault.stops_job:
                raise
            return None

    language = language_for(chunk, settings)
    checked = second_look(chunk, language, work.drafts, settings.judge, ask)
    work.drafts, work.before = checked.drafts, checked.before
    if DIALOGUE in settings.kinds and work.drafts:
        wished = wishes(language, USUAL, settings.audience, settings.tone, settings.examples)
        work.drafts += write_dialogue(chunk, language, wished, ask)
    work.verdicts = checked.verdicts | judge_absent(chunk, language, work.drafts, nearest or Nearest.of(ledger), ask)


def _asked_once(
    chunk: Chunk,
    settings: BuildSettings,
    client: ChatClient,
    ledger: Ledger,
    asked: list[dict[str, str]],
    limit: int,
    attempt: int,
    stage: str = "facts",
    schema: dict[str, Any] | None = None,
) -> Call:
    helper = settings.helper
    sampling: dict[str, Any] = {
        "temperature": helper.temperature,
        "top_p": helper.top_p,
        "seed": settings.seed + attempt,
        "max_tokens": limit,
    }
    key = call_key(f"{helper.kind} {helper.address} {helper.model}", sampling, PROMPT_VERSION, asked)
    if known := ledger.call(key):
        return known
    began = time.monotonic()
    base: dict[str, Any] = {"key": key, "stage": stage, "chunk_id": chunk.id, "model": helper.model,
                            "prompt_version": PROMPT_VERSION}
    try:
        reply = client.complete(
            asked, schema=schema or reply_schema(fact_kinds(settings.kinds)),
            deadline_s=helper.deadline_s, **sampling,
        )
        if reply.context_full:
            raise ProviderError("context_full")
    except ProviderError as fault:
        ledger.record_call(Call(**base, state="failed", ms=_ms(began), error=json.dumps(fault.as_dict())))
        raise
    call = _call(base, reply, _ms(began), estimate_messages(asked))
    ledger.record_call(call)
    return call


def _call(base: dict[str, Any], reply: Reply, ms: int, sent: int) -> Call:
    """The call as it is recorded; a service that counts no tokens has them estimated."""
    return Call(
        **base,
        state="cut" if reply.finish_reason == "length" else "done",
        reply=reply.text,
        finish_reason=reply.finish_reason,
        tokens_in=reply.prompt_tokens or sent,
        tokens_out=reply.completion_tokens or estimate(reply.text + reply.reasoning),
        ms=ms,
    )


def facts_stated(chunks: Iterable[Chunk], enough: int) -> int:
    """How many facts the chunks state by rules; counting ends at `enough`."""
    from core.qa.facts import extract_facts

    found = 0
    for chunk in chunks:
        found += len(extract_facts(chunk))
        if found >= enough:
            break
    return found


def with_builtin(
    chunk: Chunk, settings: BuildSettings, client: ChatClient | None, ledger: Ledger, wordings: int
) -> Work:
    """Facts by rules and questions by the shipped question writer; one ledger entry a chunk.

    Args:
        wordings: questions wanted for each fact.
    """
    from core.qa.facts import extract_facts
    from core.qa.writer import write_pairs

    key = call_key(
        "builtin",
        {"wordings": wordings, "seed": settings.seed, "model": bool(client), "rules": RULES_VERSION},
        PROMPT_VERSION,
        [chunk.id, chunk.text, list(chunk.heading_path), chunk.language],
    )
    known = ledger.call(key)
    if known is None:
        began = time.monotonic()
        drafts = write_pairs(chunk, extract_facts(chunk), client, wordings=wordings, seed=settings.seed)
        known = Call(
            key,
            "builtin",
            chunk.id,
            "builtin",
            PROMPT_VERSION,
            finish_reason="stop",
            ms=_ms(began),
            reply=json.dumps([{k: v for k, v in d.__dict__.items() if k != "earlier"} for d in drafts],
                             ensure_ascii=False),
        )
        ledger.record_call(known)
    return Work([Draft(**d) for d in json.loads(known.reply)], key)


Writer = Callable[[Chunk], Work]


def _said(item: FactItem, language: Language, settings: BuildSettings) -> FactItem:
    """An item of a kind that was asked for; what the text leaves open has one answer."""
    kinds = fact_kinds(settings.kinds)
    kind = item.kind if item.kind in kinds else "fact" if kinds[0] == "absent" else kinds[0]
    return item.model_copy(update={"kind": kind, "answer": ABSENT[language] if kind == "absent" else item.answer})


def _drafts(items: list[FactItem], wordings: int) -> list[Draft]:
    return [
        Draft(question, item.answer, item.quote, f"f{number}", item.kind, variant)
        for number, item in enumerate(items)
        for variant, question in enumerate(item.questions[:wordings])
    ]


def _keep_rejects(ledger: Ledger, call: Call, rejects: list[Rejected]) -> None:
    with ledger.transaction() as db:
        db.execute("DELETE FROM rejects WHERE call_key = ?", (call.key,))
        _insert_rejects(db, call, rejects)


def _insert_rejects(db: sqlite3.Connection, call: Call, rejects: list[Rejected]) -> None:
    db.executemany(
        "INSERT INTO rejects (call_key, chunk_id, reason, text) VALUES (?, ?, ?, ?)",
        [(call.key, call.chunk_id, r.reason, r.text) for r in rejects],
    )


def _ms(began: float) -> int:
    return int((time.monotonic() - began) * 1000)
