"""Rules of facts and their wordings: attributes, clauses, instructions, sentences about the document."""

from __future__ import annotations

import pytest

from core.qa.facts import extract_facts
from core.qa.rules.clauses import clauses, imperative, separable
from core.qa.rules.document import about_document, document_subject
from core.qa.rules.filters import acceptable
from core.qa.types import Chunk, Fact
from core.qa.writer import write_pairs


def asked(text: str, *path: str, language: str = "en") -> dict[str, list[str]]:
    """Questions by rules, by the statement that answers them."""
    chunk = Chunk("c1", "doc-1", "guide.pdf", path, 1, 1, text, language)  # type: ignore[arg-type]
    found: dict[str, list[str]] = {}
    for draft in write_pairs(chunk, extract_facts(chunk), None, wordings=5, seed=1):
        found.setdefault(draft.answer, []).append(draft.question)
    return found


@pytest.mark.parametrize("head", ["Property | Value", "Item | Specification", "Parameter | Data"])
def test_a_table_of_properties_speaks_of_the_thing_itself(head: str) -> None:
    table = f"| {head} |\n|---|---|\n| Height | 90 cm |\n| Noise at night | 21 dB |"
    found = asked(table, "Nordal K7 Oven: User Manual", "Technical data")
    assert "How tall is the Nordal K7?" in found["The height of the Nordal K7 is 90 cm."]
    assert "How loud is the Nordal K7 at night?" in found["The noise of the Nordal K7 at night is 21 dB."]


def test_chinese_properties() -> None:
    found = asked("| 项目 | 数值 |\n|---|---|\n| 高度 | 90 厘米 |", "北辰烤箱：用户手册", "技术参数", language="zh")
    assert "北辰烤箱有多高？" in found["北辰烤箱的高度是90 厘米。"]


def test_a_line_without_a_verb_is_a_property() -> None:
    assert "The fuse is 5 A, quick." in asked("Fuse 5 A, quick", "Guide", "Parts")
    assert not any("is 4 months" in s for s in asked("The filter must be replaced every 4 months.", "Guide"))


def test_rows_of_a_cut_code_table_are_no_header() -> None:
    found = asked("| E-1 | No water | Add water |\n|---|---|---|\n| E-2 | Too hot | Wait |", "Guide", "Faults")
    assert "E-1 means: No water. What to do: Add water." in found and len(found) == 2


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("A red lamp means that it is full, a blue lamp means that it is empty, and a white lamp calls for help.", 3),
        ("The pump checks the level every 40 seconds and shows the result on a screen.", 2),
        ("New software is installed at night, and an update takes 11 minutes.", 2),
        ("The lamp grows herbs, salad leaves and small plants.", 1),
    ],
)
def test_compounds_are_cut_where_it_is_safe(text: str, cut: int) -> None:
    assert len(clauses(text)) == cut and separable(clauses(text)) is (cut > 1)


def test_orders_are_told_from_statements() -> None:
    assert imperative("Fill the tank.") and imperative("Leave 5 cm free.")
    assert not imperative("Holiday mode shortens the day.") and not imperative("Repeat visits are free.")


def test_quantities_in_steps_are_asked_for() -> None:
    found = asked(
        "1. Fill the tank with 10 litres of warm water and dissolve 150 g of salt.\n2. Wait.", "G", "Cleaning it"
    )
    assert any("How much salt do I need for cleaning it?" in q for q in found.values())
    assert any("How much warm water do I need for cleaning it?" in q for q in found.values())


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("This handbook explains how to set it up.", "en"),
        ("See section 4.", "en"),
        ("Keep this manual near the oven.", "en"),
        ("本手册说明如何安装。", "zh"),
        ("请把手册放在烤箱旁边。", "zh"),
        ("参见第 4 节。", "zh"),
    ],
)
def test_sentences_about_the_document_state_nothing(text: str, language: str) -> None:
    assert about_document(text, language)
    assert not about_document("The oven weighs 30 kg." if language == "en" else "烤箱重 30 千克。", language)


def test_the_sentence_after_it_leans_on_the_document() -> None:
    assert asked("This handbook explains the oven. Keep it near the door. The oven weighs 30 kg.", "G").keys() == {
        "The oven weighs 30 kg."
    }


def test_the_subject_of_a_document() -> None:
    assert document_subject("Nordal K7 Oven – Owner's Handbook", "en") == "the Nordal K7"
    assert document_subject("北辰烤箱：用户手册", "zh") == "北辰烤箱" and not document_subject("Notes", "en")


@pytest.mark.parametrize(
    "question", ["Where should I keep my locket?", "When is the pump the brush out?", "What starts the game?"]
)
def test_proposals_about_things_that_are_not_there_are_refused(question: str) -> None:
    text = "Keep the pump near the cabinet."
    assert not acceptable(question, Fact(text, text, "near the cabinet", "Pump", 0, len(text)), "en")


def test_a_value_has_several_wordings_in_both_languages() -> None:
    (english,) = asked("The lamp shines for 15 hours a day.", "Guide").values()
    (chinese,) = asked("保修期为 3 年。", "指南", language="zh").values()
    assert len(set(english)) >= 4 and len(set(chinese)) >= 4
