"""Whether a model's answer, given without the text, says what the documents say; and how many pairs it knows.

A pair is known when the reply says every number and code of the answer that the question did not give away, and most
of its other words; unknown when it says none of the former or few of the latter; unsure in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from core.datasets.scoring import says
from core.qa.gates import terms_of
from core.qa.ledger import Ledger
from core.qa.numbers import digits_of, numbers_of
from core.qa.strict import codes, no_answer, wrong_units
from core.qa.types import Language
from core.storage.workspace import Workspace

Known = Literal["known", "unsure", "unknown"]
KNOWN: tuple[Known, ...] = ("known", "unsure", "unknown")
MOST, BESIDE, FEW = 0.75, 0.5, 0.4
"""Shares of the answer's words: known with `MOST`, or with `BESIDE` next to its numbers; unknown below `FEW`."""
LAST = "SELECT id, name, label FROM base_models ORDER BY at DESC LIMIT 1"
"""The base model whose verdicts stand in the rows."""
_NOT: dict[Language, tuple[str, ...]] = {
    "en": ("not", "never", "no", "cannot", "without", "forbidden", "prohibited"),
    "zh": ("不", "禁", "勿", "未", "无"),
}


@dataclass(frozen=True)
class BaseModel:
    """A base model that was asked without the text.

    Attributes:
        id: equal for equal weights, see `core.models.fingerprint`.
        name: catalogue id or folder, as it would be trained.
        label: how it is called for people.
    """

    id: str
    name: str
    label: str


@dataclass(frozen=True)
class Knowledge:
    """What a base model knows already of the accepted pairs: pairs by verdict, and those not asked yet."""

    model: BaseModel
    known: int = 0
    unsure: int = 0
    unknown: int = 0
    left: int = 0

    @property
    def asked(self) -> int:
        """Pairs that have a verdict."""
        return self.known + self.unsure + self.unknown


def judged(reply: str, question: str, answer: str, language: Language) -> Known:
    """What a reply without the text tells about the model's knowledge of the answer.

    Args:
        question: what the model was given; whatever it says of the answer proves nothing.
    """
    if not reply.strip() or no_answer(reply):
        return "unknown"
    exact = [*sorted(digits_of(answer) - numbers_of(question)), *sorted(codes(answer) - codes(question))]
    said = digits_of(reply) | numbers_of(reply) | codes(reply)
    words = _new(answer, question)
    share = len(words & terms_of(reply)) / len(words) if words else 1.0
    if not exact and not words:
        return "unsure"
    found = sum(one in said or says(reply, one) for one in exact)
    if exact:
        verdict: Known = "unknown" if not found else "known" if found == len(exact) and share >= BESIDE else "unsure"
    else:
        verdict = "known" if share >= MOST else "unknown" if share < FEW else "unsure"
    doubtful = _denies(reply, language) != _denies(answer, language) or wrong_units(reply, question, answer)
    return "unsure" if verdict == "known" and doubtful else verdict


def knowledge(ws: Workspace) -> Knowledge | None:
    """Of the base model that was asked last; None before the first."""
    if not ws.qa().ledger.exists():
        return None
    with Ledger(ws) as ledger:
        model = last_asked(ledger)
        return counted(ledger, model) if model else None


def counted(ledger: Ledger, model: BaseModel) -> Knowledge:
    """Accepted pairs by verdict. Pairs about what the documents leave open have nothing to be known."""
    accepted = "pile IN ('ready', 'look')"
    found = dict(map(tuple, ledger.query(
        f"SELECT known, COUNT(*) FROM rows WHERE {accepted} AND known != '' GROUP BY known")))
    asked = ledger.one(f"SELECT COUNT(*) FROM rows WHERE {accepted} AND kind != 'absent'")
    return Knowledge(model, *(found.get(verdict, 0) for verdict in KNOWN), asked - sum(found.values()))


def last_asked(ledger: Ledger) -> BaseModel | None:
    """The base model whose verdicts stand in the rows."""
    rows = ledger.query(LAST)
    return BaseModel(*rows[0]) if rows else None


def unknown_first(pairs: Iterable[tuple[str, str]]) -> list[int]:
    """Places of pairs (fact, verdict) by what they are worth to a model that shall learn: what it does not know, then
    what is open, then what it knows; in each, first one wording of every fact, then the second of each, and so on."""
    rank = {"unknown": 0, "unsure": 1, "": 1, "known": 2}
    turns: dict[tuple[str, int], int] = {}
    keyed = []
    for place, (fact, verdict) in enumerate(pairs):
        worth = rank.get(verdict, 1)
        turn = turns.get((fact, worth), 0)
        turns[fact, worth] = turn + 1
        keyed.append((worth, turn, place))
    return [place for *_, place in sorted(keyed)]


def _new(answer: str, question: str) -> set[str]:
    """Content words of the answer that the question does not have; of Chinese pairs of signs the wholly new ones, if
    there are any, since others only join what is new to what was given."""
    words = terms_of(answer) - terms_of(question)
    wholly = {w for w in words if w.isascii() or not set(w) & set(question)}
    return wholly or words


def _denies(text: str, language: Language) -> bool:
    if language == "zh":
        return any(word in text for word in _NOT["zh"])
    return any(word in text.lower().replace("n't", " not").split() for word in _NOT["en"])
