"""Rules that a question must pass before it becomes a pair, and the choice of wordings that differ."""

from __future__ import annotations

import math
import re
from collections import Counter

from core.qa.types import Fact

META = re.compile(
    r"\b(?:according to|the (?:text|passage|paragraph|author|sentence|document|article|statement|question|answer)"
    r"|mentioned|described above|following)\b|文中|本文|文章|上文|根据(?:文本|原文|材料)|段落",
    re.IGNORECASE,
)
ASKS = re.compile(r"\b(?:what|which|who|whom|whose|when|where|why|how)\b", re.IGNORECASE)
REQUEST = re.compile(
    r"^(?:tell|name|explain|list|give|describe|i (?:need|want|would like|get)|can you|please|show)\b"
    r"|^(?:请|告诉|介绍|列出|我想|说明)",
    re.IGNORECASE,
)
ASKS_ZH = re.compile(
    r"什么|多少|几|谁|哪|怎|如何|为何|多久|多[长大高宽深厚重远快]|吗|是否|请|告诉|介绍|列出|我想知道|说明"
)
LEANING = re.compile(r"\b(?:it|its|they|them|their|he|she|his|her|this|these|those|that)\b", re.IGNORECASE)
STOP = set(
    """a an the of to in on at for by with from and or but not is are was were be been do does did have has had can
could must may should will would i you my your we our me it its they them their this that these those what
which who whom whose when where why how if then than so as up about there any some much many long often get
need want know tell give please name used use after before until only one""".split()
)
COMMON = set(
    """cost costs price pay tall high heavy weigh weight old age long large big wide deep maximum minimum max min most
least number name called time hour day date year month week minute second kind type sort color colour size amount
mean meaning happen work take place located location person people company address phone telephone temperature code
capacity rate limit duration interval frequently step steps way allowed required needed necessary happens fast speed
loud percent range value exactly possible sure let year every per during while behind between through without kept
hold do make made rule rules total available explain show list mind""".split()
)
BROKEN = re.compile(
    r"\b(?:is|are|was|were) (?:the|a|an) [\w-]+ (?:the|a|an) "
    r"|\b(?:should|do|can|must|may) (?:I|you|we) (?:a|an|the|up|no|and|is)\b"
    r"|\b(?:the|a|an) (?:the|a|an|is|are|does)\b|\bthat\?$|\bthe \w+ out\?$",
    re.IGNORECASE,
)
HOLE = re.compile(r"\b(?:a|an|the|a single) (?:by|of|for|in|on|at|to|with|and|or|which|that|is|are|was|were"
                  r"|[a-z]+ed by)\b|\b(?:a|an|the)\?")
"""What an answer leaves behind when it is taken out of the middle of its words."""
NUMBERS = re.compile(r"\d+(?:[.,:]\d+)*")


def words(text: str) -> list[str]:
    """Content words, cut to stems that survive plural and tense; Chinese as pairs of characters."""
    found = [w for w in re.findall(r"[a-z0-9][a-z0-9_.:/-]*[a-z0-9]|[a-z0-9]", text.lower()) if w not in STOP]
    stems = [w if re.search(r"\d", w) else re.sub(r"(?:ing|ed|es|s|e)$", "", w)[:7] for w in found]
    han = re.findall(r"[\u4e00-\u9fff]", text)
    return stems + [a + b for a, b in zip(han, han[1:], strict=False)]


def _has(text: str, value: str) -> bool:
    return re.search(rf"(?<![\w]){re.escape(value.lower())}(?![\w])", text.lower()) is not None


COMMON_STEMS = set(words(" ".join(COMMON)))


def invented(question: str, fact: Fact, headings: str = "") -> bool:
    """Whether a question speaks of things that neither the statement nor its headings name, or of hardly any of them.

    Common question words (cost, tall, number …) count neither way. One strange word needs four known ones beside it.
    """
    known = set(words(f"{fact.statement} {fact.subject} {headings}"))
    asked = {w for w in words(question) if not NUMBERS.fullmatch(w)}
    shared, strange = (asked & known) - COMMON_STEMS, asked - known - COMMON_STEMS
    if len(strange) * 4 > len(shared):
        return True
    subject = set(words(fact.subject)) - COMMON_STEMS
    return len(shared) < 2 and not shared & subject


