"""Settings by purpose, and the form as a file: preview of the command, save, load."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from core import training
from core.storage import atomic_write, new_id
from core.storage.workspace import user_path
from core.training.presets import OWN, PRESETS, fields, preset, preset_of
from webui.components.words import plain
from webui.forms import Form
from webui.page import Call, Page
from webui.tabs.train_preflight import Read

FILE = "run.yaml"


@dataclass
class Files:
    """The accordion with the settings as a file."""

    box: gr.Accordion
    text: gr.Code
    save: gr.DownloadButton
    load: gr.UploadButton
    said: gr.Markdown


def build_presets(page: Page) -> gr.Radio:
    """Renders the choice of a purpose, above the form."""
    pairs = [(page.tr(f"train.preset.{name}"), name) for name in (*PRESETS, OWN)]
    return gr.Radio(pairs, value=next(iter(PRESETS)), label=page.tr("train.preset.label"),
                    info=page.tr("train.preset.help"), interactive=True, elem_id="train-preset")


def wire_presets(page: Page, choice: gr.Radio, form: Form[training.TrainSettings]) -> None:
    """A purpose fills the form; a form that was changed shows which purpose it still is."""
    controls = {name: form.controls[name] for name in fields()}

    def apply(call: Call, name: str) -> list[Any]:
        values = preset(name) if name != OWN else {}
        return [gr.update(value=values[field]) if values else gr.skip() for field in controls]

    def recognise(call: Call, values: dict[Any, Any]) -> Any:
        return preset_of({name: values[control] for name, control in controls.items()})

    page.on(choice.input, apply, [choice], list(controls.values()))
    page.on(partial(gr.on, [control.change for control in controls.values()]), recognise, set(controls.values()),
            choice, trigger_mode="always_last")


def build_files(page: Page) -> Files:
    """Renders the accordion, closed."""
    with gr.Accordion(page.tr("train.ui.as_file"), open=False) as box:
        gr.Markdown(page.tr("train.ui.as_file_help"), elem_classes="hint")
        text = gr.Code(language="yaml", interactive=False, show_label=False, max_lines=14, elem_id="train-yaml")
        said = gr.Markdown(elem_id="train-loaded", visible=False)
        with gr.Row(elem_classes="actions"):
            load = gr.UploadButton(page.tr("train.ui.load_file"), file_types=[".yaml", ".yml"], size="sm",
                                   elem_id="train-load")
            save = gr.DownloadButton(page.tr("train.ui.save_file"), size="sm", elem_id="train-save", visible=False)
    return Files(box, text, save, load, said)


def wire_files(page: Page, files: Files, inputs: set[Any], read: Read, outputs: list[Any], fill: Any) -> None:
    """Shows the file when the accordion opens or a setting changes while it is open, and fills the form from one.

    Args:
        read: the settings in the form, None while model or dataset is not chosen.
        fill: (call, settings) → updates of `outputs`.
    """
    def show(call: Call, values: dict[Any, Any]) -> list[Any]:
        settings = read(values)
        if settings is None:
            return [gr.update(value=call.t("train.ui.file_needs")), gr.update(visible=False)]
        text = training.to_yaml(settings)
        path = call.ws.web_folder(new_id("file")) / FILE
        path.parent.mkdir(parents=True, mode=0o700)
        atomic_write(path, text)
        return [gr.update(value=text), gr.update(value=str(path), visible=True)]

    def load(call: Call, name: str | None) -> list[Any]:
        if not name:
            return [gr.skip() for _ in range(1 + len(outputs))]
        path = user_path(name)
        try:
            settings = training.read_yaml(path)
        finally:
            shutil.rmtree(path.parent, ignore_errors=True) if path.is_relative_to(call.ws.upload_cache) else None
        updates = fill(call, settings)
        return [gr.update(value=plain(call.t("train.ui.loaded")), visible=True, elem_classes=["ok"]), *updates]

    page.on(files.box.expand, show, inputs, [files.text, files.save])
    page.on(files.load.upload, load, [files.load], [files.said, *outputs])
