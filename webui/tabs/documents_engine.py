"""The choice of another engine for the documents that are converted next, and where their pages are then sent."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.documents import ConvertSettings
from core.documents.engines import load_mineru, mineru, save_mineru
from core.documents.settings import LANGUAGES
from webui.components.words import plain
from webui.page import Call, Page

ENGINES = ("builtin", "mineru")


class EngineMenu:
    """The controls; `choose` puts them into the settings of a conversion."""

    def __init__(self, page: Page) -> None:
        tr = page.tr
        with gr.Accordion(tr("convert.ui.engine"), open=False, elem_id="documents-engine-box"):
            self.engine = gr.Radio([(tr(f"convert.engine.choice.{name}"), name) for name in ENGINES], value="builtin",
                                   label=tr("convert.engine.label"), info=tr("convert.engine.help"),
                                   elem_id="documents-engine")
            with gr.Column(visible=False, elem_classes="inset") as self.service:
                self.address = gr.Textbox(label=tr("mineru.address.label"), info=tr("mineru.address.help"), max_lines=1,
                                          elem_id="documents-engine-address")
                self.key = gr.Textbox(label=tr("convert.ui.key"), info=tr("convert.ui.key_help"), type="password",
                                      max_lines=1, elem_id="documents-engine-key")
                self.lang = gr.Dropdown([(tr(f"convert.lang.choice.{name}"), name) for name in LANGUAGES], value="auto",
                                        label=tr("convert.lang.label"), info=tr("convert.lang.help"), interactive=True,
                                        elem_id="documents-engine-lang")
                self.where = gr.Markdown("", elem_classes="doubt", elem_id="documents-engine-where")
        page.on(self.engine.input, self._choose, self.engine, [self.service, self.address, self.where])
        page.on(self.address.blur, self._said, self.address, self.where)

    @property
    def inputs(self) -> set[Any]:
        """What `choose` needs."""
        return {self.engine, self.address, self.key, self.lang}

    def choose(self, call: Call, values: dict[Any, Any], settings: ConvertSettings) -> ConvertSettings:
        """The settings with the chosen engine. Its address and key are kept. Raises UserError for a bad address."""
        if values[self.engine] != "mineru":
            return settings
        known, typed = load_mineru(call.ws), str(values[self.address] or "").strip()
        if typed != known.address or values[self.key]:
            save_mineru(call.ws, known.model_copy(update={"address": typed}), str(values[self.key] or ""))
        return ConvertSettings.load({**settings.model_dump(), "engine": "mineru", "lang": values[self.lang] or "auto"})

    def _choose(self, call: Call, engine: str) -> list[Any]:
        address = load_mineru(call.ws).address
        return [gr.update(visible=engine == "mineru"), address, self._said(call, address)]

    @staticmethod
    def _said(call: Call, address: str) -> str:
        """Where the pages go."""
        if (address or "").strip():
            return call.t("convert.ui.sent", where=plain(address.strip()))
        found = mineru(call.ws)
        if found and found.command:
            return call.t("convert.ui.command", where=plain(found.where))
        return call.t("convert.error.no_mineru")
