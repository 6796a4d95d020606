"""Question writing: rules, filters, the round trip, with a scripted model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from core.qa.facts import extract_facts
from core.qa.generate import facts_stated
from core.qa.prompts import answer_messages, question_messages
from core.qa.rules.filters import Uniqueness, acceptable, choose
from core.qa.rules.wordings_en import questions_en
from core.qa.rules.wordings_zh import questions_zh
from core.qa.settings import BuildSettings
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
        (fact("The pass includes all three zoos.", "three zoos", "The pass"), "How many zoos does the pass include?"),
        (fact("The ship's name is the Heron Bay.", "Heron Bay", "The ship's name"), "What is the ship's name?"),
        (
            fact("Each guest may bring two bags of up to 20 kg each.", "two bags", "Each guest"),
            "How many bags of up to 20 kg each may each guest bring?",
        ),
        (
            fact("Passes are sold at the grey desk and in the app Nimbo.", "Nimbo", "Passes"),
            "In which app are passes sold?",
        ),
        (
            fact("The tool is called mox and is run with the option --all.", "--all"),
            "With which option is the tool run?",
        ),
        (fact("Copies are made every 6 hours and kept for 9 days.", "9 days", "Copies"), "How long are copies kept?"),
        (
            fact("The oven can be watched and set with the app Cloy.", "Cloy"),
            "With which app can the oven be watched and set?",
        ),
        (fact("The shop was opened in 1987 by Dr. Petra Lund.", "Dr. Petra Lund"), "By whom was the shop opened?"),
        (
            fact("The default for heartbeat setting is 9 s.", "9 s", "heartbeat setting", "cell:Default"),
            "What is heartbeat setting set to by default?",
        ),
        (fact("Spool setting: Size.", "Size", "Spool setting", "cell:Meaning"), "What is Spool setting for?"),
        (fact("The queues for Creek are 25.", "25", "Creek", "cell:Queues"), "What are the queues for Creek?"),
        (fact("The shop is led by Dr. Petra Lund.", "Dr. Petra Lund", "The shop"), "Who leads the shop?"),
        (
            fact("The line is busiest before 9 am, so please call after 10:30 for results.", "10:30", "The line"),
            "After what time should I call for results?",
        ),
        (fact("The office is located at Marrow Lane.", "Marrow Lane", "The office"), "Where is the office located?"),
        (fact("Internet is free for the first 40 minutes.", "40 minutes", "Internet"), "How long is Internet free?"),
        (
            fact("Lost items: They are kept for 60 days on floor 2.", "60 days", "Lost items"),
            "What should I know about lost items?",
        ),
        (
            fact("To claim money, step 2: Fill in form K9.", "form K9", "To claim money", "step:2"),
            "Which form should I fill in to claim money?",
        ),
        (
            fact("The fare for Ulm – Bonn route is 14 pounds.", "14 pounds", "Ulm – Bonn route", "cell:Fare"),
            "How much is the route from Ulm to Bonn?",
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
        (
            fact("首次启动，第2步：加水至白线处，即 22 升。", "22 升", "首次启动", "step:2"),
            "首次启动时，加水至白线处，即多少升？",
        ),
        (fact("首次启动，第3步：加入 77 克盐。", "77 克", "首次启动", "step:3"), "关于首次启动，我想问：加入多少盐？"),
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


def test_a_question_that_fits_two_statements_is_noticed() -> None:
    fares = Uniqueness(["The fare for Ulm – Bonn route is 14 pounds.", "The fare for Ulm – Kiel route is 19 pounds."])
    assert fares.points_at("What is the fare for Bonn?", "The fare for Ulm – Bonn route is 14 pounds.")
    assert not fares.points_at("What is the fare for Ulm?", "The fare for Ulm – Bonn route is 14 pounds.")


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


def test_a_fact_with_few_questions_is_asked_about_once_more_and_more_freely() -> None:
    class Shy(ScriptedModel):
        temperatures: list[float] = []

        def complete_many(self, conversations: list[list[dict[str, str]]], **options: Any) -> list[Reply]:
            if "\nAnswer:" in conversations[0][-1]["content"]:
                self.temperatures.append(options["temperature"])
                first = len(self.temperatures) == 1
                self.questions = ("What is the capacity of the hopper?" if first else "What can the hopper hold?",)
            return super().complete_many(conversations, **options)

    shy = Shy("")
    asked = {d.question for d in written("The hopper holds 12 kg of pellets.", shy, wordings=8)}
    assert len(shy.temperatures) == 2 and shy.temperatures[0] < shy.temperatures[1]
    assert "What is the capacity of the hopper?" in asked and "What can the hopper hold?" in asked


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


def test_short_documents_get_more_wordings_unless_a_number_is_set() -> None:
    assert [BuildSettings().wordings_for(facts) for facts in (0, 60, 90, 400)] == [10, 10, 7, 6]
    assert BuildSettings(wordings=3).wordings_for(60) == 3


def test_facts_are_counted_as_far_as_needed() -> None:
    said = chunk("The hopper holds 12 kg of pellets. A full hopper lasts 17 hours. The lid opens at 40 degrees.")
    opened: list[int] = []

    def chunks() -> Iterator[Chunk]:
        for number in range(9):
            opened.append(number)
            yield said

    assert facts_stated([said], 100) == len(extract_facts(said)) >= 3
    assert facts_stated(chunks(), 5) >= 5 and len(opened) < 9
