"""Presets are sets of allowed values; the first is what the table has as defaults."""

from __future__ import annotations

import pytest

from core.training import TrainSettings
from core.training.presets import OWN, PRESETS, preset, preset_of


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_allowed_and_is_recognised(name: str) -> None:
    settings = TrainSettings.load(preset(name))
    assert preset_of(settings.model_dump()) == name
    assert preset_of(settings.model_dump() | {"learning_rate": 0.05}) == OWN


def test_remembering_facts_is_the_default_to_the_last_field() -> None:
    assert TrainSettings.load(preset("facts")) == TrainSettings()


def test_choosing_one_after_another_leaves_nothing_of_the_first() -> None:
    assert preset("light").keys() == preset("style").keys() == preset("facts").keys()
