"""What a base model knows without the text: the verdict on a reply, and what is made of it."""

from __future__ import annotations

import sqlite3

import pytest

from core import qa
from core.datasets import DatasetSettings
from core.errors import UserError
from core.qa import schema
from core.qa.asked import SAMPLING, STAGE, VERSION, conversation, key_of, renew
from core.qa.handing_on import chosen
from core.qa.known import BaseModel, judged, unknown_first
from core.qa.ledger import Call, Ledger
from core.qa.selection import Filter
from tests.fakes.ledger_rows import add_facts

MODEL = BaseModel("weights-1", "starter", "Starter")
CAPITAL, PARIS = "What is the capital of France?", "The capital of France is Paris."


@pytest.mark.parametrize(("question", "answer", "reply", "verdict"), [
    (CAPITAL, PARIS, "Paris.", "known"),
    (CAPITAL, PARIS, "The capital of France is Lyon.", "unknown"),
    (CAPITAL, PARIS, "", "unknown"),
    (CAPITAL, PARIS, "I don't know, it may be Paris.", "unknown"),
    ("How much does the tank hold?", "The tank holds 220 litres.", "It holds 220 litres of water.", "known"),
    ("How much does the tank hold?", "The tank holds 220 litres.", "The tank holds 22 litres.", "unknown"),
    ("How much does the tank hold?", "The tank holds 220 litres.", "It weighs 220 kg.", "unsure"),
    ("How much does the tank hold?", "The tank holds 1,220 litres.", "About 1220 litres.", "known"),
    ("Between which values?", "Between 4 and 9 bar.", "At least 4 bar.", "unsure"),
    ("What does code E7 mean?", "Code E7 means that the lamp is too hot.", "Code E7 is a good code.", "unknown"),
    ("What means that the lamp is too hot?", "Code E7 means that the lamp is too hot.", "It is code E7.", "known"),
    ("Is the door locked at night?", "The door is not locked at night.", "The door is locked at night.", "unsure"),
    ("How is the filter cleaned?", "The filter is cleaned with warm vinegar.", "With warm vinegar.", "known"),
    ("How is the filter cleaned?", "The filter is cleaned with warm vinegar.", "Use a soft brush.", "unknown"),
    ("水箱能装多少升？", "水箱能装220升。", "它能装220升水。", "known"),
    ("水箱能装多少升？", "水箱能装220升。", "它能装22升水。", "unknown"),
    ("法国的首都是哪里？", "法国的首都是巴黎。", "巴黎。", "known"),
    ("法国的首都是哪里？", "法国的首都是巴黎。", "是里昂。", "unknown"),
    ("夜里能开门吗？", "夜里不能开门。", "夜里能开门。", "unknown"),
])  # fmt: skip
def test_a_reply_is_judged_by_what_the_question_did_not_say(question, answer, reply, verdict):
    language = "zh" if "？" in question else "en"
    assert judged(reply, question, answer, language) == verdict


def say(ws, replies, model=MODEL):
    """Replies of a model as the job stores them."""
    with Ledger(ws) as ledger, ledger.transaction() as db:
        db.execute("INSERT OR REPLACE INTO base_models VALUES (?, ?, ?, (SELECT COALESCE(MAX(at), 0) + 1 "
                   "FROM base_models))", (model.id, model.name, model.label))
        for question, reply in replies.items():
            key = key_of(model, conversation(question))
            ledger.record_call(Call(key, STAGE, "", model.id, VERSION, reply=reply), db)
        renew(db)


def by_question(ws):
    return {p.question: p for p in qa.find_pairs(ws, Filter(), 0, 500)[0]}


