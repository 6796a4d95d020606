"""Questions for facts: the shipped question writer proposes, rules propose too, rules and a round trip decide.

A pair's answer is the fact's whole statement: benchmarks/README.md, section Effect, has the numbers for it.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, Protocol

from core.qa.prompts import answer_messages, question_messages
from core.qa.rules.everyday_en import everyday
from core.qa.rules.filters import Uniqueness, acceptable, choose, words
from core.qa.rules.sections import KIND as SECTION
from core.qa.rules.synonyms_en import reworded
from core.qa.rules.wordings_en import questions_en
from core.qa.rules.wordings_zh import questions_zh
from core.qa.settings import LEAST
from core.qa.types import Chunk, Draft, Fact
from core.storage import Workspace

SAMPLES = {"fact": 8, "item": 5, "step": 5, "label": 4, "cell": 4, "attribute": 4}
"""Proposals of the model for each kind of fact at `LEAST` wordings, in proportion for more; rules word the others."""
TEMPERATURE, FREER = 0.7, 1.0
"""Of the first proposals, and of those for facts of which fewer than a third of the wanted wordings were kept."""
_FURTHER = 7919
QUESTION_TOKENS = 28
ANSWER_TOKENS = 16
_ENOUGH = 4
_FRAME = re.compile(r"Can you (?:tell me|explain|give me|list)\b|I (?:need to know|would like to know)\b")
DEADLINE_S = 1800.0
"""Seconds for a request to the built-in model: on a slow or busy machine work takes long, and nobody is paid for it."""


class Completer(Protocol):
    """The part of the chat client that question writing needs."""

    def complete_many(
        self, conversations: list[list[dict[str, str]]], *, max_tokens: int, temperature: float,
        seed: int | None = None, deadline_s: float = 120,
    ) -> list[Any]:
        """Replies in the order of the conversations; each has `text`."""


def write_pairs(
    chunk: Chunk, facts: Sequence[Fact], client: Completer | None, *, wordings: int, seed: int, round_trip: bool = True
) -> list[Draft]:
    """Up to `wordings` differently worded questions for each fact.

    Args:
        client: serves the question writer; None (or a Chinese chunk) leaves it to the rules.
        seed: of the sampling; the same seed and client give the same questions.
        round_trip: drop a proposal when the model, asked it over the statement, does not find the fact's answer.
    """
    single = [f for f in facts if f.kind != SECTION]
    shared = _shared_subjects(single)
    headings = " ".join(chunk.heading_path)
    kept = _proposed(chunk, facts, client, wordings, seed, round_trip) if client and chunk.language == "en" else \
        [[] for _ in facts]
    drafts: list[Draft] = []
    taken: list[str] = []
    stated: set[str] = set()
    for fact, mine in zip(facts, kept, strict=True):
        # A further value of a sentence needs fewer: each question teaches the whole sentence.
        again = fact.statement in stated and fact.kind.split(":")[0] in ("fact", "item", "step")
        most = -(-wordings // 2) if again else wordings
        if fact.kind.split(":")[0] not in SAMPLES:
            most = min(most, LEAST)
        stated.add(fact.statement)
        ruled = questions_zh if chunk.language == "zh" else questions_en
        worded = ruled(fact, fact.subject not in shared)
        rules = [q for q in worded if acceptable(q, fact, chunk.language, headings, ruled=True)]
        asked = [*rules[:2], *mine] if chunk.language == "en" and fact.kind not in ("faq", SECTION) else []
        forms = everyday(asked)
        exchanged = reworded([*asked, *forms])
        other = [q for both in zip_longest(forms, exchanged) for q in both
                 if q and acceptable(q, fact, chunk.language, headings, ruled=True)]
        questions = _chosen(_mix(mine, rules, other, fact, most), most, taken, frozenset(exchanged))
        taken += questions
        drafts += [
            Draft(q, fact.statement, fact.quote, fact_key(fact), fact.kind.split(":")[0], n)
            for n, q in enumerate(questions)
        ]
    return drafts


def _proposed(chunk: Chunk, facts: Sequence[Fact], client: Completer, wordings: int, seed: int, round_trip: bool
              ) -> list[list[str]]:
    """The model's questions that are kept for each fact.

    When many are wanted, the model is asked once more about facts with few, more freely, and what fits another
    statement as well is left out; a long document would take too long for the one and has facts enough for the other.
    """
    statements = list(dict.fromkeys(f.statement for f in facts if f.kind != SECTION))
    unique = Uniqueness(statements) if statements else None
    headings = " ".join(chunk.heading_path)
    kept: list[list[str]] = [[] for _ in facts]
    many = wordings > LEAST
    for turn, temperature in enumerate((TEMPERATURE, FREER) if many else (TEMPERATURE,)):
        asked = [fact if not turn or len(mine) < wordings // 3 else None
                 for fact, mine in zip(facts, kept, strict=True)]
        proposals = _proposals(asked, client, seed + turn * _FURTHER, temperature, max(1.0, wordings / LEAST))
        fresh = [
            _shortlist([q for q in proposed if q not in mine and acceptable(q, fact, chunk.language, headings)], fact,
                       unique, wordings, many)
            for fact, proposed, mine in zip(facts, proposals, kept, strict=True)
        ]
        if round_trip:
            fresh = _round_trip(facts, fresh, client)
        kept = [choose([*mine, *new], wordings) for mine, new in zip(kept, fresh, strict=True)]
    return kept


def adapter_available(ws: Workspace) -> bool:
    """Whether the shipped question writer and the starter model that it belongs to are here."""
    from core.models import installed
    from core.models.catalogue import STARTER_ID

    return any(ws.question_writer.glob("*.safetensors")) and installed(ws, STARTER_ID) is not None


def fact_key(fact: Fact) -> str:
    """Equal for all wordings of one fact: its statement and answer."""
    return hashlib.sha256(f"{fact.statement}\n{fact.answer}".encode()).hexdigest()[:12]


def _shortlist(proposed: list[str], fact: Fact, unique: Uniqueness | None, wordings: int, alone: bool) -> list[str]:
    """The proposals that fit this statement best and differ from each other."""
    if not proposed or unique is None:
        return []
    mine = [q for q in proposed if unique.points_at(q, fact.statement, alone)]
    return choose(unique.by_fit(mine, fact.statement), wordings)


def _chosen(candidates: list[str], most: int, taken: list[str], words: frozenset[str]) -> list[str]:
    """At most so many that differ. A polite frame around a question teaches little, so framed ones fill gaps only.

    Args:
        words: candidates that differ from another by a word of the same meaning, which is what they are for.
    """
    plain = choose([q for q in candidates if not _FRAME.match(q)], most, taken, close=words)
    return plain if len(plain) >= min(most, _ENOUGH) else choose([*plain, *candidates], min(most, _ENOUGH), taken,
                                                                 close=words)


def _mix(proposed: list[str], ruled: list[str], other: list[str], fact: Fact, wordings: int) -> list[str]:
    """Rules first where the text's form says what to ask (codes, steps, lists); else one, then the model's, then more.

    People ask in words of their own: the more of the wordings are the model's, the more questions a tuned model
    understands. A rule's is the most exact, so one is always among them, and most where the model has little to say.
    `other` says some of them again in everyday words.
    """
    if fact.kind in ("code", "remedy", "howto", "faq", "list"):
        return [*ruled, *proposed, *other]
    most = max(1, wordings - 1 - min(2, len(other)))
    return [*ruled[:1], *proposed[:most], *other[:2], *ruled[1:], *proposed[most:], *other[2:]]


def _shared_subjects(facts: Sequence[Fact]) -> set[str]:
    """Subjects of several facts, or part of another fact's: "Tell me about X" would have several answers."""
    count = Counter(fact.subject for fact in facts)
    return {s for s in count if count[s] > 1 or any(s.lower() in o.lower() for o in count if o != s)}


