"""Fetching a model onto an Ollama server from the page, with its progress."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import jobs
from core.errors import UserError
from core.llm import start_pull
from webui.components.jobcard import JobCard, ending
from webui.components.words import plain
from webui.page import Call, Page
from webui.tabs.qa_helper import HelperCard

POLL_S = 2.0


class PullBox:
    """The button and its card; shown while Ollama is chosen."""

    def __init__(self, page: Page, helper: HelperCard) -> None:
        self.helper = helper
        with gr.Column(visible=False, elem_classes="inset") as self.box:
            self.said = gr.Markdown("", elem_classes="said", elem_id="pull-said")
            with gr.Row(elem_classes="actions"):
                self.button = gr.Button(page.tr("pull.ui.start"), size="sm", elem_id="pull-start")
            self.card = JobCard.build(page, "pull", newest)
        mine = [self.box, self.said, self.button, *self.card.outputs]
        self.timer = page.poll(self.tick, mine, seconds=POLL_S, inputs=self.helper.kind)
        page.on(helper.kind.input, self.draw, helper.kind, mine)
        page.on_open("qa", self.tick, [*mine, self.timer], [helper.kind])
        page.on(self.button.click, self.start, helper.inputs, [*mine, helper.key, self.timer])

    def draw(self, call: Call, kind: str) -> list[Any]:
        """The box as it is now."""
        job = newest(call)
        working = job is not None and not job.state.is_terminal
        said = ending(call, job)
        if job is not None and job.state is jobs.JobState.DONE:
            said = call.t("pull.ui.done", model=plain(job.params["model"]))
        return [gr.update(visible=kind == "ollama"), said if kind == "ollama" else "",
                gr.update(interactive=not working), *self.card.updates(call, job)]

    def tick(self, call: Call, kind: str) -> list[Any]:
        """Progress while a model is on its way."""
        job = newest(call)
        return [*self.draw(call, kind), gr.Timer(active=job is not None and not job.state.is_terminal)]

    def start(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Starts the job with the model that is typed."""
        helper = self.helper.read(values)
        if not helper.model:
            raise UserError("pull.error.no_model")
        self.helper.keep_key(call, values, helper)
        start_pull(call.ws, helper)
        return [*self.draw(call, helper.kind), "", gr.Timer(active=True)]


def newest(call: Call) -> jobs.JobView | None:
    """The last model that was fetched."""
    return next(iter(jobs.list_jobs(call.ws, "pull")), None)
