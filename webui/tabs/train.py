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
from webui.tabs import (
    train_also,
    train_board,
    train_folder,
    train_history,
    train_keys,
    train_live,
    train_preflight,
    train_presets,
    train_stage,
    train_tune,
)

FEW_ROWS, SOME_ROWS = 25, 50


def build(page: Page) -> None:
    """Renders the tab."""
    shown = gr.State(None)
    with gr.Row(equal_height=False, elem_classes="columns"):
        with gr.Column(scale=2, min_width=320, elem_classes="card"):
            setup = _setup(page)
        with gr.Column(scale=3, min_width=320):
            live = train_live.build(page, shown)
            train_board.build(page, shown, live.ended)
    tune = train_tune.build(page)
    history = train_history.build(page, shown, live)
    _wire(page, setup, live, history, shown)
    train_tune.wire(page, tune, setup.read, setup.inputs, setup.filled,
                    lambda call, settings: from_run(call, setup, settings), setup.form.controls["learning_rate"])


class _Setup:
    """The components on the left."""

    model: gr.Dropdown
    folder: gr.Textbox
    model_note: gr.Markdown
    dataset: gr.Dropdown
    advice: gr.Markdown
    also: train_also.Also
    form: Form[training.TrainSettings]
    preset: gr.Radio
    files: train_presets.Files
    checks: train_preflight.Checks
    start: gr.Button
    queue: gr.Button

    @property
    def outputs(self) -> list[Any]:
        return [self.model, self.model_note, self.dataset, self.advice, self.start, self.queue]

    @property
    def inputs(self) -> set[Any]:
        """What `read` needs."""
        return self.form.inputs | self.also.inputs | {self.folder, self.model, self.dataset}

    @property
    def filled(self) -> list[Any]:
        """What a run's settings fill, in the order of `from_run`."""
        return [self.model, self.folder, self.dataset, *self.also.filled, *self.form.controls.values()]

    def read(self, values: dict[Any, Any]) -> training.TrainSettings | None:
        """The settings as they stand in the form; None while model or dataset is not chosen. Raises UserError."""
        model = (values[self.folder] or "").strip() or values[self.model]
        if not model or not values[self.dataset]:
            return None
        return self.form.read(values, model=model, dataset=values[self.dataset], also=self.also.read(values))


def _setup(page: Page) -> _Setup:
    setup = _Setup()
    gr.Markdown(page.tr("train.ui.title"))
    setup.model = gr.Dropdown(label=page.tr("train.model.label"), info=page.tr("train.model.help"), interactive=True,
                              elem_id="train-model")
    setup.model_note = gr.Markdown(elem_classes="hint", elem_id="train-model-note")
    setup.dataset = gr.Dropdown(label=page.tr("train.dataset.label"), info=page.tr("train.dataset.help"),
                                interactive=True, elem_id="train-dataset")
    setup.advice = gr.Markdown(elem_id="train-advice")
    setup.also = train_also.build(page)
    setup.preset = train_presets.build_presets(page)
    setup.form = Form.build(page, training.TrainSettings, skip=("model", "dataset", "also"), apart=("questions",))
    setup.folder = train_folder.build(page)
    setup.files = train_presets.build_files(page)
    train_keys.build(page)
    setup.checks = train_preflight.build(page)
    with gr.Row(elem_classes="actions"):
        setup.start = gr.Button(page.tr("train.ui.start"), variant="primary", interactive=False, elem_id="train-start")
        setup.queue = gr.Button(page.tr("train.ui.queue"), visible=False, elem_id="train-queue")
    return setup


