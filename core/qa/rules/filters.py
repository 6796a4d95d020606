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
ASKS_ZH = re.compile(r"什么|多少|几|谁|哪|怎|如何|为何|多久|多长|多大|吗|是否|请|告诉|介绍|列出|我想知道|说明")
LEANING = re.compile(r"\b(?:it|its|they|them|their|he|she|his|her|this|these|those|that)\b", re.IGNORECASE)
STOP = set(
    """a an the of to in on at for by with from and or but not is are was were be been do does did have has had can
could must may should will would i you my your we our me it its they them their this that these those what
which who whom whose when where why how if then than so as up about there any some much many long often get
need want know tell give please name used use after before until only one""".split()
)
NUMBERS = re.compile(r"\d+(?:[.,:]\d+)*")


def words(text: str) -> list[str]:
    """Content words, cut to stems that survive plural and tense; Chinese as pairs of characters."""
    found = [w for w in re.findall(r"[a-z0-9][a-z0-9_.:/-]*[a-z0-9]|[a-z0-9]", text.lower()) if w not in STOP]
    stems = [w if re.search(r"\d", w) else re.sub(r"(?:ing|ed|es|s|e)$", "", w)[:7] for w in found]
    han = re.findall(r"[\u4e00-\u9fff]", text)
    return stems + [a + b for a, b in zip(han, han[1:], strict=False)]


def _has(text: str, value: str) -> bool:
    return re.search(rf"(?<![\w]){re.escape(value.lower())}(?![\w])", text.lower()) is not None


def acceptable(question: str, fact: Fact, language: str) -> bool:
    """Whether a proposed question fits a fact by its form: asks, does not give the answer away, leans on nothing."""
    text = question.strip()
    if META.search(text) or "\n" in text or not 6 <= len(text) <= 200 and language == "en" or len(text) < 4:
        return False
    if language == "zh":
        return bool(ASKS_ZH.search(text)) and not _gives_away(text, fact)
    if not (
        text.endswith("?")
        and ASKS.search(text)
        or REQUEST.match(text)
        or fact.kind in ("code", "remedy", "faq", "howto")
    ):
        return False
    if not 3 <= len(text.split()) <= 30 or _gives_away(text, fact) or _repeats(text):
        return False
    shared = set(words(text)) & set(words(fact.statement + " " + fact.subject))
    if fact.kind == "fact" and not shared or not shared:
        return False
    if LEANING.search(text) and len(shared) < 2 and fact.kind in ("fact", "item", "step"):
        return False
    known = NUMBERS.findall(fact.statement + " " + fact.subject)
    if any(n not in known for n in NUMBERS.findall(text)):
        return False
    names = re.findall(r"(?<=[a-z,] )[A-Z][\w-]{2,}", text)
    return all(n.lower()[:5] in (fact.statement + fact.subject).lower() for n in names)


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

    def points_at(self, question: str, statement: str, slack: float = 0.0) -> bool:
        """True unless another statement shares more weight with the question."""
        asked = set(words(question))
        scores = {
            s: sum(self.weight[w] for w in asked & mine) / math.sqrt(4 + len(mine)) for s, mine in self.sets.items()
        }
        own = scores.pop(statement)
        return own + 1e-6 >= max(scores.values(), default=0.0) - slack


def choose(candidates: list[str], count: int, taken: list[str] | None = None, limit: float = 88.0) -> list[str]:
    """At most `count` candidates in order, each unlike the ones before it (similarity 0 to 100) and not in `taken`."""
    from rapidfuzz import fuzz, utils

    chosen: list[str] = []
    for candidate in candidates:
        if len(chosen) == count:
            break
        same = any(utils.default_process(candidate) == utils.default_process(t) for t in taken or [])
        if not same and all(fuzz.ratio(candidate, o, processor=utils.default_process) < limit for o in chosen):
            chosen.append(candidate)
    return chosen
