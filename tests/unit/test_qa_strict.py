"""Gates for the pairs of a chat model, its one repair, and the judge who sees the evidence alone."""

import json

import pytest

from core.qa.checking import second_look
from core.qa.gates import check
from core.qa.ledger import Call
from core.qa.strict import dates, measures
from core.qa.types import Chunk, Draft

EN = (
    "The Rova-2 pump weighs 45 kg and runs at 12 bar. It was tested on 3 May 2024 by Ada Quill. Its filter lasts "
    "six months. Error E7 means that the tank is empty. Ben Fane repairs the Orta pump."
)
ZH = "罗瓦二号水泵重45千克，工作压力12巴。2024年5月3日完成测试。滤芯每二十五天更换一次，每星期三检查一次。"
FIRST, TEST, FILTER, CODE = (part + "." for part in EN.split(". ")[:4])


def refused(question, answer, quote, text=EN, kind="fact", strict=True):
    language = "zh" if text == ZH else "en"
    chunk = Chunk("c", "d", "Rova handbook.pdf", ("Rova-2",), 1, 1, text, language)
    _, verdicts = check(Draft(question, answer, quote, "f", kind), chunk, strict=strict)
    return next((v.gate for v in verdicts if not v.passed and not v.doubt), "")


@pytest.mark.parametrize(
    ("question", "answer", "quote", "gate"),
    [
        ("How heavy is the Rova-2 pump?", "45 kg", FIRST, ""),
        ("How heavy is the Rova-2 pump?", "It weighs 45 kilograms.", FIRST, ""),
        ("How heavy is the Rova-2 pump?", "12 kg", FIRST, "units"),
        ("How heavy is the Rova-2 pump?", "forty-six kg, nearly fifty", FIRST, "numbers"),
        ("How heavy is the 54 kg Rova-2 pump?", "The Rova-2 pump weighs 45 kg.", FIRST, "numbers"),
        ("When was the Rova-2 pump tested?", "On 3 May 2024.", TEST, ""),
        ("When was the Rova-2 pump tested?", "On May 3rd, 2024.", TEST, ""),
        ("When was the Rova-2 pump tested?", "2024-05-03", TEST, ""),
        ("When was the Rova-2 pump tested?", "2024-03-05", TEST, "dates"),
        ("Who tested the Rova-2 pump?", "It was tested by Ben Fane.", TEST, "names"),
        ("What does error E7 of the Rova-2 mean?", "Error E7 means that the tank is empty.", CODE, ""),
        ("What means that the Rova-2 tank is empty?", "Error E8 means that the tank is empty.", CODE, "names"),
        ("How long does the filter of the Rova-2 last?", "It lasts six months.", FILTER, ""),
        ("How long does the filter of the Rova-2 last?", "It lasts 6 months.", FILTER, ""),
        ("How long does the filter of the Rova-2 last?", "It lasts six years.", FILTER, "units"),
        ("How long does the filter of the Rova-2 last?", "It lasts 6 years.", FILTER, "units"),
        ("What is E7?", "E-7 means that the tank is empty.", CODE, ""),
    ("What does error E7 mean?", "Error E7 of the Rova-2 means that the tank is empty.", CODE, ""),
    ("What is the usual advice?", "The pump weighs 45 kg.", FIRST, "standalone"),
        (
            "How heavy is the Rova-2 pump?",
            "The weight of the pump is not specified, it weighs 45 kg.",
            FIRST,
            "no_answer",
        ),
    ],
)
def test_english(question, answer, quote, gate):
    assert refused(question, answer, quote) == gate


@pytest.mark.parametrize(
    ("question", "answer", "gate"),
    [
        ("罗瓦二号水泵有多重？", "45 kg。", ""),
        ("罗瓦二号水泵有多重？", "12千克。", "units"),
        ("罗瓦二号水泵何时完成测试？", "2024年5月3日。", ""),
        ("罗瓦二号水泵何时完成测试？", "2024年3月5日。", "dates"),
        ("罗瓦二号水泵的滤芯多久更换一次？", "每二十五天更换一次。", ""),
        ("罗瓦二号水泵的滤芯多久更换一次？", "每25天更换一次。", ""),
        ("罗瓦二号水泵的滤芯多久更换一次？", "每五十二天更换一次。", "numbers"),
        ("罗瓦二号水泵星期几检查？", "每星期四检查一次。", "dates"),
        ("罗瓦二号水泵有多重？", "罗瓦二号水泵重45千克，没有说明压力。", "no_answer"),
    ],
)
def test_chinese(question, answer, gate):
    assert refused(question, answer, ZH, ZH) == gate


def test_planted_wrong_numbers_are_caught_without_a_judge():
    """A changed digit, a number of another measure, a number in words, one in the question: 25 of each."""
    caught, wrong = 0, 0
    for n in range(25):
        litres, bar, weeks = n * 7 + 113, n + 3, n % 12 + 4
        text = f"The pump of line {n} delivers {litres} litres per minute at {bar} bar and rests after {weeks} weeks."
        asked = f"What does the pump of line {n} deliver?"
        planted = [
            (asked, f"It delivers {litres + 10} litres per minute."),
            (asked, f"It delivers {bar} litres."),
            (f"How long does the pump of line {n} work?", ["thirteen", "fourteen", "fifteen"][n % 3] + " days"),
            (f"Why does the pump of line {n} deliver {litres + 1} litres?", "The pump rests afterwards."),
        ]
        right = [(asked, f"It delivers {litres} litres per minute."), (asked, f"It delivers {litres} l at {bar} bar.")]
        caught += sum(refused(q, a, text, text) != "" for q, a in planted)
        wrong += sum(refused(q, a, text, text) != "" for q, a in right)
    assert (caught, wrong) == (100, 0)