def _wire(page: Page, setup: _Setup, live: train_live.Live, history: train_history.History, shown: gr.State) -> None:
    def refresh(call: Call, model: str | None, dataset: str | None, folder: str | None, stage: str) -> list[Any]:
        return choices(call, model, dataset, folder, stage)

    def check(call: Call, model: str | None, dataset: str | None, folder: str | None, stage: str) -> list[Any]:
        model = (folder or "").strip() or model
        if model is None and dataset is None:  # the menus are not filled yet
            return [gr.skip()] * 4
        return verdict(call, model, dataset, stage)

    def start(call: Call, values: dict[Any, Any], waits: bool = False) -> list[Any]:
        settings = setup.read(values)
        if settings is None:
            raise UserError("train.error.no_dataset")
        run = training.start_run(call.ws, settings, title=_title(call, settings), waits=waits)
        return [run.id, gr.update(interactive=False), gr.update(visible=True), *live.show(call, run.id),
                *history.rows(call)]

    def again(call: Call, run: str) -> list[Any]:
        return from_run(call, setup, training.run_settings(call.ws, run))

    both = [setup.model, setup.dataset]
    stage = setup.form.controls["stage"]
    asked = [*both, setup.folder, stage]
    page.on_open("train", refresh, setup.outputs, asked)
    said = [setup.model_note, setup.advice, setup.start, setup.queue]
    train_stage.wire(page, setup.form, setup.dataset)
    setup.also.wire(page, setup.dataset, stage, setup.form.controls["general_share"])
    for event in (setup.model.input, setup.dataset.change, setup.folder.change, stage.change):
        page.on(event, check, asked, said, trigger_mode="always_last")
    page.on(live.again.click, again, [shown], setup.filled)
    train_presets.wire_presets(page, setup.preset, setup.form)
    train_presets.wire_files(page, setup.files, setup.inputs, setup.read, setup.filled,
                             lambda call, settings: from_run(call, setup, settings))
    for button, fn in ((setup.start, start), (setup.queue, lambda call, values: start(call, values, True))):
        page.on(button.click, fn, setup.inputs,
                [shown, setup.start, setup.queue, *live.outputs, *history.outputs])
    train_preflight.wire(page, setup.checks, setup.form, setup.read,
                         [*both, setup.folder, live.ended, *setup.also.inputs])
    page.on(live.ended.change, check, asked, said)


def from_run(call: Call, setup: _Setup, settings: training.TrainSettings) -> list[Any]:
    """Updates of model, folder, dataset and controls that put a run's settings into the form."""
    known = any(m.entry.id == settings.model and m.installed for m in models.list_models(call.ws))
    there = any(d.id == settings.dataset for d in train_stage.usable(call))
    if settings.reward_run not in {run.view.id for run in training.reward_runs(call.ws)}:
        settings = settings.model_copy(update={"reward_run": ""})
    also = setup.also.fill(call, settings, settings.dataset)
    model = gr.update(value=settings.model) if known else gr.skip()
    return [model, gr.update(value="" if known else settings.model),
            gr.update(value=settings.dataset) if there else gr.skip(), *also, *setup.form.fill(settings)]


def choices(call: Call, model: str | None, dataset: str | None, folder: str | None = None,
            stage: str = "sft") -> list[Any]:
    """Updates of the two menus, with what can be used now, and of what depends on them."""
    ready = [(m.entry.label, m.entry.id) for m in models.list_models(call.ws) if m.installed]
    sets = [(f"{d.title} · {call.t('train.ui.rows', count=d.rows)}" if d.rows >= 0 else d.title, d.id)
            for d in train_stage.usable(call)]
    model = model if model in [v for _, v in ready] else (ready[0][1] if ready else None)
    dataset = dataset if dataset in [v for _, v in sets] else (sets[0][1] if sets else None)
    note, advice, *buttons = verdict(call, (folder or "").strip() or model, dataset, stage)
    return [gr.update(choices=ready, value=model), note, gr.update(choices=sets, value=dataset), advice, *buttons]


def verdict(call: Call, model: str | None, dataset: str | None, stage: str = "sft") -> list[Any]:
    """What to say about the model and the rows, and whether Start and waiting work; the button tells."""
    running = next((j for j in jobs.list_jobs(call.ws) if j.kind in training.KINDS and not j.state.is_terminal), None)
    note = _model_note(call, model)
    info = datasets.find_dataset(call.ws, dataset)
    alone = gr.update(visible=False)
    if model is None:
        return [note, *_advice(call, "doubt", "train.ui.no_model"), _button(call, "train.ui.get_model", False), alone]
    if info is None:
        return [note, *_advice(call, "doubt", "train.ui.no_dataset"), _button(call, "train.ui.make_dataset", False),
                alone]
    if not fits(stage, info):
        return [note, *_advice(call, "blocker", f"train.error.rows_{stage}"),
                _button(call, "train.ui.other_dataset", False), alone]
    busy = [_button(call, "train.ui.running", False) if running else _button(call, "train.ui.start", True),
            gr.update(visible=running is not None)]
    rows = info.rows
    if rows < 0 or stage != "sft":
        return [note, *_advice(call, "ok", f"train.ui.learns_{stage}"), *busy]
    grade = "blocker" if rows < FEW_ROWS else "doubt" if rows < SOME_ROWS else "ok"
    key = {"blocker": "train.ui.few", "doubt": "train.ui.some", "ok": "train.ui.enough"}[grade]
    return [note, *_advice(call, grade, key, count=rows), *busy]


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


def _title(call: Call, settings: training.TrainSettings) -> str:
    titles = {info.id: info.title for info in datasets.list_all(call.ws)}
    return " + ".join(titles.get(id, id) for id in settings.datasets)
