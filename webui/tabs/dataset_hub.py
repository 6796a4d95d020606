"""Datasets from a hub: its name or the address of its page, and a token for what is not public."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import jobs
from core.datasets.hub_jobs import HUBS, parse, start_pull
from core.hubs.access import keep_token
from webui.page import Call, Page


class HubImport:
    """Inside the import panel, below the files."""

    def __init__(self, page: Page) -> None:
        tr = page.tr
        with gr.Accordion(tr("dataset.hub.title"), open=False, elem_id="dataset-hub"):
            gr.Markdown(tr("dataset.hub.about"), elem_classes="hint")
            self.hub = gr.Radio([(label, key) for key, label in HUBS.items()], value="huggingface", show_label=False,
                                label=tr("dataset.hub.site"), elem_id="dataset-hub-site")
            self.repo = gr.Textbox(label=tr("dataset.hub.repo"), placeholder="owner/name", max_lines=1,
                                   elem_id="dataset-hub-repo")
            self.token = gr.Textbox(label=tr("dataset.hub.token"), info=tr("dataset.hub.token_help"), type="password",
                                    max_lines=1, elem_id="dataset-hub-token")
            with gr.Row(elem_classes="actions"):
                self.start = gr.Button(tr("dataset.hub.start"), elem_id="dataset-hub-start")

    @property
    def inputs(self) -> set[Any]:
        """What `begin` reads."""
        return {self.hub, self.repo, self.token}

    @property
    def cleared(self) -> list[Any]:
        """What is empty again once the job has started."""
        return [self.repo, self.token]

    def begin(self, call: Call, values: dict[Any, Any], title: str) -> jobs.JobView:
        """Keeps the token and starts the download."""
        name = parse(values[self.repo] or "", values[self.hub] or "huggingface")
        if (values[self.token] or "").strip():
            keep_token(call.ws, name.hub, values[self.token])
        return start_pull(call.ws, name, title, call.lang)
