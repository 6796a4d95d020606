"""Kinds of pairs for chat models: what is asked for, and what the kinds must keep to."""

import json

import pytest

from core import datasets, qa
from core.errors import UserError
from core.qa.absent import Nearest, judge_absent
from core.qa.dialogue import write_dialogue
from core.qa.gates import check
from core.qa.kinds import ABSENT, DIALOGUE, KINDS, USUAL, wishes
from core.qa.ledger import Call
from core.qa.request import messages
from core.qa.selection import Filter
from core.qa.types import Chunk, Draft
from tests.fakes.ledger_rows import add_drafts, add_facts

TEXT = "The Rova-2 pump weighs 45 kg and runs at 12 bar. Ada Quill repairs it."
CHUNK = Chunk("c", "d", "Rova handbook.pdf", ("Rova-2",), 1, 1, TEXT, "en")
QUOTE = "The Rova-2 pump weighs 45 kg and runs at 12 bar."


def refused(question, answer, kind):
    _, verdicts = check(Draft(question, answer, QUOTE, "f", kind), CHUNK, strict=True)
    return next((v.gate for v in verdicts if not v.passed and not v.doubt), "")


def test_nothing_chosen_asks_as_ever():
    for language in ("en", "zh"):
        assert wishes(language, USUAL, "any", "plain", ()) == ""
    assert messages(CHUNK, "en", 3, 2, [], False) == messages(CHUNK, "en", 3, 2, [], False, "")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_kind_audience_and_tone_is_asked_for_in_words(language):
    said = {wishes(language, (kind,), "any", "plain", ()) for kind in KINDS if kind != DIALOGUE}
    said |= {wishes(language, USUAL, a, "plain", ()) for a in ("newcomer", "expert")}
    said |= {wishes(language, USUAL, "any", t, ()) for t in ("friendly", "formal", "brief")}
    assert len(said) == len(KINDS) - 1 + 5 and "" not in said
    like = wishes(language, USUAL, "any", "plain", (("How heavy?", "Forty-five kilograms."),))
    assert "Forty-five kilograms." in like and like in messages(CHUNK, language, 3, 2, [], False, like)[1]["content"]


@pytest.mark.parametrize(("question", "answer", "kind", "gate"), [
    ("Who designed the Rova-2 pump?", ABSENT["en"], "absent", ""),
    ("Who designed the Rova-2 pump?", "Nobody knows.", "absent", "absent"),
    ("What does the text not say about the Rova-2?", ABSENT["en"], "absent", "absent"),
    ("Who founded the company?", ABSENT["en"], "absent", "absent"),
    ("Why does the Rova-2 pump weigh 54 kg?", "It does not weigh 54 kg: the Rova-2 pump weighs 45 kg.", "premise", ""),
    ("Why does the Rova-2 pump weigh 45 kg?", "The Rova-2 pump weighs 45 kg.", "premise", "premise"),
    ("At 12 bar, the Rova-2 pump weighs 45 kg?", "The Rova-2 pump weighs 45 kg at 12 bar.", "premise", "premise"),
    ("Why does the Rova-2 pump weigh 54 kg?", "The Rova-2 pump weighs 46 kg.", "premise", "numbers"),
])
def test_open_questions_and_false_premises_keep_to_their_form(question, answer, kind, gate):
    assert refused(question, answer, kind) == gate


def test_what_another_page_answers_is_not_left_open():
    nearest = Nearest(lambda: ["Nothing about pumps.", "The Rova-2 pump was designed by Ada Quill.", TEXT])
    assert nearest.passages("Who designed the Rova-2 pump?")[0].endswith("Ada Quill.")
    drafts = [Draft("Who designed the Rova-2 pump?", ABSENT["en"], QUOTE, "f0", "absent"),
              Draft("What colour has the Rova-2 pump?", ABSENT["en"], QUOTE, "f1", "absent")]
    seen = []

    def ask(stage, asked, schema, limit):
        seen.append(asked[-1]["content"])
        return Call("k", stage, "c", "m", "1", reply=json.dumps({"verdicts": [{"n": 1, "answered": True}]}))

    verdicts = judge_absent(CHUNK, "en", drafts, nearest, ask)
    assert "designed by Ada Quill" in seen[0]
    assert [(v.passed, v.doubt) for d in drafts for v in verdicts[d]] == [(False, False), (False, True)]
    assert judge_absent(CHUNK, "en", [Draft("q", "a", QUOTE, "f")], nearest, ask) == {} and len(seen) == 1


