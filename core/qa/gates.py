"""What a draft must pass to become an accepted pair. Cheap rules, each of which says why it refused.

The order is that in which reasons are shown: the first that failed names the rejection.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from core.documents.pictures import masked
from core.qa import strict as further
from core.qa.chunk import language_of
from core.qa.kinds import ABSENT
from core.qa.locate import Place, locate
from core.qa.numbers import digits_of, numbers_of
from core.qa.types import Chunk, Draft, Language

VERSION = 1
LONGEST_QUESTION, LONGEST_ANSWER, LONGEST_QUOTE = 600, 4000, 2000


@dataclass(frozen=True)
class Verdict:
    """Result of one gate; `detail` names the offending words. A failed `doubt` does not refuse, it asks for a look."""

    gate: str
    passed: bool
    detail: str = ""
    doubt: bool = False


@dataclass(frozen=True)
class Candidate:
    """What the gates look at: a question, an answer, the verbatim evidence and what surrounds it.

    Attributes:
        strict: the pair is a chat model's, which may word freely: further gates apply.
        kind: type of the pair; a false premise may hold what no text says.
        follows: the turns of a conversation before it, as text: the question need not stand alone.
    """

    question: str
    answer: str
    evidence: str
    chunk_text: str
    titles: str
    language: Language
    strict: bool = False
    kind: str = "fact"
    follows: str = ""


def check(
    draft: Draft, chunk: Chunk, language: Language | None = None, *, strict: bool = False
) -> tuple[Place | None, list[Verdict]]:
    """(where the quote stands in the chunk, all verdicts). Without a place only the quote's verdict is given.

    Args:
        strict: apply the further gates for the pairs of a chat model.
    """
    text = masked(chunk.text)
    place = locate(masked(draft.quote), text) if len(draft.quote) <= LONGEST_QUOTE else None
    if place is None:
        return None, [Verdict("quote", False, draft.quote[:80])]
    candidate = Candidate(
        draft.question,
        draft.answer,
        text[place.start : place.end],
        text,
        " ".join((chunk.document_label, *chunk.heading_path)),
        language or chunk.language,
        strict,
        draft.kind,
        " ".join(text for turn in draft.earlier for text in turn[:2]),
    )
    near = Verdict("near", place.score == 1.0, doubt=True)
    return place, [Verdict("quote", True), *check_text(candidate), near]


def check_text(candidate: Candidate) -> list[Verdict]:
    """Verdicts of all gates that need no place: for drafts, and again for rows that a person edited."""
    gates = {**GATES, **STRICT} if candidate.strict else GATES
    if candidate.follows:
        gates = {name: gate for name, gate in gates.items() if name != "standalone"}
    if candidate.kind == "absent":
        gates = {name: gates[name] for name in ("form", "orders", "language")} | {"absent": _absent}
    return [Verdict(name, not (detail := gate(candidate)), detail[:120]) for name, gate in gates.items()]


def _form(c: Candidate) -> str:
    question, answer = c.question.strip(), c.answer.strip()
    if len(question) < 4 or not answer or len(question) > LONGEST_QUESTION or len(answer) > LONGEST_ANSWER:
        return "length"
    return "copy" if _bare(question) == _bare(answer) else ""


_ORDERS = re.compile(
    r"ignore\s+(?:\w+\s+){0,3}(?:instruction|prompt|rule|above|previous)|disregard\s+(?:\w+\s+){0,3}(?:instruction|above|previous)|"
    r"you are now\b|^\s*(?:system|assistant)\s*:|<\|[a-z_]+\|>|\[/?INST\]|</?think>|"
    r"(?:忽略|无视|忘记)[^。；\n]{0,12}(?:指令|指示|提示|要求|规则|内容)|你现在是",
    re.IGNORECASE | re.MULTILINE,
)


def _orders(c: Candidate) -> str:
    """Text that speaks to the model instead of stating something."""
    found = _ORDERS.search("\n".join((c.evidence, c.question, c.answer)))
    return found.group()[:60] if found else ""


def _numbers(c: Candidate) -> str:
    """Every number of the answer occurs in the evidence, the titles above it, or the question."""
    return ", ".join(sorted(digits_of(c.answer) - numbers_of(" \n ".join((c.evidence, c.titles, c.question)))))


_NAME = re.compile(r"(?<![.!?:：。]\s)(?<!^)\b[A-Z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*\b")


def _names(c: Candidate) -> str:
    """Every proper name of the answer (a capital within a sentence) occurs in the text, titles or question."""
    known = " ".join((c.chunk_text, c.titles, c.question)).lower()
    return ", ".join(n for n in dict.fromkeys(_NAME.findall(c.answer)) if n != "I" and n.lower() not in known)


def _grounded(c: Candidate) -> str:
    """Half of the answer's content words, at least, come from the evidence, its titles or the question."""
    terms = terms_of(c.answer)
    if not terms:
        return ""
    known = terms_of(" ".join((c.evidence, c.question, c.titles)))
    missing = sorted(terms - known)
    return ", ".join(missing)[:120] if len(missing) * 2 > len(terms) else ""


def weakly_grounded(answer: str, question: str, evidence: str) -> bool:
    """Whether more than a quarter of the answer's content words come from elsewhere."""
    terms = terms_of(answer)
    return len(terms - terms_of(f"{evidence} {question}")) * 4 > len(terms)


