"""Questions with words exchanged for others of the same meaning."""

from __future__ import annotations

import pytest

from core.qa.facts import extract_facts
from core.qa.rules.synonyms_en import reworded
from core.qa.types import Chunk
from core.qa.writer import write_pairs


@pytest.mark.parametrize(("question", "other"), [
    ("How long does the warranty last?", "How long does the guarantee last?"),
    ("When must the tank be refilled?", "When must the tank be topped up?"),
    ("How may I replace the fuse?", "How may I change the fuse?"),
    ("Which form do I have to submit?", "Which form do I have to hand in?"),
    ("Which form do I have to submit?", "Which form do I have to send in?"),
    ("For how many hours does the reading lamp shine a day?", "For how many hours is the reading lamp on a day?"),
    ("When does an annual ticket have to be purchased?", "When does a yearly ticket have to be bought?"),
])
def test_words_are_exchanged_in_their_form(question: str, other: str) -> None:
    assert other in reworded([question])


@pytest.mark.parametrize("question", [
    "What is the supply voltage?", "How does the first start work?", "What is the lamp life of the H4?",
    "Where is the Lamp Street office?", "How long does a repair take?",
])
def test_words_that_may_mean_something_else_stay(question: str) -> None:
    assert reworded([question]) == []


def test_a_fact_is_asked_in_words_of_people_and_without_polite_frames() -> None:
    text = "The warranty on the cabinet lasts 30 months from the day of purchase."
    chunk = Chunk("c1", "doc-1", "handbook.pdf", ("Service",), 1, 1, text, "en")
    facts = extract_facts(chunk)
    asked = [draft.question for draft in write_pairs(chunk, facts, None, wordings=6, seed=1)]
    assert any("guarantee" in question for question in asked)
    assert len(asked) >= 4
    framed = [question for question in asked if question.startswith(("Can you tell me", "I need to know", "I would"))]
    assert len(asked) <= 4 or not framed
