"""New wordings of the questions, written by the helper of step 2."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import jobs
from core.datasets import DatasetInfo, find_dataset
from core.qa.augment import start_augment
from core.qa.augment_settings import AugmentSettings
from webui.components.words import plain
from webui.forms import Form
from webui.page import Call, Page
from webui.tabs.qa_helper import last_helper


class AugmentPanel:
    """Below the rows of the dataset whose id is in `shown`."""

    def __init__(self, page: Page, shown: gr.State) -> None:
        tr, self.shown = page.tr, shown
        with gr.Accordion(tr("qa_augment.ui.title"), open=False, visible=False, elem_id="dataset-augment") as self.box:
            gr.Markdown(tr("qa_augment.ui.about"), elem_classes="hint")
            self.form = Form.build(page, AugmentSettings)
            self.note = gr.Markdown("", elem_id="dataset-augment-note", sanitize_html=True)
            with gr.Row(elem_classes="actions"):
                self.start = gr.Button(tr("qa_augment.ui.start"), elem_id="dataset-augment-start")

    @property
    def inputs(self) -> set[Any]:
        """Everything that `begin` reads."""
        return self.form.inputs | {self.shown}

    @property
    def outputs(self) -> list[Any]:
        """What `show` fills, in its order."""
        return [self.box, self.note, self.start]

    def show(self, call: Call, info: DatasetInfo | None) -> list[Any]:
        """Which helper would write; for datasets of ours with conversations."""
        helper = last_helper(call)
        ready = helper.kind != "builtin"
        note = call.t("qa_augment.error.builtin")
        if ready:
            note = call.t("qa_augment.ui.helper", model=plain(helper.model))
        return [gr.update(visible=info is not None and info.own and info.kind == "chat"),
                gr.update(value=note, elem_classes=["hint" if ready else "doubt"]), gr.update(interactive=ready)]

    def begin(self, call: Call, values: dict[Any, Any]) -> jobs.JobView | None:
        """Starts the job. Raises UserError when it cannot be done."""
        info = find_dataset(call.ws, values[self.shown])
        if info is None:
            return None
        return start_augment(call.ws, info.id, self.form.read(values, helper=last_helper(call).model_dump()))