def test_the_built_in_helper_is_judged_as_before():
    assert refused("How heavy is the Rova-2 pump?", "12 kg", FIRST, strict=False) == ""


def test_measures_and_dates_in_all_spellings():
    assert measures("5 kg, 5公斤, 3 °C and 3℃, 20 %, 1,200 litres") == {
        ("5", "kg"),
        ("3", "°c"),
        ("20", "%"),
        ("1200", "l"),
    }
    for text in ("2024-05-03", "2024年5月3日", "3 May 2024", "May 3, 2024", "3rd of May 2024"):
        assert dates(text) == {(("day", 3), ("month", 5), ("year", 2024))}, text


class Helper:
    """Gives prepared replies by stage and keeps what it was asked."""

    def __init__(self, **replies):
        self.replies, self.asked = replies, []

    def __call__(self, stage, messages, schema, limit):
        self.asked.append((stage, messages[-1]["content"]))
        if stage not in self.replies:
            return None
        return Call("k", stage, "c", "m", "1", reply=json.dumps(self.replies[stage]))


CHUNK = Chunk("c", "d", "Rova handbook.pdf", ("Rova-2",), 1, 1, EN, "en")
GOOD = Draft("How heavy is the Rova-2 pump?", "45 kg", FIRST, "f0")
BAD = Draft("At what pressure does the Rova-2 pump run?", "13 bar", FIRST, "f1")
WHY = Draft(
    "Why is the Orta pump in the workshop?",
    "Ben Fane repairs the Orta pump.",
    "Ben Fane repairs the Orta pump.",
    "f2",
    "why",
)


def test_a_refused_fact_is_mended_once_and_its_first_try_is_kept():
    helper = Helper(repair={"pairs": [{"n": 1, "quote": FIRST, "answer": "12 bar", "questions": [BAD.question]}]})
    done = second_look(CHUNK, "en", [GOOD, BAD], "doubtful", helper)
    assert [d.answer for d in done.drafts] == ["45 kg", "12 bar"]
    assert done.before == {done.drafts[1]: BAD}
    assert [stage for stage, _ in helper.asked] == ["repair"] and "13 bar" in helper.asked[0][1]
    assert '45 kg"' not in helper.asked[0][1], "what was good is not paid for again"


@pytest.mark.parametrize(
    "reply",
    [
        {"pairs": [{"n": 1, "quote": FIRST, "answer": "14 bar", "questions": [BAD.question]}]},
        {"pairs": [{"n": 9, "quote": FIRST, "answer": "12 bar", "questions": [BAD.question]}]},
        {"pairs": []},
        "I cannot",
    ],
)
def test_a_repair_that_is_none_changes_nothing(reply):
    done = second_look(CHUNK, "en", [BAD], "doubtful", Helper(repair=reply))
    assert done.drafts == [BAD] and done.before == {}


def test_reasoned_answers_are_judged_by_their_evidence_alone():
    helper = Helper(judge={"verdicts": [{"n": 1, "verdict": "not"}]})
    done = second_look(CHUNK, "en", [GOOD, WHY], "doubtful", helper)
    [verdict] = done.verdicts[WHY]
    assert (verdict.gate, verdict.passed, verdict.doubt) == ("judge", False, False)
    assert "45 kg" not in helper.asked[0][1], "neither other facts nor the rest of the text are shown"
    assert second_look(CHUNK, "en", [WHY], "never", Helper()).verdicts == {}


@pytest.mark.parametrize(("answer", "passed"), [("Ben Fane repairs it", True), ("it is being painted", False)])
def test_what_is_half_supported_is_asked_again(answer, passed):
    helper = Helper(
        judge={"verdicts": [{"n": 1, "verdict": "partly"}]}, round_trip={"answers": [{"n": 1, "answer": answer}]}
    )
    [verdict] = second_look(CHUNK, "en", [WHY], "all", helper).verdicts[WHY]
    assert (verdict.passed, verdict.doubt) == (passed, True)


def test_right_pairs_are_not_refused_for_their_wording():
    """Pairs that rules make of a text are right by construction: codes, table values, steps, measures, names."""
    from core.qa.chunk import chunk_document
    from core.qa.facts import extract_facts
    from core.qa.writer import write_pairs

    texts = [
        "# Quillmere H4 handbook\n\nThe Quillmere H4 holds 22 litres and weighs 31 kg. The Warden checks the level "
        "every 40 seconds. The warranty lasts two years.\n\n| Code | Meaning | What to do |\n|---|---|---|\n"
        "| F-03 | The tank is almost empty | Refill the tank |\n| F-08 | The pump is blocked | Brush it |\n\n"
        "| Property | Value |\n|---|---|\n| Lamp life | 32,000 hours |\n| Fuse | 3.15 A, slow |\n",
        "# 奎尔米H4手册\n\n奎尔米H4的水箱可装22升水，空柜重31千克。守望者每40秒检查一次水位。保修期为两年。\n\n"
        "| 代码 | 含义 | 处理方法 |\n|---|---|---|\n| F-03 | 水箱快空了 | 加水至白线 |\n"
        "| F-08 | 水泵堵塞 | 刷洗水泵壳 |\n",
    ]
    made = [(span.chunk, draft) for text in texts for span in chunk_document("d", "h.pdf", [(1, text)])[1]
            for draft in write_pairs(span.chunk, extract_facts(span.chunk), None, wordings=4, seed=1)]
    bad = [(d.question, d.answer, v.gate, v.detail) for chunk, d in made
           for v in check(d, chunk, strict=True)[1] if not v.passed]
    assert len(made) > 40 and len(bad) <= len(made) // 50, bad
