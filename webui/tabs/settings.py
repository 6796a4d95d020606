"""Settings: models on this computer and how to get more, the machine, the folders, about."""

from __future__ import annotations

import gradio as gr

from core.guide.hardware import hardware
from webui.components.words import size
from webui.page import Call, Page
from webui.tabs import settings_models


def build(page: Page) -> None:
    """Renders the tab."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, elem_classes="card"):
            settings_models.build(page)
        with gr.Column(scale=2, min_width=280, elem_classes="card"):
            gr.Markdown(page.tr("settings.ui.machine"))
            machine = gr.Markdown(elem_id="settings-machine")
            gr.Markdown(page.tr("settings.ui.about"), elem_id="settings-about")
    page.on_open("settings", lambda call: _machine(call), [machine])


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