def test_examples_of_style_are_the_pairs_confirmed_last(ws):
    add_facts(ws, 4, 2)
    pairs = qa.find_pairs(ws, Filter())[0]
    assert qa.liked(ws) == []
    for pair in (pairs[5], pairs[1], pairs[3], pairs[0]):
        qa.confirm_pairs(ws, [pair.id])
    assert [p.id for p in qa.liked(ws)] == [pairs[0].id, pairs[3].id, pairs[1].id]


WEIGHT = {"quote": QUOTE, "question": "How heavy is the Rova-2 pump?", "answer": "It weighs 45 kg."}
BAR = {"quote": QUOTE, "question": "And at what pressure does it run?", "answer": "It runs at 12 bar."}
ADA = {"quote": "Ada Quill repairs it.", "question": "Who repairs it?", "answer": "Ada Quill repairs it."}
WRONG = {**ADA, "answer": "Ben Fane repairs it."}


@pytest.mark.parametrize(("turns", "kept", "gate"), [
    ([WEIGHT, BAR, ADA], 3, ""), ([WEIGHT, BAR, WRONG], 2, ""), ([WEIGHT, WRONG, BAR], 2, "names"),
    ([BAR, WEIGHT], 1, "standalone"), ([WEIGHT], 0, ""), ([], 0, "")])
def test_every_turn_of_a_conversation_is_grounded(ws, turns, kept, gate):
    drafts = write_dialogue(CHUNK, "en", "", lambda stage, asked, schema, limit: Call(
        "k", stage, "c", "m", "1", reply=json.dumps({"turns": turns})))
    assert [1 + len(d.earlier) for d in drafts] == ([kept] if kept else [])
    for draft in drafts:
        _, verdicts = check(draft, CHUNK, strict=True)
        assert next((v.gate for v in verdicts if not v.passed and not v.doubt), "") == gate


def test_a_conversation_is_kept_shown_and_taught_turn_by_turn(ws):
    earlier = tuple((t["question"], t["answer"], t["quote"]) for t in (WEIGHT, BAR))
    add_drafts(ws, TEXT, [Draft(ADA["question"], ADA["answer"], ADA["quote"], DIALOGUE, DIALOGUE, 0, earlier)])
    [pair] = qa.all_accepted(ws)
    assert pair.earlier == earlier
    assert qa.edit_pair(ws, pair.id, answer="Ada Quill does.").state == "accepted", "a follow-up need not stand alone"
    info = qa.make_dataset(ws, "Talks")
    [talk] = datasets.conversations(ws, info.id, "train")
    assert [m["content"] for m in talk] == [*earlier[0][:2], *earlier[1][:2], ADA["question"], "Ada Quill does."]


def talk(ws):
    earlier = tuple((t["question"], t["answer"], t["quote"]) for t in (WEIGHT, BAR))
    add_drafts(ws, TEXT, [Draft(ADA["question"], ADA["answer"], ADA["quote"], DIALOGUE, DIALOGUE, 0, earlier)])
    return qa.find_pairs(ws, Filter())[0][0]


def test_every_turn_of_a_conversation_can_be_changed_and_taken_back(ws):
    first = talk(ws)
    changed = qa.edit_pair(ws, first.id, answer="45 kg.", turn=0)
    assert changed.earlier[0] == (WEIGHT["question"], "45 kg.", QUOTE) and changed.earlier[1:] == first.earlier[1:]
    assert (changed.state, changed.origin, changed.answer) == ("accepted", "edited", first.answer)
    wrong = qa.edit_pair(ws, first.id, answer="It weighs 54 kg.", turn=0)
    assert (wrong.state, wrong.reason) == ("rejected", "numbers"), "the first turn counts as much as the last"
    assert qa.edit_pair(ws, first.id, question="Who looks after it?").reason == "numbers"
    qa.undo(ws), qa.undo(ws)
    assert qa.get_pair(ws, first.id) == changed
    loose = qa.edit_pair(ws, first.id, question="How heavy is it?", turn=0)
    assert (loose.state, loose.reason) == ("rejected", "standalone"), "nothing precedes the first turn"
    assert qa.edit_pair(ws, first.id, question="And at which pressure is it run?", turn=1).reason == "standalone"
    back = qa.revert_pair(ws, first.id)
    assert (back.earlier, back.question, back.state, back.origin) == (first.earlier, first.question, "accepted",
                                                                      "generated")
    qa.undo(ws)
    assert qa.get_pair(ws, first.id).reason == "standalone"
    for turn, text in ((0, " "), (7, "What?")):
        with pytest.raises(UserError):
            qa.edit_pair(ws, first.id, question=text, turn=turn)
