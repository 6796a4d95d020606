"""What is held out: trained facts asked in words the model has not seen, and sections that it has not seen at all."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

from core.datasets.similar import bare, near_pairs


def held_out(questions: Sequence[str], facts: Sequence[str], share: float, seed: int) -> set[int]:
    """Indices of rows to hold out; the same for the same questions, facts in the same order, share and seed.

    Every fact keeps at least half of its wordings, and at least one, for training. No held-out question is nearly the
    same (Jaccard of character 5-grams ≥ 0.8) as one that is trained on, of whatever fact.

    Args:
        facts: key of the fact that each question asks.
        share: wanted part of all rows, 0 to 1; fewer are held out when the wordings do not allow it.
    """
    wanted = round(share * len(questions))
    near: dict[int, set[int]] = defaultdict(set)
    for i, j in near_pairs(questions):
        near[i].add(j)
        near[j].add(i)
    rows: dict[str, list[int]] = defaultdict(list)
    for index, fact in enumerate(facts):
        rows[fact].append(index)
    draw = random.Random(seed)
    order = list(rows)  # not by their keys, in which there are ids that differ each time
    draw.shuffle(order)
    choices = {fact: draw.sample(rows[fact], len(rows[fact])) for fact in order}
    chosen: set[int] = set()
    for turn in range(max((len(r) // 2 for r in rows.values()), default=0)):
        for fact in order:
            if len(chosen) >= wanted:
                return chosen
            if turn < len(rows[fact]) // 2:
                picked = next((i for i in choices[fact] if i not in chosen and not near[i] - chosen), None)
                if picked is not None:
                    chosen.add(picked)
    return chosen


def unseen(questions: Sequence[str], sections: Sequence[str], share: float, seed: int) -> set[int]:
    """Indices of rows of whole sections that nothing is trained on: they show what tuning does not give.

    A section of which a question is nearly the same as one elsewhere is trained on, so that no held-out question is
    known. The same for the same questions, sections in the same order, share and seed.

    Args:
        sections: key of the section that each question belongs to.
        share: wanted part of all rows, 0 to 1; sections are taken while they fit, and one at least is trained on.
    """
    rows: dict[str, list[int]] = defaultdict(list)
    for index, section in enumerate(sections):
        rows[section].append(index)
    tied = {sections[k] for i, j in near_pairs(questions) if sections[i] != sections[j] for k in (i, j)}
    free = [section for section in rows if section not in tied]
    random.Random(seed).shuffle(free)
    wanted, chosen = round(share * len(questions)), set[int]()
    for section in free:
        if len(chosen) + len(rows[section]) <= wanted and len(chosen) + len(rows[section]) < len(questions):
            chosen.update(rows[section])
    return chosen


def spread_is_clean(train: Sequence[str], test: Sequence[str]) -> bool:
    """Whether no test question equals or nearly equals a training question."""
    if {bare(q) for q in train} & {bare(q) for q in test}:
        return False
    edge = len(train)
    return not any(i < edge <= j for i, j in near_pairs([*train, *test]))