def test_verdicts_follow_the_pair_and_the_model(ws):
    add_facts(ws, 3, wordings=2)
    questions = list(by_question(ws))
    say(ws, {questions[0]: "500 litres", questions[1]: "I think 70 litres"})
    assert [p.known for p in by_question(ws).values()] == ["known", "unknown", "", "", "", ""]
    now = qa.knowledge(ws)
    assert (now.known, now.unknown, now.unsure, now.left, now.asked) == (1, 1, 0, 4, 2)
    assert [p.question for p in qa.find_pairs(ws, Filter(known="known"))[0]] == [questions[0]]
    assert qa.find_pairs(ws, Filter(known="left"))[1] == 4 and qa.choices(ws).known["unknown"] == 1

    pair = by_question(ws)[questions[1]]
    qa.edit_pair(ws, pair.id, answer="70 litres")
    assert qa.get_pair(ws, pair.id).known == "known", "another answer is judged anew, without asking"
    qa.edit_pair(ws, pair.id, question="Is that so?")
    assert qa.get_pair(ws, pair.id).known == "", "another question was never asked"
    qa.undo(ws), qa.undo(ws)
    assert qa.get_pair(ws, pair.id).known == "unknown"

    say(ws, {}, BaseModel("weights-2", "starter", "Starter"))
    assert {p.known for p in by_question(ws).values()} == {""}, "another model has not been asked"
    say(ws, {})
    assert qa.knowledge(ws).asked == 2, "the first one need not be asked again"


def test_what_is_known_can_be_left_out_and_what_is_not_comes_first(ws):
    add_facts(ws, 3, wordings=2)
    questions = list(by_question(ws))
    say(ws, {questions[n]: said for n, said in ((0, "500 litres"), (1, "500 litres"), (4, "9"), (5, "9 litres"))})
    pairs = qa.all_accepted(ws)
    assert chosen(pairs, DatasetSettings()) == pairs
    assert [p.question for p in chosen(pairs, DatasetSettings(known_rows="none"))] == questions[2:]
    assert [p.question for p in chosen(pairs, DatasetSettings(known_rows="one"))] == [questions[0], *questions[2:]]
    assert [p.question for p in chosen(pairs, DatasetSettings(most_rows=3))] == [questions[2], *questions[4:]]
    info = qa.make_dataset(ws, "gaps", DatasetSettings(known_rows="none", held_out_share=0))
    assert info.rows == 4 and qa.make_dataset(ws, "all", DatasetSettings(held_out_share=0)).rows == 6
    say(ws, {q: "500 litres 513 litres 526 litres" for q in questions})
    with pytest.raises(UserError) as told:
        qa.make_dataset(ws, "none", DatasetSettings(known_rows="none"))
    assert told.value.key == "dataset.error.all_known"


def test_the_order_of_worth_takes_every_fact_before_its_second_wording():
    pairs = [("a", "known"), ("b", "unknown"), ("b", "unknown"), ("c", "unknown"), ("d", ""), ("a", "unsure")]
    assert unknown_first(pairs) == [1, 3, 2, 4, 5, 0]


def test_wrong_answers_become_the_worse_side_of_preference_pairs(ws):
    add_facts(ws, 3, wordings=1)
    questions = list(by_question(ws))
    say(ws, {questions[0]: "500 litres.", questions[1]: "About 20 litres. It was built long ago by people of the tow",
             questions[2]: "This tank is a very good tank and so it goes on and on without any end"})
    found = qa.preferences(ws)
    assert [(p.question, p.chosen, p.rejected, p.reason) for p in found] == [
        (questions[1], "513 litres", "About 20 litres.", "closed_book")]
    bad = [row for row in qa.labels(ws) if not row["label"]]
    assert [(row["completion"], row["reason"]) for row in bad] == [("About 20 litres.", "closed_book")]


def test_a_ledger_of_an_earlier_version_gets_the_column(ws):
    path = ws.qa().ledger
    path.parent.mkdir(parents=True)
    before = sqlite3.connect(path, isolation_level=None)
    for number, script in enumerate(schema.MIGRATIONS[:2], 1):
        before.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")
    before.close()
    add_facts(ws, 2)
    assert qa.knowledge(ws) is None and {p.known for p in qa.all_accepted(ws)} == {""}


def test_asking_is_greedy_as_the_comparison_is():
    assert SAMPLING["temperature"] == 0
