"""A form from a settings table: controls, reading them back, faults by name, count of changes."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import ClassVar

import gradio as gr
import pytest

import core
from core.i18n import LANGUAGES, catalogue
from core.settings import InvalidSettings, Settings, setting
from webui.forms import Form
from webui.language import translations
from webui.page import Call, Page


class Sample(Settings):
    area: ClassVar[str] = "train"

    epochs: int = setting(8, ge=1, le=100)
    learning_rate: float = setting(1e-3, gt=0, le=0.1)
    lora_dropout: float = setting(0.0, ge=0, le=0.5, advanced=True, widget="slider")
    model: str = setting("", widget="hidden")


@pytest.fixture
def form(ws) -> Form[Sample]:
    with gr.Blocks():
        return Form.build(Page(ws, translations()), Sample)


def test_simple_fields_come_first_and_hidden_ones_have_no_control(form: Form[Sample]) -> None:
    assert list(form.controls) == ["epochs", "learning_rate", "lora_dropout"]
    assert isinstance(form.controls["lora_dropout"], gr.Slider)
    assert form.more is not None


def test_values_come_back_typed(form: Form[Sample]) -> None:
    controls = form.controls
    settings = form.read({controls["epochs"]: 3.0, controls["learning_rate"]: 0.01}, model="m")
    assert settings == Sample(epochs=3, learning_rate=0.01, model="m")
    assert isinstance(settings.epochs, int)


def test_empty_fields_fall_back_to_their_default(form: Form[Sample]) -> None:
    assert form.read({form.controls["epochs"]: None}).epochs == 8


@pytest.mark.parametrize("lang", LANGUAGES)
def test_all_faults_are_named_at_once(form: Form[Sample], lang: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        form.read({form.controls["epochs"]: 0, form.controls["learning_rate"]: 5})
    text = refused.value.text(lang)
    assert catalogue(lang)["train.epochs.label"] in text and "≥ 1" in text
    assert catalogue(lang)["train.learning_rate.label"] in text and "≤ 0.1" in text


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_refused(value: float) -> None:
    with pytest.raises(InvalidSettings):
        Sample.load({"learning_rate": value})


def test_changes_are_counted(form: Form[Sample], ws) -> None:
    call = Call(ws, "en")
    dropout = form.controls["lora_dropout"]
    assert "1" in form._count_changed(call, {dropout: 0.2})["label"]
    assert form._count_changed(call, {dropout: 0.0})["label"] == call.t("form.more")


class Branching(Settings):
    area: ClassVar[str] = "train"

    method: str = setting("lora", choices=("lora", "full"))
    scheduler: str = setting("linear", choices=("linear", "constant"), when="method=lora")
    lora_dropout: float = setting(0.0, advanced=True, when="method=lora & scheduler=linear|cosine")
    epochs: int = setting(8, when="elsewhere=3")


@pytest.mark.parametrize(("values", "expected"), [
    ({"method": "lora", "scheduler": "linear"}, True), ({"method": "lora", "scheduler": "constant"}, False),
    ({"method": "full", "scheduler": "linear"}, False), ({"scheduler": "linear"}, True),
])
def test_a_setting_applies_when_all_its_conditions_hold(values: dict[str, str], expected: bool) -> None:
    assert Branching.applies("lora_dropout", values) is expected
    assert Branching.applies("epochs", values), "conditions on other tables are for others to decide"


def test_controls_come_and_go_with_what_they_depend_on(ws) -> None:
    with gr.Blocks() as blocks:
        form = Form.build(Page(ws, translations()), Branching)
    method, scheduler, dropout = (form.controls[name] for name in ("method", "scheduler", "lora_dropout"))
    epochs = form.controls["epochs"]
    listened = {target[0] for fn in blocks.fns.values() for target in fn.targets if epochs in fn.outputs}
    assert listened == {method._id, scheduler._id}
    call = Call(ws, "en")
    shown = [u["visible"] for u in form._show(call, {method: "full", scheduler: "linear"})]
    assert shown == [False, True, False], "scheduler, epochs, dropout: simple ones stand first"
    assert form._count_changed(call, {method: "full", dropout: 0.3})["label"] == call.t("form.more")
    with gr.Blocks():
        assert Form.build(Page(ws, translations()), Branching, skip=("method",)).controls["lora_dropout"].visible


class Apart(Settings):
    area: ClassVar[str] = "train"

    stage: str = setting("sft", choices=("sft", "dpo"))
    lora_dropout: float = setting(0.0, advanced=True)
    questions: str = setting("", advanced=True, when="stage=sft")
    reward_run: str = setting("", widget="menu", advanced=True)


def test_a_setting_apart_has_a_folded_line_of_its_own_that_comes_and_goes(ws) -> None:
    with gr.Blocks() as blocks:
        form = Form.build(Page(ws, translations()), Apart, apart=("questions",))
    stage, questions, fold = form.controls["stage"], form.controls["questions"], form.folds["questions"]
    assert questions.parent.parent is fold or questions.parent is fold
    assert not fold.open and fold.visible
    assert any(fold in fn.outputs for fn in blocks.fns.values() if (stage._id, "change") in fn.targets)
    call = Call(ws, "en")
    assert form._show(call, {stage: "dpo"})["visible"] is False
    assert form._count_changed(call, {stage: "sft", questions: "Why?"})["label"] == call.t("form.more")
    assert form.read({questions: "Why?"}).questions == "Why?"


def test_a_menu_without_a_choice_is_filled_with_none(ws) -> None:
    with gr.Blocks():
        form = Form.build(Page(ws, translations()), Apart, apart=("questions",))
    filled = dict(zip(form.controls, (update["value"] for update in form.fill(Apart())), strict=True))
    assert filled["reward_run"] is None and filled["questions"] == ""


def tables() -> list[type[Settings]]:
    """Every settings table of the product."""
    found = {}
    for module in pkgutil.walk_packages(core.__path__, "core."):
        if module.name.rsplit(".", 1)[-1] in ("settings", "chat_settings"):
            for _, table in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                if issubclass(table, Settings) and table is not Settings:
                    found[table.__qualname__] = table
    return list(found.values())


@pytest.mark.parametrize("table", tables(), ids=lambda t: t.__name__)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_setting_has_a_label_a_help_and_names_for_its_choices(table: type[Settings], lang: str) -> None:
    texts = catalogue(lang)
    for name, info in table.model_fields.items():
        assert texts.get(f"{table.area}.{name}.label", "").strip(), name
        assert texts.get(f"{table.area}.{name}.help", "").strip(), name
        for choice in (info.json_schema_extra or {}).get("choices") or []:
            assert texts.get(f"{table.area}.{name}.choice.{choice}", "").strip(), (name, choice)


def test_there_are_tables_to_check() -> None:
    assert len(tables()) >= 4
