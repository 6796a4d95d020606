"""Answers are judged by whole words and whole numbers, in English and in Chinese."""

from __future__ import annotations

import pytest

from benchmarks.scoring import right, says


@pytest.mark.parametrize(("answer", "wanted", "found"), [
    ("It weighs 31 kg.", "31", True), ("It weighs 310 kg.", "31", False), ("It weighs 1.31 kg.", "31", False),
    ("The pump is blocked.", "pump", True), ("The pumps run.", "pump", False), ("It takes nine minutes.", "9", True),
    ("At 03:20 at night.", "03:20", True), ("H4 在哈罗芬镇制造。", "哈罗芬", True), ("空柜重31千克。", "31", True),
    ("空柜重310千克。", "31", False), ("网络名为H4-Orchard的", "H4-Orchard", True),
])
def test_whole_words_and_numbers_count(answer: str, wanted: str, found: bool) -> None:
    assert says(answer, wanted) is found


def test_every_wanted_thing_must_be_there() -> None:
    assert right("The pump is blocked.", ["pump", "blocked"]) and not right("The pump runs.", ["pump", "blocked"])
