"""Each kind of failure has its own safer try, and repeated tries come to an end."""

from __future__ import annotations

import pytest

from core.training import TrainSettings
from core.training.safer import KINDS, safer


def error(key: str) -> dict:
    return {"key": key, "params": {}}


@pytest.mark.parametrize("key", ["train.error.memory", "jobs.error.out_of_memory", "jobs.error.killed",
                                 "jobs.error.crashed", "jobs.error.hang"])
def test_lack_of_memory_halves_the_batch_and_keeps_the_rows_of_a_step(key: str) -> None:
    found = safer(TrainSettings(batch_size=8, gradient_accumulation=2), error(key))
    assert found.kind == KINDS[key]
    assert found.change == {"batch_size": 4, "gradient_accumulation": 4}


def test_then_the_rows_and_then_the_adapter_get_smaller_until_nothing_is_left() -> None:
    settings, names = TrainSettings(batch_size=2), []
    while change := safer(settings, error("train.error.memory")).change:
        names.append(next(iter(change)))
        settings = TrainSettings.load(settings.model_dump() | change)
    assert list(dict.fromkeys(names)) == ["batch_size", "cutoff_len", "lora_rank"]
    assert (settings.batch_size, settings.cutoff_len, settings.lora_rank) == (1, 128, 4)


def test_a_lost_loss_lowers_the_rate_and_warms_up() -> None:
    found = safer(TrainSettings(learning_rate=1e-3), error("train.error.loss_lost"))
    assert (found.kind, found.change) == ("lost", {"learning_rate": 0.00033, "warmup_share": 0.1})
    assert safer(TrainSettings(learning_rate=1e-6), error("train.error.loss_lost")).change == {}


@pytest.mark.parametrize(("key", "kind"), [("jobs.error.disk_full", "disk"), ("jobs.error.unexpected", "other"),
                                           ("train.error.no_rows", "other")])
def test_what_settings_cannot_mend_has_no_safer_try(key: str, kind: str) -> None:
    found = safer(TrainSettings(), error(key))
    assert (found.kind, found.change) == (kind, {})
    assert safer(TrainSettings(), None).change == {}
