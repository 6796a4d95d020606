"""Texts with numbers in them."""

from __future__ import annotations

from core.i18n import t


def test_a_word_follows_its_number() -> None:
    assert [t("rail.state.qa.done", "en", count=n) for n in (0, 1, 2)] == ["0 pairs", "1 pair", "2 pairs"]
    assert t("rail.state.qa.done", "zh", count=1).startswith("1")


def test_other_placeholders_are_those_of_str_format() -> None:
    assert t("train.ui.loss", "en", loss="0.5") == t("train.ui.loss", "en").replace("{loss}", "0.5")
