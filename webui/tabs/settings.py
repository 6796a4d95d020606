"""Settings: models on this computer and how to get more, the machine, the folders, about."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import jobs, models
from core.guide.hardware import hardware
from webui.components.jobcard import JobCard, ending
from webui.components.words import size
from webui.page import Call, Page


def build(page: Page) -> None:
    """Renders the tab."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=3, elem_classes="card"):
            _models(page)
        with gr.Column(scale=2, elem_classes="card"):
            gr.Markdown(page.tr("settings.ui.machine"))
            machine = gr.Markdown(elem_id="settings-machine")
            gr.Markdown(page.tr("settings.ui.about"), elem_id="settings-about")
    page.on_open("settings", lambda call: _machine(call), [machine])


def _models(page: Page) -> None:
    gr.Markdown(page.tr("settings.ui.models"))
    table = gr.Dataframe(interactive=False, datatype="str", wrap=True, buttons=[], elem_id="settings-models",
                         show_label=False)
    choice = gr.Dropdown(label=page.tr("settings.ui.get"), elem_id="settings-model", interactive=True)
    about = gr.Markdown(elem_classes="hint", elem_id="settings-model-about")
    accept = gr.Checkbox(label=page.tr("settings.ui.accept"), visible=False, elem_id="settings-accept")
    card = JobCard.build(page, "models", current_download)
    message = gr.Markdown(elem_classes="blocker", elem_id="settings-message")
    with gr.Row(elem_classes="actions"):
        get = gr.Button(page.tr("settings.ui.download"), variant="primary", interactive=False, elem_id="settings-get")
    outputs = [table, choice, *card.outputs, message]

    def show(call: Call) -> list[Any]:
        known = models.list_models(call.ws)
        missing = [(f"{m.entry.label} · {size(_bytes(m.entry))}", m.entry.id) for m in known if not m.installed]
        job = current_download(call)
        return [gr.update(value=[_row(call, m) for m in known], headers=_headers(call)),
                gr.update(choices=missing), *card.updates(call, job), ending(call, job)]

    def tick(call: Call) -> list[Any]:
        job = current_download(call)
        return [*show(call), gr.Timer(active=job is not None and not job.state.is_terminal)]

    timer = page.poll(tick, outputs)

    def start(call: Call, model: str, accepted: bool) -> list[Any]:
        models.start_download(call.ws, model, accept_licence=accepted)
        return tick(call)

    page.on(choice.change, _chosen, [choice], [about, accept, get])
    page.on(get.click, start, [choice, accept], [*outputs, timer])
    page.on_open("settings", tick, [*outputs, timer])


def current_download(call: Call) -> jobs.JobView | None:
    """The newest download job."""
    return next(iter(jobs.list_jobs(call.ws, kind="download")), None)


def _chosen(call: Call, model: str | None) -> list[Any]:
    if not model:
        return ["", gr.update(visible=False), gr.update(interactive=False)]
    entry = models.find(model)
    text = call.t("settings.ui.model_about", licence=entry.licence, url=entry.licence_url,
                  languages=_languages(call, entry), disk=size(entry.disk_bytes),
                  kind=call.t(f"models.kind.{'chat' if entry.chat else 'base'}"))
    return [text, gr.update(visible=entry.needs_licence_ok, value=False), gr.update(interactive=True)]


def _headers(call: Call) -> list[str]:
    return [call.t(f"settings.ui.column.{name}") for name in ("model", "state", "size", "languages", "licence")]


def _row(call: Call, model: models.ModelInfo) -> list[str]:
    state = call.t("settings.ui.installed" if model.installed else "settings.ui.not_installed")
    return [model.entry.label, state, size(_bytes(model.entry)), _languages(call, model.entry), model.entry.licence]


def _bytes(entry: models.CatalogueModel) -> int:
    return entry.bytes or (entry.package.bytes if entry.package else entry.disk_bytes)


def _languages(call: Call, entry: models.CatalogueModel) -> str:
    return call.t("settings.ui.comma").join(call.t(f"settings.ui.language.{code}") for code in entry.languages)


def _machine(call: Call) -> str:
    facts = hardware(call.ws)
    lines = [call.t("settings.ui.cores", count=facts.cores),
             call.t("settings.ui.memory", total=size(facts.memory), free=size(facts.memory_free)),
             call.t("settings.ui.disk", free=size(facts.disk_free))]
    lines += [call.t("settings.ui.gpu", name=name, total=size(total), free=size(free))
              for name, total, free in facts.gpus] or [call.t("settings.ui.no_gpu")]
    lines += [call.t("settings.ui.folder", name="data", path=str(call.ws.data)),
              call.t("settings.ui.folder", name="saves", path=str(call.ws.saves))]
    return "\n".join(f"- {line}" for line in lines)
