"""parse_reply: nothing raises, nothing is invented, nothing cut is stored as whole."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from benchmarks.malformed import measure
from core.llm.parse import parse_reply, split_thinking
from core.qa.request import FactItem
from tests.fakes.malformed_replies import CASES as CORPUS


class QA(BaseModel):
    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)


A = {"question": "How tall?", "answer": "5 m"}
B = {"question": "谁写的？", "answer": "李“白”, 他"}
ONE, TWO = json.dumps([A]), json.dumps([A, B], ensure_ascii=False)
DEEP = "[" * 100_000

CASES = [  # name, reply, finish_reason, questions kept, complete
    ("list", TWO, "stop", 2, True),
    ("fenced", f"```json\n{TWO}\n```", "stop", 2, True),
    ("fenced without language", f"```\n{TWO}\n```", "stop", 2, True),
    ("fence never closed, list whole", f"```json\n{TWO}", "stop", 2, True),
    ("prose before", f"Sure, here it is:\n{TWO}", "stop", 2, True),
    ("prose with brackets", f"Here are [2] pairs (see {{x}}):\n{TWO}", "stop", 2, True),
    ("prose after", f"{TWO}\nHope this helps!", "stop", 2, True),
    ("two lists", f"{ONE}\nand\n{json.dumps([B])}", "stop", 2, True),
    ("two fences", f"```json\n{ONE}\n```\nand\n```json\n{json.dumps([B])}\n```", "stop", 2, True),
    ("object around", json.dumps({"pairs": [A, B]}), "stop", 2, True),
    ("single object", json.dumps(A), "stop", 1, True),
    ("object a line", f"{json.dumps(A)}\n{json.dumps(B)}", "stop", 2, True),
    ("empty list", "[]", "stop", 0, True),
    ("empty list inside", '{"pairs": []}', "stop", 0, True),
    ("think closed", f'<think>[{{"question": "no"}}]</think>{TWO}', "stop", 2, True),
    ("think end only", f"I ponder [1]</think>\n{TWO}", "stop", 2, True),
    ("think unclosed", f"<think>hm {TWO}", "stop", 0, False),
    ("thinking tag", f"<thinking>x</thinking>{ONE}", "stop", 1, True),
    ("cut in fence, length", '```json\n[{"question": "a"', "length", 0, False),
    ("cut in fence, stop", '```json\n[{"question": "a"', "stop", 0, False),
    ("cut after first", TWO[:-20], "length", 1, False),
    ("cut after first, stop", TWO[:-20], "stop", 1, False),
    ("cut exactly at end", TWO, "length", 2, False),
    ("cut in prose", "Here are the", "length", 0, False),
    ("single quotes", "[{'question': 'How tall?', 'answer': '5 m'}]", "stop", 1, True),
    ("single quotes, apostrophe", "[{'question': 'What\\'s it?', 'answer': 'it\\'s 5'}]", "stop", 1, True),
    ("trailing comma", '[{"question": "a", "answer": "b",},]', "stop", 1, True),
    ("typographic quotes", "[{“question”: “a”, “answer”: “b”}]", "stop", 1, True),
    ("CJK punctuation", '[{"question"："甲"，"answer"："乙"}]', "stop", 1, True),
    ("missing comma", '[{"question": "a", "answer": "b"} {"question": "c", "answer": "d"}]', "stop", 2, True),
    ("null question", '[{"question": null, "answer": "b"}]', "stop", 0, True),
    ("missing answer", '[{"question": "a"}]', "stop", 0, True),
    ("wrong type", '[{"question": 5, "answer": ["b"]}]', "stop", 0, True),
    ("NaN", '[{"question": "a", "answer": NaN}]', "stop", 0, False),
    ("numbered list", "1. How tall is it?\n2. Who wrote it?", "stop", 0, False),
    ("refusal", "I'm sorry, I can't help with that.", "stop", 0, False),
    ("strings only", '["How tall?", "Who?"]', "stop", 0, False),
    ("empty", "", "stop", 0, False),
    ("HTML", "<html><body>502 Bad Gateway</body></html>", "stop", 0, False),
    ("deep", DEEP, "stop", 0, False),
    ("deep objects", '{"a":' * 100_000, "length", 0, False),
    ("NUL and surrogate", '[{"question": "a\x00\ud800", "answer": "b"}]', "stop", 1, True),
    ("same pair thrice", json.dumps([A, A, A]), "stop", 1, True),
    ("500 pairs", json.dumps([{"question": f"q{i}", "answer": "a"} for i in range(500)]), "stop", 100, True),
    ("duplicate keys", '[{"question": "a", "question": "b", "answer": "c"}]', "stop", 1, True),
]


@pytest.mark.parametrize(("reply", "finish", "kept", "complete"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_table(reply, finish, kept, complete):
    parsed = parse_reply(reply, finish, QA)
    assert len(parsed.items) == kept
    assert parsed.complete is complete
    assert kept or complete or parsed.rejects, "what was not used is kept with its reason"


def test_content_survives_untouched():
    for reply in (TWO, f"```json\n{TWO}\n```", f"Sure:\n{TWO}"):
        assert [i.model_dump() for i in parse_reply(reply, "stop", QA).items] == [A, B]
    tricky = {"question": "What does `,}` and ```x``` mean?", "answer": "“a”, 'b'， None"}
    assert parse_reply(json.dumps([tricky], ensure_ascii=False), "stop", QA).items[0].model_dump() == tricky
    quoted = parse_reply("[{'question': 'What\\'s it?', 'answer': 'say \"5\"'}]", "stop", QA).items[0]
    assert (quoted.question, quoted.answer) == ("What's it?", 'say "5"')


def test_a_cut_item_is_never_completed():
    for cut in range(1, len(TWO)):
        items = [i.model_dump() for i in parse_reply(TWO[:cut], "length", QA).items]
        assert items == [A, B][: len(items)]


@given(st.text(alphabet="[]{}\":,\\ \n`ab<think>/“'1", max_size=200), st.sampled_from(["stop", "length"]))
def test_any_text_is_survived(text, finish):
    parse_reply(text, finish, QA)


# The tags of thinking are taken out wherever they stand, so that none ever gets into a dataset.
PRINTABLE = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1).filter(
    lambda text: not re.search("think|thought|reasoning", text, re.IGNORECASE))


@given(
    st.lists(st.builds(QA, question=PRINTABLE, answer=PRINTABLE), max_size=5, unique_by=lambda i: i.model_dump_json())
)
def test_well_formed_replies_lose_nothing(items):
    assert parse_reply(json.dumps([i.model_dump() for i in items]), "stop", QA).items == items


def test_escaped_control_characters_do_not_get_in():
    item = parse_reply('[{"question": "a\\u0000b\\ud800", "answer": "c"}]', "stop", QA).items[0]
    assert item.question == "ab"


@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        ("<think>a</think>b", "a", "b"),
        ("b", "", "b"),
        ("a</think>b", "a", "b"),
        ("<think>a", "a", ""),
        ("<think>\n\n</think>\n\nb", "", "b"),
        ("<THINK>a</THINK>b<think>c</think>", "a\nc", "b"),
    ],
)
def test_split_thinking(text, thought, answer):
    assert split_thinking(text) == (thought, answer)


def test_malformed_replies_as_models_write_them():
    out = measure()
    print(out, *out.lost, *out.invented, sep="\n")
    assert out.replies == len({case.name for case in CORPUS}) == len({case.text for case in CORPUS}) >= 60
    assert not out.crashes and not out.invented and not out.thoughts
    assert out.recovered >= 0.95 * out.recoverable
    assert out.slowest_s < 5


def test_items_of_facts_are_read_in_all_wrappings():
    fact = {"quote": "The mast is 5 m tall.", "answer": "5 m", "questions": ["How tall is the mast?"], "kind": "fact"}
    odd = {"引文": fact["quote"], "答案": "5 m", "问题": "How tall is the mast?", "类型": "fact"}
    yaml = 'facts:\n- quote: The mast is 5 m tall.\n  answer: 5 m\n  questions:\n    - "How tall is the mast?"\n'
    call = json.dumps({"function": {"name": "f", "arguments": json.dumps({"facts": [fact]})}})
    for reply in (json.dumps({"facts": [fact]}), json.dumps([odd], ensure_ascii=False), yaml, call):
        assert [item.model_dump() for item in parse_reply(reply, "stop", FactItem).items] == [fact], reply