_SOURCE_EN = re.compile(
    r"\b(?:according to|based on|as (?:stated|described|mentioned|noted|given|shown) (?:in|by)|mentioned in|in|from|of|"
    r"does|by) (?:the|this|that) (?:(?:above|given|provided|following) )?(?:text|passage|document|excerpt|section|"
    r"paragraph|table|chapter|context|snippet|list|page)\b(?! (?:of|for|on|about) )|"
    r"\bthe (?:text|passage|excerpt|author) (?:say|state|mention|describe)|"
    r"\b(?:mentioned|described|listed) above\b",
    re.IGNORECASE,
)
_SOURCE_ZH = re.compile(
    r"(?:根据|依据|按照|基于|在)?(?:本|该|此|上述|以上|这份|这篇|这段|所给|给出的|提供的)(?:文档|文本|文章|文件|材料|资料|段落|章节|表格|片段|节|段)|"
    r"(?:根据|依据|按照|基于)(?:文档|文本|文章|文件|材料|资料|章节|表格)|文中|上文|原文|文档中|文本中|材料中|资料中|上述|如上所述"
)
_DANGLING_EN = re.compile(
    r"^(?:what|which|who|where|when|why|how)?(?:\s+(?:many|much|long|often|far|old|kind of|type of)?\s*\w*)?\s*"
    r"\b(?:is|are|was|were|do|does|did|can|could|should|must|has|have|will|may)\s+"
    r"(?:it|they|this|these|that|those|he|she)\b(?!\s+\w+ly\b)(?=\W|$)(?!\s+(?:necessary|possible|allowed|safe|recommended))",
    re.IGNORECASE,
)
_DANGLING_ZH = re.compile(r"^(?:它|其|该|此|这个|这些|那个|他们|她|他(?!人))")


def _standalone(c: Candidate) -> str:
    """The question is clear to someone who has never seen the text, and neither side speaks of "the document"."""
    for text in (c.question, c.answer):
        if found := (_SOURCE_EN.search(text) or _SOURCE_ZH.search(text)):
            return found.group()
    found = _DANGLING_EN.search(c.question.strip()) or _DANGLING_ZH.search(c.question.strip())
    return found.group() if found else ""


def _language(c: Candidate) -> str:
    """The question, and an answer of some length, are in the wanted language."""
    if language_of(c.question) != c.language and len(terms_of(c.question)) > 1:
        return language_of(c.question)
    letters = re.sub(r"[\W\d_]+", "", c.answer)
    mixed = language_of(c.answer)
    return mixed if len(letters) > 24 and mixed != c.language else ""


GATES: dict[str, Callable[[Candidate], str]] = {
    "form": _form,
    "orders": _orders,
    "numbers": _numbers,
    "names": _names,
    "grounded": _grounded,
    "standalone": _standalone,
    "language": _language,
}



def _absent(c: Candidate) -> str:
    """The answer is the one sentence for questions that the documents leave open; the question is about them."""
    unclear = _SOURCE_EN.search(c.question) or _SOURCE_ZH.search(c.question)
    unclear = unclear or _about(replace(c, answer=""))
    return "" if c.answer == ABSENT[c.language] and not unclear else c.question[:60]


def _strict_numbers(c: Candidate) -> str:
    """As `numbers`, also for numbers in words, without the titles, and for the numbers of the question."""
    around = " ".join((c.chunk_text, c.titles, c.question if c.kind == "premise" else ""))
    return further.wrong_numbers(c.answer, c.question, c.evidence, around)


def _strict_names(c: Candidate) -> str:
    """As `names`, but the name occurs in the evidence itself, not merely near it; codes as well."""
    known = " ".join((c.evidence, c.titles, c.question)).lower()
    names = [n for n in dict.fromkeys(_NAME.findall(c.answer)) if n != "I" and n.lower() not in known]
    return ", ".join(names) or further.wrong_codes(c.answer, c.question, c.evidence, c.titles)


def _about(c: Candidate) -> str:
    """As `standalone`; besides, the question has a word of the text, so that it says what it is about."""
    text = f"{c.chunk_text} {c.titles}"
    known = terms_of(text)
    shared = terms_of(c.question) & known or further.codes(c.question) & further.codes(text)
    return _standalone(c) or ("" if shared or not known else c.question[:60])


STRICT: dict[str, Callable[[Candidate], str]] = {
    "numbers": _strict_numbers,
    "units": lambda c: further.wrong_units(c.answer, c.question, c.evidence),
    "dates": lambda c: further.wrong_dates(c.answer, c.question, c.evidence),
    "names": _strict_names,
    "standalone": _about,
    "no_answer": lambda c: further.no_answer(c.answer) if not further.no_answer(c.evidence) else "",
    "premise": lambda c: "" if c.kind != "premise" or further.takes_for_granted(
        c.question, f"{c.chunk_text} {c.titles}", terms_of) else c.question[:60],
}
"""For pairs of a chat model: these replace the gates of the same name and add others."""

_STOP = frozenset(
    "the and for with that this from are was were has have had not but its it's you your can will should must may "
    "which what when where who how why into than then they them their there been being also only such per any "
    "yes no answer".split()
)


def terms_of(text: str) -> set[str]:
    """Content words as four-letter stems, and pairs of neighbouring Han characters."""
    words = {w[:4] for w in re.findall(r"[a-z\u00c0-\u024f]{3,}", text.lower()) if w not in _STOP}
    runs = re.findall(r"[\u3400-\u9fff]+", text)
    return words | {run[i : i + 2] for run in runs for i in range(len(run) - 1)}


def _bare(text: str) -> str:
    return re.sub(r"\W+", "", text.lower())
