"""Questions said again in everyday words."""

from __future__ import annotations

import pytest

from core.qa.facts import extract_facts
from core.qa.rules.everyday_en import everyday
from core.qa.types import Chunk
from core.qa.writer import write_pairs


@pytest.mark.parametrize(("question", "other"), [
    ("How often must the carbon filter be replaced?", "How often do I need a new carbon filter?"),
    ("How often must the carbon filter be replaced?", "How often do I have to replace the carbon filter?"),
    ("When should the wound dressing be changed at home?", "When should I change the wound dressing at home?"),
    ("How often is the pump housing brushed out?", "How often do I brush out the pump housing?"),
    ("How must the ferry ticket be kept?", "How do I have to keep the ferry ticket?"),
    ("How much does the empty cabinet weigh?", "How heavy is the empty cabinet?"),
    ("How much does a return ticket cost?", "What is the price of a return ticket?"),
    ("What is the height of the door?", "How tall is the door?"),
    ("How many passengers does the ferry hold?", "How many passengers fit into the ferry?"),
    ("Where does the fuse sit?", "Where can I find the fuse?"),
    ("How long does the warranty last?", "How long is the warranty?"),
    ("How many hours a day does the lamp shine?", "How many hours per day does the lamp shine?"),
])
def test_a_question_is_said_again(question: str, other: str) -> None:
    assert other in everyday([question])


@pytest.mark.parametrize("question", [
    "In which town was the H4 built?",
    "How often must the water be changed and filtered?",
    "For how long should the door not be opened at night?",
    "What is the name of the film that is used to wipe the door with?",
    "Where is an opened bottle kept?",
    "Which plants grow well?",
])
def test_what_cannot_be_turned_is_left_alone(question: str) -> None:
    assert everyday([question]) == []


def test_water_is_not_bought_anew() -> None:
    assert not any("a new water" in other for other in everyday(["How often must the water be changed?"]))


def test_other_wordings_are_among_the_pairs_and_asked_once() -> None:
    text = ("The carbon filter must be replaced every 4 months.\n\n"
            "The tank must be refilled when it holds less than 7 litres.")
    chunk = Chunk("c1", "doc-1", "handbook.pdf", ("Care",), 1, 1, text, "en")
    asked = [draft.question for draft in write_pairs(chunk, extract_facts(chunk), None, wordings=6, seed=1)]
    assert "How often do I need a new carbon filter?" in asked
    assert "At how many litres do I have to refill the tank?" in asked
    assert len(asked) == len({q.lower() for q in asked})
