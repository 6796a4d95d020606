"""Question writing: rules, filters, the round trip, with a scripted model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

from core.qa.facts import extract_facts
from core.qa.prompts import answer_messages, question_messages
from core.qa.rules.filters import Uniqueness, acceptable, choose
from core.qa.rules.wordings_en import questions_en
from core.qa.rules.wordings_zh import questions_zh
from core.qa.types import Chunk, Draft, Fact
from core.qa.writer import agrees, write_pairs


def fact(statement: str, answer: str, subject: str = "", kind: str = "fact") -> Fact:
    return Fact(statement, statement, answer, subject, 0, len(statement), kind)


def chunk(text: str, language: str = "en") -> Chunk:
    return Chunk("c1", "doc-1", "handbook.pdf", ("Handbook",), 1, 1, text, language)  # type: ignore[arg-type]


@dataclass
class Reply:
    text: str


class ScriptedModel:
    """Proposes fixed questions; asked back, finds the first number of the text or nothing."""

    def __init__(self, *questions: str) -> None:
        self.questions, self.asked, self.deadlines = questions, 0, set[float]()

    def complete_many(self, conversations: list[list[dict[str, str]]], **options: Any) -> list[Reply]:
        replies = []
        self.deadlines.add(options["deadline_s"])
        for conversation in conversations:
            text = conversation[-1]["content"]
            if "\nAnswer:" in text:
                replies.append(Reply(self.questions[self.asked % len(self.questions)]))
                self.asked += 1
            else:
                found = re.search(r"\d+ \w+", text)
                replies.append(Reply(found[0] if found and "odd" not in text.split("Question:")[1] else "unknown"))
        return replies


def written(text: str, client: Any = None, language: str = "en", wordings: int = 4) -> list[Draft]:
    whole = chunk(text, language)
    return write_pairs(whole, extract_facts(whole), client, wordings=wordings, seed=1)


@pytest.mark.parametrize(
    ("given", "question"),
    [
        (
            fact("A routine visit lasts 12 minutes.", "12 minutes", "A routine visit"),
            "How long does a routine visit last?",
        ),
        (
            fact("The River edition costs 1,150 euros per year.", "1,150 euros", "The River edition"),
            "How much does the River edition cost per year?",
        ),
        (fact("Empty the ash cup every 20 hours.", "every 20 hours"), "How often should I empty the ash cup?"),
        (
            fact("Ms. Ingrid Falk is responsible for complaints.", "Ms. Ingrid Falk", "Ms. Ingrid Falk"),
            "Who is responsible for complaints?",
        ),
        (
            fact("Patient records are kept for 12 years.", "12 years", "Patient records"),
            "How long are patient records kept?",
        ),
        (fact("The power cord is 2.2 m long.", "2.2 m", "The power cord"), "How long is the power cord?"),
        (
            fact("Visits can be cancelled up to 26 hours in advance.", "26 hours", "Visits"),
            "How many hours in advance can visits be cancelled?",
        ),
        (fact("E4 means: Fire went out.", "Fire went out", "E4", "code"), "What does E4 mean?"),
        (fact("E4 means: Fire went out. Remedy: Clean it.", "Clean it", "E4", "remedy"), "How do I fix E4?"),
        (
            fact("To add a node: 1. Start it; 2. Wait.", "Start it; Wait", "To add a node", "howto"),
            "How do I add a node?",
        ),
        (fact("The code word is Cardinal.", "Cardinal", "Code word", "label"), "What is the code word?"),
        (
            fact("The fare for Lunna route is 14 pounds.", "14 pounds", "Lunna route", "cell:Fare"),
            "How much is Lunna route?",
        ),
        (
            fact("After a vaccination, patients wait for 20 minutes.", "20 minutes"),
            "How long do patients wait after a vaccination?",
        ),
    ],
)
def test_english_rules_ask_naturally(given: Fact, question: str) -> None:
    assert question in questions_en(given)


@pytest.mark.parametrize(
    ("given", "question"),
    [
        (fact("保修期为 3 年。", "3 年", "保修期"), "保修期为多少年？"),
        (fact("投诉由李文清负责。", "李文清", "投诉"), "投诉由谁负责？"),
        (fact("E3，含义：风机过热。", "风机过热", "E3", "code"), "E3是什么意思？"),
        (fact("E3，处理方法：关机。", "关机", "E3", "remedy"), "出现E3怎么办？"),
        (fact("标准房的价格是320元。", "320元", "标准房", "cell:价格"), "标准房的价格是多少？"),
        (fact("清洁滤网：1. 打开；2. 取出。", "打开；取出", "清洁滤网", "howto"), "怎么清洁滤网？"),
        (fact("商店 9:00 开门。", "9:00", "商店"), "请问商店几点开门？"),
    ],
)
def test_chinese_rules_ask_naturally(given: Fact, question: str) -> None:
    assert question in [q.replace(" ", "") for q in questions_zh(given)]


SENTENCE = fact("The hopper of the grill holds 9.5 kg of pellets.", "9.5 kg", "The hopper of the grill")


@pytest.mark.parametrize(
    "question",
    [
        "How many pellets does the hopper hold?",
        "What is the capacity of the hopper?",
        "Tell me how much the hopper holds.",
    ],
)
def test_fitting_questions_pass(question: str) -> None:
    assert acceptable(question, SENTENCE, "en")


@pytest.mark.parametrize(
    "question",
    [
        "The hopper holds pellets.",
        "Does the hopper hold 9.5 kg of pellets?",
        "According to the text, how much does the hopper hold?",
        "What is the capital of France?",
        "How many pellets does the Osprey hopper hold?",
        "How many pellets does the hopper hold after 30 days?",
        "How much does it hold?",
        "hopper hopper hopper hopper how?",
        "What?",
    ],
)
def test_unfit_questions_are_refused(question: str) -> None:
    assert not acceptable(question, SENTENCE, "en")


def test_chinese_questions_must_ask_and_not_tell() -> None:
    given = fact("保修期为 3 年。", "3 年", "保修期")
    assert acceptable("保修期是多久？", given, "zh")
    assert not acceptable("保修期是 3 年吗？", given, "zh")
    assert not acceptable("保修期很长。", given, "zh")
    assert not acceptable("根据文中内容，保修期是多久？", given, "zh")


def test_a_question_that_points_elsewhere_is_noticed() -> None:
    unique = Uniqueness(["The lid of the grill is black.", "The warranty of the grill lasts 4 years."])
    assert unique.points_at("How long is the warranty?", "The warranty of the grill lasts 4 years.")
    assert not unique.points_at("How long is the warranty?", "The lid of the grill is black.")


def test_near_duplicates_count_once() -> None:
    assert choose(["How long is it open?", "How long is it open ?", "When does it close?"], 3) == [
        "How long is it open?",
        "When does it close?",
    ]


@pytest.mark.parametrize(
    ("reply", "answer", "fits"),
    [
        ("about 9.5 kg", "9.5 kg", True),
        ("95 kg", "9.5 kg", False),
        ("the green form", "green registration form", True),
        ("nothing", "the green form", False),
    ],
)
def test_a_reply_agrees_by_numbers_and_words(reply: str, answer: str, fits: bool) -> None:
    assert agrees(reply, answer) is fits


def test_the_answer_is_the_whole_statement_and_the_quote_is_verbatim() -> None:
    text = "The pump runs for 12 minutes. It rests for 40 seconds."
    drafts = written(text)
    assert {d.answer for d in drafts} == {"The pump runs for 12 minutes.", "The pump rests for 40 seconds."}
    assert all(d.quote in text for d in drafts)


def test_wordings_of_a_fact_differ_and_share_its_key() -> None:
    drafts = written("- **TW-204**: The spool is full. Run the purge.", wordings=3)
    by_key: dict[str, list[Draft]] = {}
    for draft in drafts:
        by_key.setdefault(draft.fact_key, []).append(draft)
    assert len(by_key) == 2
    assert all([d.variant for d in group] == [0, 1, 2] for group in by_key.values())
    assert len({d.question for d in drafts}) == 6


def test_a_further_value_of_a_sentence_gets_half_the_wordings() -> None:
    drafts = written("The H4 is built by Quillmere Instruments in the town of Harrowfen.", wordings=4)
    sizes = [sum(d.fact_key == key for d in drafts) for key in dict.fromkeys(d.fact_key for d in drafts)]
    assert sizes == [4, 2]


def test_proposals_of_the_model_follow_one_exact_question() -> None:
    model = ScriptedModel("For what time may the pump run?", "What is the capital of France?")
    questions = [d.question for d in written("The pump runs for 12 minutes.", model)]
    assert questions[:2] == ["How long does the pump run?", "For what time may the pump run?"]
    assert "What is the capital of France?" not in questions


def test_questions_that_share_most_with_the_statement_lead() -> None:
    statement = "An opened bottle of Verdal A keeps for 8 months."
    unique = Uniqueness([statement, "The bottle of Acidal is blue."])
    asked = ["How long is the bottle?", "How long does it keep?", "How long can I keep an opened bottle of Verdal A?"]
    assert unique.by_fit(asked, statement) == [asked[2]]
    assert unique.by_fit(asked, statement, least=0.0)[0] == asked[2]


def test_a_proposal_that_brings_back_another_answer_is_dropped() -> None:
    model = ScriptedModel("How odd is the pump?")
    assert "How odd is the pump?" not in [d.question for d in written("The pump runs for 12 minutes.", model)]


def test_chinese_needs_no_model() -> None:
    drafts = written("保修期为 3 年。", ScriptedModel("What?"), language="zh")
    assert drafts and all(re.search(r"[\u4e00-\u9fff]", d.question) for d in drafts)


def test_prompts_are_those_of_the_training() -> None:
    assert question_messages("A b.", "b")[-1]["content"] == "Text: A b.\nAnswer: b"
    assert answer_messages("A b.", "What?")[0]["content"] == "Answer from the text."


def test_a_busy_machine_has_time_to_answer() -> None:
    model = ScriptedModel("How long does the lamp shine?")
    written("The lamp shines for 15 hours a day.", model)
    assert model.deadlines and min(model.deadlines) >= 1800
