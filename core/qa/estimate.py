"""What a build with a service will take, told before it starts: requests, tokens, price."""

from __future__ import annotations

from dataclasses import dataclass

from core.llm.tokens import estimate, estimate_messages
from core.qa.chunk import chunk_document
from core.qa.generate import language_for
from core.qa.kinds import DIALOGUE, fact_kinds, wishes
from core.qa.ledger import Ledger
from core.qa.material import material, ready_documents
from core.qa.request import document_part, facts_wanted, messages
from core.qa.settings import LEAST, BuildSettings
from core.qa.types import Chunk
from core.storage.workspace import Workspace

FOUND, MENDED = 0.7, 0.35
"""Shares that builds show on average: of the facts asked for that are found, of chunks with a fact to be mended."""
JUDGED = {"never": 0.0, "doubtful": 0.25, "all": 1.0}
"""Share of the facts that the judge sees, by the setting."""
QUOTE, ANSWER, QUESTION, FRAME = 30, 20, 16, 25
"""Tokens of the parts of one fact in a reply."""
TASK, VERDICT = 260, 14


@dataclass(frozen=True)
class Estimate:
    """Of one build; `cost` in the currency of the typed prices, 0 without prices."""

    chunks: int = 0
    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0


def estimate_build(ws: Workspace, settings: BuildSettings) -> Estimate:
    """Counts the chunks that would be asked about, without those that are done, and what is sent for each."""
    done = _done(ws) if settings.scope == "missing" else set()
    chunks = sent = received = 0
    requests = 0.0
    for document in ready_documents(ws, settings.documents):
        given = material(ws, document.id)
        _, spans = chunk_document(document.id, document.label, given.pages, target=settings.chunk_tokens,
                                  unused=given.unused)
        for chunk in (s.chunk for s in spans if not s.excluded and s.chunk.id not in done):
            asked, out, calls = _of_chunk(chunk, settings)
            chunks, sent, received, requests = chunks + 1, sent + asked, received + out, requests + calls
    return Estimate(chunks, round(requests), sent, received, settings.cost(sent, received))


def _of_chunk(chunk: Chunk, settings: BuildSettings) -> tuple[int, int, float]:
    """(tokens sent, tokens received, requests) for one chunk: facts, mending, the second look, a conversation."""
    language, wordings = language_for(chunk, settings), settings.wordings or LEAST
    most = facts_wanted(chunk, settings.most_facts)
    kinds = fact_kinds(settings.kinds)
    wished = wishes(language, kinds, settings.audience, settings.tone, settings.examples)
    first = estimate_messages(messages(chunk, language, wordings, most, [], False, wished))
    part, facts = estimate(document_part(chunk, language)), FOUND * most
    each = QUOTE + ANSWER + FRAME + QUESTION * wordings
    judged = JUDGED[settings.judge]
    talk = DIALOGUE in settings.kinds
    sent = first + MENDED * (part + TASK + 2 * each) + judged * (TASK + facts * (QUOTE + ANSWER + QUESTION + FRAME)) + \
        talk * (part + TASK)
    received = facts * each + MENDED * 2 * each + judged * facts * VERDICT + talk * 4 * (QUOTE + ANSWER + QUESTION)
    return round(sent), round(received), 1 + MENDED + min(1.0, 2 * judged) + talk


def _done(ws: Workspace) -> set[str]:
    if not ws.qa().ledger.exists():
        return set()
    with Ledger(ws) as ledger:
        return {row[0] for row in ledger.query("SELECT chunk_id FROM outcomes WHERE state = 'done'")}
