"""Questions cut down to their key words."""

from __future__ import annotations

import random

import pytest

from core.training.key_words import cut_questions, key_words


@pytest.mark.parametrize(("question", "kept"), [
    ("How many months does the warranty of the pump last?", {"many", "months", "warranty", "pump", "last"}),
    ("What does error F-08 mean?", {"error", "f-08", "mean"}),
])
def test_words_with_content_stay(question: str, kept: set[str]) -> None:
    for seed in range(50):
        words = {word.lower() for word in key_words(question, random.Random(seed)).strip("?").split()}
        assert kept <= words <= {word.lower() for word in question.strip("?").split()}
    assert len({key_words(question, random.Random(seed)) for seed in range(50)}) > 5


def test_too_little_is_not_made_less() -> None:
    assert key_words("Who is it?", random.Random(1)) == "Who is it?"


def test_chinese_keeps_what_is_asked() -> None:
    assert {key_words("请问水泵的保修期是多久？", random.Random(seed)) for seed in range(30)} >= {"水泵保修期多久"}


def test_some_rows_of_every_epoch_and_the_same_ones_again() -> None:
    talk = [{"role": "user", "content": "How long does the warranty last?"}, {"role": "assistant", "content": "Long."}]
    forms = cut_questions([talk] * 100, 3, 0.2, seed=7)
    assert forms == cut_questions([talk] * 100, 3, 0.2, seed=7)
    assert all(5 < sum(epoch == e for e, _ in forms) < 40 for epoch in range(3))
    assert all(form[1] == talk[1] for form in forms.values())
    assert cut_questions([talk] * 100, 3, 0.0, seed=7) == {}


def test_conversations_of_several_turns_are_left_alone() -> None:
    turns = [{"role": role, "content": "How long does the warranty last?"} for role in ("user", "assistant") * 2]
    assert cut_questions([turns] * 50, 2, 1.0, seed=1) == {}
