"""Hyphens at line ends: the word's own stays, the typesetter's goes."""

from __future__ import annotations

import pytest

from core.documents.hyphens import Vocabulary, with_hyphens, with_kept
from core.documents.text_lines import join_lines, text_line


class Page:
    """A page that has these lines."""

    def __init__(self, *lines: str) -> None:
        self.lines = lines

    def get_text(self, _kind: str) -> list[tuple]:
        return [(0, 0, 0, 0, word) for line in self.lines for word in line.split()]


def line(text: str) -> dict:
    return {"bbox": (0, 0, 100, 10), "spans": [{"text": text, "bbox": (0, 0, 100, 10), "size": 10, "flags": 0}]}


PAGE = Page("A pre-trained model and other pre-", "trained ones follow instructions. Following the decom-",
            "position, the probabilities of data driven at one step are given. The position matters in formation.")


@pytest.mark.parametrize(("first", "second", "whole"), [
    ("starting from a pre-", "trained model", "starting from a pre-trained model"),
    ("after the decom-", "position of it", "after the decomposition of it"),
    ("a state-of-", "the-art method", "a state-of-the-art method"),
    ("runs out-", "of-memory there", "runs out-of-memory there"),
    ("in a one-", "step run", "in a one-step run"),
    ("the instructions-", "following model", "the instructions-following model"),
    ("more in-", "formation", "more information"),
    ("it is impor-", "tant", "it is important"),
    ("Berlin-", "Mitte", "Berlin-Mitte"),
])
def test_a_word_over_two_lines_becomes_one(first: str, second: str, whole: str) -> None:
    lines = with_hyphens([line(first), line(second)], Vocabulary(PAGE))
    assert join_lines([text_line(one) for one in lines]) == whole


def test_cells_of_tables_keep_their_hyphens_too() -> None:
    vocabulary = Vocabulary(PAGE)
    assert with_kept("Pre-\ntrained", vocabulary) == "Pre\u2010\ntrained"
    assert with_kept("impor-\ntant", vocabulary) == "impor-\ntant"


def test_halves_of_cut_words_are_no_words_and_the_page_is_read_once_when_needed() -> None:
    calls: list[str] = []
    page = Page(*PAGE.lines)
    page.get_text = lambda kind: calls.append(kind) or PAGE.get_text(kind)  # type: ignore
    vocabulary = Vocabulary(page)
    assert with_hyphens([line("no hyphen here"), line("at all")], vocabulary) and not calls
    assert "decom" not in vocabulary.words and "pre" not in vocabulary.words and "pre-trained" in vocabulary.words
    assert "step" in vocabulary.words and calls == ["words"]


def test_nothing_and_a_last_line_stay() -> None:
    vocabulary = Vocabulary(PAGE)
    assert with_hyphens([], vocabulary) == []
    assert with_hyphens([line("ends in pre-")], vocabulary)[0]["spans"][0]["text"] == "ends in pre-"