def acceptable(question: str, fact: Fact, language: str, headings: str = "", ruled: bool = False) -> bool:
    """Whether a proposed question fits a fact by its form: asks, does not give the answer away, leans on nothing.

    Args:
        headings: titles above the fact; a question may speak of what they name.
        ruled: a question by the rules: made of the statement's own words, it may be a wish or a few keywords.
    """
    text = question.strip()
    if META.search(text) or "\n" in text or not 6 <= len(text) <= 200 and language == "en" or len(text) < 4:
        return False
    if language == "zh":
        return bool(ASKS_ZH.search(text)) and not _gives_away(text, fact)
    if not (
        ruled
        or text.endswith("?")
        and ASKS.search(text)
        or REQUEST.match(text)
        or fact.kind in ("code", "remedy", "faq", "howto")
    ):
        return False
    if not ruled and fact.kind.split(":")[0] not in ("code", "remedy", "howto", "faq", "list"):
        if BROKEN.search(text) or invented(text, fact, headings):
            return False
    if ruled and HOLE.search(text):
        return False
    if not (2 if ruled else 3) <= len(text.split()) <= 30 or _gives_away(text, fact) or _repeats(text):
        return False
    shared = set(words(text)) & set(words(f"{fact.statement} {fact.subject} {headings}"))
    if not shared:
        return False
    if not ruled and LEANING.search(text) and len(shared) < 2 and fact.kind in ("fact", "item", "step"):
        return False
    named = f"{fact.statement} {fact.subject} {headings}"
    known = NUMBERS.findall(named)
    if any(n not in known for n in NUMBERS.findall(text)):
        return False
    names = re.findall(r"(?<=[a-z,] )[A-Z][\w-]{2,}", text)
    return all(n.lower()[:5] in named.lower() for n in names)


def _gives_away(question: str, fact: Fact) -> bool:
    """Whether the answer stands in the question. Long answers count by their words, subjects may be named."""
    answer = fact.answer.strip(" .。")
    if fact.kind == "faq" or not answer:
        return False
    if re.search(r"[\u4e00-\u9fff]", answer):
        return answer in question and answer not in fact.subject
    numbers = [n for n in NUMBERS.findall(answer) if n not in NUMBERS.findall(fact.subject)]
    if numbers:
        return any(n in NUMBERS.findall(question) for n in numbers)
    if len(answer.split()) <= 3:
        return _has(question, answer) and not _has(fact.subject, answer)
    inside = [w for w in words(answer) if w in words(question)]
    return len(inside) > (0.6 if len(words(answer)) < 6 else 0.8) * max(1, len(words(answer)))


def _repeats(text: str) -> bool:
    tokens = text.lower().split()
    return any(c > 3 for c in Counter(tokens).values()) or any(a == b for a, b in zip(tokens, tokens[1:], strict=False))


class Uniqueness:
    """Whether a question points at its own statement more than at any other of the chunk (idf-weighted words)."""

    def __init__(self, statements: list[str]) -> None:
        self.sets = {s: set(words(s)) for s in statements}
        count = Counter(w for s in self.sets.values() for w in s)
        self.weight = {w: math.log(1 + len(self.sets) / c) for w, c in count.items()}

    def by_fit(self, questions: list[str], statement: str, least: float = 0.6) -> list[str]:
        """The questions that share most with the statement first; without those that share far less than the best."""
        shared = {q: sum(self.weight[w] for w in set(words(q)) & self.sets[statement]) for q in questions}
        best = max(shared.values(), default=0.0)
        return sorted((q for q in questions if shared[q] >= least * best), key=lambda q: -shared[q])

    def points_at(self, question: str, statement: str, alone: bool = True) -> bool:
        """True when no other statement shares more weight with the question; nor as much, when it shall fit `alone`."""
        asked = set(words(question))
        scores = {
            s: sum(self.weight[w] for w in asked & mine) / math.sqrt(4 + len(mine)) for s, mine in self.sets.items()
        }
        own = scores.pop(statement)
        most = max(scores.values(), default=0.0)
        return own > most + 1e-6 if alone else own + 1e-6 >= most


ALIKE, EQUAL = 88.0, 98.0
"""Similarities (0 to 100) from which two questions count as one: in general, and when a word was exchanged for it."""


def choose(candidates: list[str], count: int, taken: list[str] | None = None,
           close: frozenset[str] = frozenset()) -> list[str]:
    """At most `count` candidates in order, each unlike the ones before it and not in `taken`.

    Args:
        close: candidates that may be nearly like another.
    """
    from rapidfuzz import fuzz, utils

    chosen: list[str] = []
    for candidate in candidates:
        if len(chosen) == count:
            break
        same = any(utils.default_process(candidate) == utils.default_process(t) for t in taken or [])
        limit = EQUAL if candidate in close else ALIKE
        if not same and all(fuzz.ratio(candidate, o, processor=utils.default_process) < limit for o in chosen):
            chosen.append(candidate)
    return chosen
