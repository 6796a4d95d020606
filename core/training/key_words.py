"""Questions cut down to their key words, so that a model learns what is asked and not the phrase it is asked in.

Word deletion after Wei and Zou 2019, "EDA: Easy Data Augmentation Techniques", restricted to words without content.
The cut question stands in for the whole one in one epoch out of several; the answer stays.
"""

from __future__ import annotations

import random
import re

from core.models.chat_template import Message

DROP, SHUFFLE, LOWER = 0.75, 0.25, 0.5
_EMPTY = frozenset("""a about an and are at can could do does for from have how i if in is it know like me must my need
of on or please should tell than that the there they this to was were what when where which who will with would you
your""".split())
_EMPTY_ZH = re.compile(r"请问|请|的|了|吗|呢|是|会|要|需要|可以|能|应该|一个|我想知道|告诉我")


def key_words(question: str, rng: random.Random) -> str:
    """Most words without content left out; now and then in another order or without capitals.

    The question itself when nothing, or too little, would remain.
    """
    if re.search(r"[\u4e00-\u9fff]", question):
        short = _EMPTY_ZH.sub(lambda match: match[0] if rng.random() > DROP else "", question).rstrip("？?。")
        return short if len(short) >= 4 else question
    all_words = question.rstrip(" ?.").split()
    empty = [word.lower().strip(",:") in _EMPTY for word in all_words]
    if empty.count(False) < 2:
        return question
    words = [word for word, is_empty in zip(all_words, empty, strict=True) if not is_empty or rng.random() > DROP]
    if rng.random() < SHUFFLE:
        rng.shuffle(words)
    text = " ".join(words)
    return text.lower() if rng.random() < LOWER else text


def cut_questions(conversations: list[list[Message]], epochs: int, share: float, seed: int
                  ) -> dict[tuple[int, int], list[Message]]:
    """Which rows are seen with a cut question, and how: (epoch, row) → conversation; the same for the same seed.

    Args:
        share: of the rows in each epoch, 0 to 1. Conversations of several turns are left as they are.
    """
    found: dict[tuple[int, int], list[Message]] = {}
    for epoch in range(epochs):
        for row, talk in enumerate(conversations):
            rng = random.Random(f"{seed} {epoch} {row}")
            asked = [n for n, message in enumerate(talk) if message["role"] == "user"]
            if len(asked) != 1 or rng.random() >= share:
                continue
            short = key_words(talk[asked[0]]["content"], rng)
            if short != talk[asked[0]]["content"]:
                found[epoch, row] = [{**m, "content": short} if n == asked[0] else m for n, m in enumerate(talk)]
    return found
