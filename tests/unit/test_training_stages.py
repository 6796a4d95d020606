"""Rewards by rule, usual rates, and which stage a dataset is made for."""

from __future__ import annotations

import pytest

from core.datasets import get_dataset
from core.training import TrainSettings
from core.training.settings import METHODS, STAGES
from core.training.stages import KINDS, fits, stage_for, usual_rate, usual_rates
from core.training.stages.rewards import json_reward, likeness, match_reward
from tests.fakes.tiny_run import SETS, make_datasets


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def test_likeness_is_between_nothing_in_common_and_the_same():
    assert likeness("The anchor weighs 22 kg", "the anchor  weighs 22 kg") == 1
    assert likeness("xyz", "qrs") == 0 == likeness("", "abc")
    near, far = (likeness(text, "the anchor weighs 22 kg") for text in ("the anchor weighs 21 kg", "21"))
    assert 0 < far < near < 1
    assert 0 < likeness("压载水舱要检查", "检查压载水舱") < 1
    assert match_reward([said("a b"), said("c")], answer=["ab", "d"]) == [1, 0]


def test_json_is_an_object_or_a_list():
    texts = ('{"a": 1}', "[1]", "1", "{a}", "", "[" * 5000)
    assert json_reward([said(text) for text in texts]) == [1, 1, 0, 0, 0, 0]


def test_every_stage_and_method_has_a_usual_rate_that_the_table_allows():
    assert set(KINDS) == set(STAGES)
    for stage in STAGES:
        for method in METHODS:
            TrainSettings.load({"stage": stage, "method": method, "learning_rate": usual_rate(stage, method)})
            assert usual_rate(stage, method) in usual_rates()
    assert usual_rate("sft", "lora") == TrainSettings().learning_rate
    assert usual_rate("dpo", "full") < usual_rate("sft", "full") < usual_rate("sft", "lora")


@pytest.mark.parametrize(("name", "stage"), [(SETS["sft"], "sft"), (SETS["pt"], "pt"), (SETS["dpo"], "dpo"),
                                             (SETS["kto"], "kto")])
def test_a_dataset_brings_a_stage_that_can_use_it(ws, name, stage):
    make_datasets(ws)
    info = get_dataset(ws, name)
    assert stage_for(info) == stage and fits(stage, info)


def test_settings_that_do_not_apply_have_no_effect():
    given = TrainSettings(method="full", quantization="4bit", lora_variant="pissa", lora_rank=8, stage="pt",
                          mask_history=True, neftune_alpha=5)
    made = given.effective()
    assert (made.quantization, made.lora_variant, made.lora_rank, made.mask_history) == ("none", "plain", 16, False)
    assert made.neftune_alpha == 5 and made.method == "full"
    assert made.effective() == made
