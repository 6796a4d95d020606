"""The values that travel through question–answer building. Offsets count characters (Python `str` indices)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]
ChunkKind = Literal["text", "table", "list", "code"]
PairState = Literal["accepted", "rejected", "deleted"]
Pile = Literal["ready", "look", "rejected", "deleted"]


@dataclass(frozen=True)
class Chunk:
    """A piece of one document that a helper model sees at once.

    Attributes:
        id: hash of document text, heading path and text: the same content keeps its id when settings change.
        document_label: the file name as the person knows it.
        heading_path: titles above this chunk, outermost first, without `#` marks.
        page_start, page_end: first and last page, counted from 1.
        text: Markdown, a verbatim slice of the document (for a table that was cut: the slice after its header rows).
        kind: the block type; mixed prose is "text".
    """

    id: str
    document_id: str
    document_label: str
    heading_path: tuple[str, ...]
    page_start: int
    page_end: int
    text: str
    language: Language
    kind: ChunkKind = "text"


@dataclass(frozen=True)
class Fact:
    """One thing the document states. `quote == chunk.text[start:end]`, always.

    Attributes:
        statement: a full sentence that names its subject, what a tuned model shall say.
        answer: the value inside the statement that a question asks for.
        kind: what the text looked like: fact, label, list, item, howto, step, code, remedy, faq, row, section,
            "cell:<column>".
    """

    statement: str
    quote: str
    answer: str
    subject: str
    start: int
    end: int
    kind: str = "fact"


@dataclass(frozen=True)
class Draft:
    """A question–answer pair as a helper proposed it, before the gates.

    Attributes:
        quote: the words of the chunk that support the answer.
        fact_key: equal for all wordings of one fact within a chunk.
        kind: "fact", "list", "howto", …
        variant: 0, 1, 2 … within one fact.
        earlier: of a conversation the turns before: (question, answer, quote).
    """

    question: str
    answer: str
    quote: str
    fact_key: str
    kind: str = "fact"
    variant: int = 0
    earlier: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Evidence:
    """The verbatim words behind a pair; `start` and `end` are offsets in the Markdown of that page."""

    document_id: str
    label: str
    page: int
    quote: str
    start: int
    end: int


@dataclass(frozen=True)
class Pair:
    """One row of the review table.

    Attributes:
        fact_key: equal for all wordings of one fact, unique over documents.
        origin: "generated" or "edited" (a person changed it).
        reason: why a rejected pair was rejected: name of the gate, empty for others.
        pile: where it lies in the review; pairs of "ready" and "look" are accepted.
        doubt: what asks for a look at it: name of the gate, empty for others.
        confirmed: a person said that it is good.
        section: the chunk that it was written from.
        earlier: of a conversation the turns before: (question, answer, quote).
        known: what the base model asked last knows of it without the text: known, unsure, unknown; empty: not asked.
        original_question, original_answer: what the helper wrote; equal to question and answer until edited.
    """

    id: str
    question: str
    answer: str
    evidence: Evidence
    state: PairState
    kind: str
    fact_key: str
    variant: int
    language: Language
    origin: Literal["generated", "edited"] = "generated"
    reason: str = ""
    original_question: str = ""
    original_answer: str = ""
    pile: Pile = "ready"
    doubt: str = ""
    confirmed: bool = False
    section: str = ""
    earlier: tuple[tuple[str, str, str], ...] = ()
    known: str = ""
