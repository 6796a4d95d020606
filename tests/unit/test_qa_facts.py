"""Facts by rules: what they state, and that every quote stands in its chunk."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.qa.facts import extract_facts
from core.qa.types import Chunk, Fact


def chunk(text: str, *path: str, language: str = "en") -> Chunk:
    return Chunk("c1", "doc-1", "handbook.pdf", path, 1, 1, text, language)  # type: ignore[arg-type]


def facts(text: str, *path: str, language: str = "en") -> list[Fact]:
    found = extract_facts(chunk(text, *path, language=language))
    assert all(text[f.start : f.end] == f.quote for f in found)
    return found


def pairs(found: list[Fact]) -> set[tuple[str, str]]:
    return {(f.statement, f.answer) for f in found}


def test_a_sentence_gives_one_fact_for_each_value() -> None:
    found = facts("The Rova weighs 63 kg and has a tank of 9.5 litres.")
    assert [f.answer for f in found] == ["63 kg", "9.5 litres"]
    assert {f.subject for f in found} == {"The Rova"}


def test_pronouns_become_the_subject_before_them() -> None:
    found = facts("Snapshots are taken every 6 hours. They are kept for 16 days.")
    assert ("Snapshots are kept for 16 days.", "16 days") in pairs(found)


def test_a_pronoun_without_a_sentence_before_it_becomes_the_title() -> None:
    assert facts("It weighs 12 kg.", "1. Rova Two", "Overview")[0].statement == "Rova Two weighs 12 kg."


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("The broker listens on port 7316.", "port 7316"),
        ("Sick leave has to be reported by 6:50.", "6:50"),
        ("Visitors use the password willow-93.", "willow-93"),
        ("Empty the ash cup after every 20 hours of use.", "every 20 hours of use"),
        ("The fire warden is Luca Brandt.", "Luca Brandt"),
        ("Exit code 64 means that the file has a syntax error.", "the file has a syntax error"),
        ("The installer is called `twq-setup`.", "twq-setup"),
        ("A missed visit costs 35 dollars.", "35 dollars"),
        ("Write to help@farrow.example for support.", "help@farrow.example"),
    ],
)
def test_values_are_found(text: str, answer: str) -> None:
    assert answer in [f.answer for f in facts(text)]


def test_abbreviations_do_not_end_a_sentence() -> None:
    found = facts("The clinic was opened by Dr. Petra Oyelaran in 1987. It has 11 rooms.")
    assert {f.statement for f in found} == {
        "The clinic was opened by Dr. Petra Oyelaran in 1987.",
        "The clinic has 11 rooms.",
    }


def test_table_cells_name_row_and_column() -> None:
    found = facts(
        "| Mode | Temperature | Pellets |\n|---|---|---|\n| Smoke | 82 °C | 0.4 kg |\n| Sear | 265 °C | 2 kg |"
    )
    assert ("The temperature for Sear mode is 265 °C.", "265 °C") in pairs(found)
    assert all(f.quote.startswith("|") for f in found)


def test_error_tables_give_meaning_and_remedy() -> None:
    found = facts("| Code | Meaning | Remedy |\n|---|---|---|\n| E4 | Fire went out | Clean the pot |")
    assert [(f.kind, f.answer) for f in found] == [("code", "Fire went out"), ("remedy", "Clean the pot")]
    assert found[0].statement == "E4 means: Fire went out. Remedy: Clean the pot."


def test_a_table_without_its_header_still_states_its_rows() -> None:
    assert facts("| Sear | 265 °C |")[0].statement == "Sear: 265 °C."


def test_numbered_lists_become_procedures() -> None:
    found = facts("To add a node:\n\n1. Create a token.\n2. Start the node.\n3. Wait 5 minutes.")
    assert found[0].kind == "howto"
    assert found[0].statement == "To add a node: 1. Create a token; 2. Start the node; 3. Wait 5 minutes."


def test_list_items_keep_their_lead_in() -> None:
    found = facts("New patients need to bring:\n\n- a photo ID\n- the green form")
    assert found[0].statement == "New patients need to bring: a photo ID and the green form."


def test_codes_in_a_list_keep_their_name() -> None:
    found = facts("- **TW-204**: The spool is full. Run the purge.\n- **TW-230**: Too slow. Raise the limit.")
    assert [(f.subject, f.answer) for f in found][:2] == [("TW-204", "The spool is full"), ("TW-204", "Run the purge")]


def test_definition_lines_become_sentences() -> None:
    assert facts("**Emergency code word:** Cardinal")[0].statement == "The emergency code word is Cardinal."


def test_a_question_as_heading_is_answered_by_its_paragraph() -> None:
    found = facts("Yes, dogs up to 8 kg may come along.", "Travel", "Can I bring my dog?")
    assert found[0].kind == "faq" and found[0].subject == "Can I bring my dog?"


def test_headings_and_code_state_nothing() -> None:
    assert facts("## Setting up\n\n```\nport = 8080\n```") == []


@pytest.mark.parametrize(
    ("text", "statement", "answer"),
    [
        ("保修期为 3 年。它不含滤网。", "保修期不含滤网。", "保修期不含滤网"),
        ("保修期为 3 年。", "保修期为 3 年。", "3 年"),
        ("投诉由李文清负责。", "投诉由李文清负责。", "由李文清负责"),
        ("售后电话为 400-620-7781。", "售后电话为 400-620-7781。", "400-620-7781"),
        ("**滤网型号：** KF-320", "滤网型号是KF-320。", "KF-320"),
    ],
)
def test_chinese_sentences(text: str, statement: str, answer: str) -> None:
    assert (statement, answer) in pairs(facts(text, "云杉净化器", language="zh"))


def test_chinese_tables_and_procedures() -> None:
    table = facts("| 代码 | 含义 | 处理方法 |\n|---|---|---|\n| E3 | 风机过热 | 关机 40 分钟 |", language="zh")
    assert [(f.kind, f.answer) for f in table] == [("code", "风机过热"), ("remedy", "关机 40 分钟")]
    steps = facts("清洁滤网：\n\n1. 打开后盖。\n2. 取出滤网。", language="zh")
    assert steps[0].statement == "清洁滤网：1. 打开后盖；2. 取出滤网。"


PIECES = st.sampled_from(
    [
        "The pump runs for 12 minutes. ",
        "It costs 9 euros.",
        "\n",
        "\n\n",
        "- an item\n",
        "1. First step\n",
        "2. Second 3:30 pm.\n",
        "| A | B |\n",
        "|---|---|\n",
        "| x | 4 kg |\n",
        "## Heading?\n",
        "**Label:** value\n",
        "Do this:\n",
        "```\n",
        "Dr. Ann Lee leads it. ",
        "它每 6 个月更换一次。",
        "保修期为 3 年，不含滤网。\n",
        "如需清洁，按以下步骤：\n",
        "`code` ",
        "\\| ",
        "—",
        "E4: broken. Fix it!\n",
        "   ",
        "“",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=80), st.sampled_from(["en", "zh"]))
def test_every_quote_is_a_verbatim_slice(text: str, language: str) -> None:
    for fact in extract_facts(chunk(text, "Title", "Part", language=language)):
        assert fact.quote == text[fact.start : fact.end] and fact.quote
        assert fact.statement and fact.answer


def test_quotes_of_steps_show_their_numbers() -> None:
    """The answer "First start, step 6: …" states a 6, so its evidence has to."""
    text = "1. Slide it in.\n2. Add 77 ml of Verdal A.\n6. Wait for the test, which takes 9 minutes."
    steps = {f.kind: f for f in facts(text, "Lamp", "First start") if f.kind.startswith("step")}
    assert steps["step:2"].quote == "2. Add 77 ml of Verdal A."
    assert steps["step:6"].quote.startswith("6. Wait") and "step 6" in steps["step:6"].statement


def test_a_section_is_one_answer_to_its_heading() -> None:
    text = "## Light\n\nThe lamp shines for 15 hours a day. It grows brighter over 25 minutes.\n\n- One item\n"
    section = next(f for f in facts(text, "Quill H4: Handbook", "Light") if f.kind == "section")
    assert section.subject == "Light"
    assert section.answer == "The lamp shines for 15 hours a day. It grows brighter over 25 minutes."


@pytest.mark.parametrize("text", [
    "## Light\n\nThe lamp shines for 15 hours a day.\n",
    "## Overview\n\nThe lamp shines for 15 hours a day. It grows brighter over 25 minutes each morning.\n",
    "## Light\n\n- The lamp shines for 15 hours a day. It grows brighter over 25 minutes.\n",
    "## Light\n\nThis chapter describes the lamp. In this handbook you find out how it works.\n",
])
def test_single_sentences_general_headings_and_lists_are_no_sections(text: str) -> None:
    assert [f for f in facts(text, "Quill H4: Handbook", "Light") if f.kind == "section"] == []


def test_a_long_section_ends_with_a_whole_sentence() -> None:
    text = "## Pumps\n\n" + " ".join(f"Pump number {n} moves {n} litres of water in an hour." for n in range(10, 40))
    section = next(f for f in facts(text, "Handbook", "Pumps") if f.kind == "section")
    assert 40 < len(section.answer.split()) <= 80 and section.answer.endswith("hour.")


MERGED = """<table>
<tr><th>Model</th><th>Width</th><th>Colour</th></tr>
<tr><td rowspan="2">Oslo &amp; Bergen</td><td>61 cm</td><td>red</td></tr>
<tr><td>72 cm</td><td>blue</td></tr>
<tr><td>Turku</td><td colspan="2">to order</td></tr>
</table>
"""


def test_merged_cells_count_for_every_field_they_cover() -> None:
    found = {(f.subject, f.kind, f.answer) for f in facts(MERGED, "Shelves", "Sizes")}
    assert {("Oslo & Bergen", "cell:Width", "61 cm"), ("Oslo & Bergen", "cell:Width", "72 cm"),
            ("Oslo & Bergen", "cell:Colour", "blue"), ("Turku", "cell:Colour", "to order")} <= {
        (re.sub(" model$", "", subject), kind, answer) for subject, kind, answer in found}


def test_html_that_is_no_table_row_states_nothing() -> None:
    assert facts("<table>\n</table>\n", "Shelves") == []