def _proposals(facts: Sequence[Fact | None], client: Completer, seed: int, temperature: float, share: float
               ) -> list[list[str]]:
    """What the question writer proposes for each fact, in one batch; nothing for None. `share` of the usual number."""
    wanted = [(n, fact) for n, fact in enumerate(facts) if fact
              for _ in range(round(share * SAMPLES.get(fact.kind.split(":")[0], 0)))]
    proposals: list[list[str]] = [[] for _ in facts]
    if not wanted:
        return proposals
    asked = [question_messages(fact.statement, fact.answer) for _, fact in wanted]
    replies = client.complete_many(asked, max_tokens=QUESTION_TOKENS, temperature=temperature, seed=seed,
                                   deadline_s=DEADLINE_S)
    for (n, _), reply in zip(wanted, replies, strict=True):
        proposals[n].append(_tidy(reply.text))
    return [list(dict.fromkeys(p)) for p in proposals]


def _tidy(text: str) -> str:
    line = text.strip().split("\n")[0].strip().strip('"“”')
    return re.sub(r"\s+", " ", line)


def _round_trip(facts: Sequence[Fact], kept: list[list[str]], client: Completer) -> list[list[str]]:
    """Proposals whose question, put to the model over the statement, brings the answer back."""
    asked = [answer_messages(fact.statement, q) for fact, mine in zip(facts, kept, strict=True) for q in mine]
    if not asked:
        return kept
    replies = iter(client.complete_many(asked, max_tokens=ANSWER_TOKENS, temperature=0.0, deadline_s=DEADLINE_S))
    return [
        [q for q in mine if agrees(next(replies).text, fact.answer)] for fact, mine in zip(facts, kept, strict=True)
    ]


def agrees(reply: str, answer: str) -> bool:
    """Whether a reply says the answer: all its numbers, and half of its content words."""
    numbers = re.findall(r"\d+(?:[.,:]\d+)*", answer)
    found = re.findall(r"\d+(?:[.,:]\d+)*", reply)
    if any(n not in found for n in numbers):
        return False
    mine, theirs = set(words(answer)), set(words(reply))
    return not mine or len(mine & theirs) * 2 >= len(mine)
