"""Settings by what a person wants the model to take from the rows; "facts" are the defaults of the table."""

from __future__ import annotations

from typing import Any

from core.training.settings import TrainSettings

PRESETS: dict[str, dict[str, Any]] = {
    "facts": {},
    # Format and tone need few passes and little room; all of the room would go into the words of the rows.
    "style": {"epochs": 2, "learning_rate": 3e-4, "lora_rank": 8, "lora_alpha": 16, "key_word_share": 0.0,
              "prompt_loss_weight": 0.0},
    # One gentle pass, with more everyday rows: the model stays what it was and leans towards the rows.
    "light": {"epochs": 1, "learning_rate": 1e-4, "lora_rank": 8, "lora_alpha": 16, "general_share": 0.3,
              "prompt_loss_weight": 0.0},
}
OWN = "own"
"""What the page calls settings that are none of these."""


def fields() -> list[str]:
    """The settings that presets are about."""
    return [name for name in TrainSettings.model_fields if any(name in change for change in PRESETS.values())]


def preset(name: str) -> dict[str, Any]:
    """The values of all fields that presets are about. Raises KeyError for a name that is none."""
    change = PRESETS[name]
    return {field: change.get(field, TrainSettings.model_fields[field].default) for field in fields()}


def preset_of(values: dict[str, Any]) -> str:
    """The preset that such values are, else `OWN`."""
    return next((name for name in PRESETS if all(values.get(f) == v for f, v in preset(name).items())), OWN)
