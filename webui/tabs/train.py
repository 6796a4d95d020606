"""Train: what to tune on what, one button; then the live run, and every earlier run."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import datasets, jobs, models, training
from core.errors import UserError
from core.training.stages import fits
from webui.components.words import parameters, size
from webui.forms import Form
from webui.page import Call, Page
from webui.tabs import train_history, train_live, train_stage

FEW_ROWS, SOME_ROWS = 25, 50


def build(page: Page) -> None:
    """Renders the tab."""
    shown = gr.State(None)
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=320, elem_classes="card"):
            setup = _setup(page)
        with gr.Column(scale=3, min_width=320):
            live = train_live.build(page, shown)
    history = train_history.build(page, shown, live)
    _wire(page, setup, live, history, shown)


class _Setup:
    """The components on the left."""

    model: gr.Dropdown
    folder: gr.Textbox
    model_note: gr.Markdown
    dataset: gr.Dropdown
    advice: gr.Markdown
    form: Form[training.TrainSettings]
    start: gr.Button

    @property
    def outputs(self) -> list[Any]:
        return [self.model, self.model_note, self.dataset, self.advice, self.start]


def _setup(page: Page) -> _Setup:
    setup = _Setup()
    gr.Markdown(page.tr("train.ui.title"))
    setup.model = gr.Dropdown(label=page.tr("train.model.label"), info=page.tr("train.model.help"), interactive=True,
                              elem_id="train-model")
    setup.model_note = gr.Markdown(elem_classes="hint", elem_id="train-model-note")
    setup.dataset = gr.Dropdown(label=page.tr("train.dataset.label"), info=page.tr("train.dataset.help"),
                                interactive=True, elem_id="train-dataset")
    setup.advice = gr.Markdown(elem_id="train-advice")
    setup.form = Form.build(page, training.TrainSettings, skip=("model", "dataset"))
    with gr.Accordion(page.tr("train.ui.own_folder"), open=False):
        setup.folder = gr.Textbox(label=page.tr("train.ui.folder"), info=page.tr("train.ui.folder_help"),
                                  elem_id="train-folder")
    with gr.Row(elem_classes="actions"):
        setup.start = gr.Button(page.tr("train.ui.start"), variant="primary", interactive=False, elem_id="train-start")
    return setup


def _wire(page: Page, setup: _Setup, live: train_live.Live, history: train_history.History, shown: gr.State) -> None:
    def refresh(call: Call, model: str | None, dataset: str | None, folder: str | None, stage: str) -> list[Any]:
        return choices(call, model, dataset, folder, stage)

    def check(call: Call, model: str | None, dataset: str | None, folder: str | None, stage: str) -> list[Any]:
        model = (folder or "").strip() or model
        if model is None and dataset is None:  # the menus are not filled yet
            return [gr.skip()] * 3
        return verdict(call, model, dataset, stage)

    def start(call: Call, values: dict[Any, Any]) -> list[Any]:
        model = (values[setup.folder] or "").strip() or values[setup.model]
        if not model or not values[setup.dataset]:
            raise UserError("train.error.no_dataset")
        settings = setup.form.read(values, model=model, dataset=values[setup.dataset])
        run = training.start_run(call.ws, settings, title=_title(call, values[setup.dataset]))
        return [run.id, gr.update(interactive=False), *live.show(call, run.id), *history.rows(call)]

    both = [setup.model, setup.dataset]
    stage = setup.form.controls["stage"]
    asked = [*both, setup.folder, stage]
    page.on_open("train", refresh, setup.outputs, asked)
    train_stage.wire(page, setup.form, setup.dataset)
    for event in (setup.model.input, setup.dataset.change, setup.folder.change, stage.change):
        page.on(event, check, asked, [setup.model_note, setup.advice, setup.start], trigger_mode="always_last")
    page.on(setup.start.click, start, setup.form.inputs | {setup.folder, *both},
            [shown, setup.start, *live.outputs, *history.outputs])
    page.on(live.ended.change, check, asked, [setup.model_note, setup.advice, setup.start])


def choices(call: Call, model: str | None, dataset: str | None, folder: str | None = None,
            stage: str = "sft") -> list[Any]:
    """Updates of the two menus, with what can be used now, and of what depends on them."""
    ready = [(m.entry.label, m.entry.id) for m in models.list_models(call.ws) if m.installed]
    sets = [(f"{d.title} · {call.t('train.ui.rows', count=d.rows)}" if d.rows >= 0 else d.title, d.id)
            for d in train_stage.usable(call)]
    model = model if model in [v for _, v in ready] else (ready[0][1] if ready else None)
    dataset = dataset if dataset in [v for _, v in sets] else (sets[0][1] if sets else None)
    note, advice, button = verdict(call, (folder or "").strip() or model, dataset, stage)
    return [gr.update(choices=ready, value=model), note, gr.update(choices=sets, value=dataset), advice, button]


def verdict(call: Call, model: str | None, dataset: str | None, stage: str = "sft") -> list[Any]:
    """What to say about the model and the rows, and whether Start works; the button says what is missing."""
    running = next((j for j in jobs.list_jobs(call.ws, "train") if not j.state.is_terminal), None)
    note = _model_note(call, model)
    info = datasets.find_dataset(call.ws, dataset)
    if model is None:
        return [note, *_advice(call, "doubt", "train.ui.no_model"), _button(call, "train.ui.start", False)]
    if info is None:
        return [note, *_advice(call, "doubt", "train.ui.no_dataset"), _button(call, "train.ui.start", False)]
    if not fits(stage, info):
        return [note, *_advice(call, "blocker", f"train.error.rows_{stage}"), _button(call, "train.ui.start", False)]
    busy = _button(call, "train.ui.running", False) if running else _button(call, "train.ui.start", True)
    rows = info.rows
    if rows < 0 or stage != "sft":
        return [note, *_advice(call, "ok", f"train.ui.learns_{stage}"), busy]
    grade = "blocker" if rows < FEW_ROWS else "doubt" if rows < SOME_ROWS else "ok"
    key = {"blocker": "train.ui.few", "doubt": "train.ui.some", "ok": "train.ui.enough"}[grade]
    return [note, *_advice(call, grade, key, count=rows), busy]


def _advice(call: Call, grade: str, key: str, **params: Any) -> list[Any]:
    return [gr.update(value=call.t(key, **params), elem_classes=[grade])]


def _button(call: Call, key: str, works: bool) -> Any:
    return gr.update(value=call.t(key), interactive=works)


def _model_note(call: Call, model: str | None) -> str:
    entry = next((m.entry for m in models.list_models(call.ws) if m.entry.id == model), None)
    if entry is None:
        return ""
    key = "train.ui.writes_both" if "zh" in entry.languages else "train.ui.writes_english"
    return call.t(key, params=parameters(entry.params, call.lang), disk=size(entry.disk_bytes))


def _title(call: Call, dataset: str) -> str:
    info = datasets.find_dataset(call.ws, dataset)
    return info.title if info else dataset
