"""Faster kernels are used when everything is there for them; otherwise the page says what is missing."""

from __future__ import annotations

import pytest

from core.training import TrainSettings, kernels


@pytest.fixture(autouse=True)
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "installed", lambda name: name == "liger_kernel")


def reason(settings: TrainSettings, kind: str = "llama", card: bool = True) -> str:
    found = kernels.why_not(settings, kind, card)
    assert (found is None) == (settings.kernels == "none" or bool(kernels.arguments(settings, kind, card)))
    return found.key.rpartition(".")[2] if found else ""


def test_liger_is_used_with_a_card_its_package_and_a_known_model(monkeypatch: pytest.MonkeyPatch) -> None:
    liger = TrainSettings(kernels="liger")
    assert reason(liger) == "" and kernels.arguments(liger, "llama", True) == {"use_liger_kernel": True}
    assert reason(liger, card=False) == "no_card"
    assert reason(liger, kind="bloom") == "family"
    assert reason(liger.model_copy(update={"stage": "dpo"})) == "stage"
    monkeypatch.setattr(kernels, "installed", lambda name: False)
    assert reason(liger) == "no_package"


def test_nothing_is_changed_unless_asked_for() -> None:
    assert reason(TrainSettings()) == "" and kernels.arguments(TrainSettings(), "llama", True) == {}
    assert reason(TrainSettings(kernels="unsloth")) == "unsloth"
