"""Texts with numbers in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.i18n import catalogue, t

ROOT = Path(__file__).resolve().parents[2]
HAN = "\u4e00-\u9fff"


def test_a_word_follows_its_number() -> None:
    assert [t("rail.state.qa.done", "en", count=n) for n in (0, 1, 2)] == ["0 pairs", "1 pair", "2 pairs"]
    assert t("rail.state.qa.done", "zh", count=1).startswith("1")


def test_other_placeholders_are_those_of_str_format() -> None:
    assert t("train.ui.loss", "en", loss="0.5") == t("train.ui.loss", "en").replace("{loss}", "0.5")


@pytest.mark.parametrize("pattern", [
    "您|本机|许可协议|……",  # 你, 这台电脑, 许可证, …
    r"(?i)\btokens?\b",  # 词元
    rf"[{HAN}] ?[,;:?!()]|[,;:?!()] ?[{HAN}]",  # Chinese sentences have full-width marks
    rf"[{HAN}][A-Za-z0-9]|[A-Za-z0-9%][{HAN}]",  # a blank between Chinese and Latin words or figures
])
def test_chinese_texts_are_written_in_one_way(pattern: str) -> None:
    said = {key: re.sub(r"\{[^}]*\}", "{}", text) for key, text in catalogue("zh").items()}
    assert not {key: found.group() for key, text in said.items() if (found := re.search(pattern, text))}


@pytest.mark.parametrize("file", ["README.zh-CN.md", "launcher/messages.py"])
def test_readers_are_called_the_same_outside_the_catalogue_too(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert "你" in text
    assert "您" not in text


def test_english_texts_have_one_kind_of_quotation_marks() -> None:
    straight = {key for key, text in catalogue("en").items() if '"' in text}
    assert straight <= {"train.error.no_board"}, "a command to be typed"
