"""What the model to be trained knows already: asking it without the documents, and the count in words."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import jobs, models, qa
from webui.components.jobcard import JobCard, ending
from webui.components.words import plain
from webui.page import Call, Page
from webui.tabs.qa_panel import Panel
from webui.tabs.qa_review import Review

POLL_S = 2.0


class KnownBox:
    """The choice of the model, the job and what came of it; at its end the table is drawn anew."""

    def __init__(self, page: Page, review: Review, panel: Panel) -> None:
        tr = page.tr
        self.review, self.panel = review, panel
        self.watched = gr.State("")
        with gr.Accordion(tr("known.ui.title"), open=False, elem_id="qa-known"):
            gr.Markdown(tr("known.ui.help"), elem_classes="hint")
            self.model = gr.Dropdown([], label=tr("known.ui.model"), interactive=True, elem_id="qa-known-model")
            self.words = gr.Markdown("", elem_id="qa-known-words")
            self.message = gr.Markdown("", visible=False, elem_classes="doubt", elem_id="qa-known-message")
            with gr.Row(elem_classes="actions"):
                self.ask = gr.Button(tr("known.ui.ask"), size="sm", elem_id="qa-known-ask")
            self.card = JobCard.build(page, "known", newest)
        self._wire(page)

    @property
    def mine(self) -> list[Any]:
        """What `draw` fills, in its order."""
        return [self.words, self.message, self.ask, *self.card.outputs]

    def _wire(self, page: Page) -> None:
        narrow = self.review.filters
        self.timer = page.poll(self.tick, [self.watched, *self.mine, *self.review.outputs], seconds=POLL_S,
                               inputs=[self.watched, self.model, self.panel.open, *narrow])
        page.on_open("qa", self.open, [self.model, self.watched, *self.mine, self.timer], [self.model])
        page.on(self.ask.click, self.start, self.model, [self.watched, *self.mine, self.timer])
        page.on(self.model.input, self.draw, self.model, self.mine)

    def open(self, call: Call, chosen: str | None) -> list[Any]:
        """The models that there are, and how far the asking is."""
        here = [(m.entry.label, m.entry.id) for m in models.list_models(call.ws)
                if m.installed or m.entry.id == models.STARTER_ID]
        now, job = qa.knowledge(call.ws), newest(call)
        chosen = chosen or (now.model.name if now else None)
        chosen = chosen if chosen in [id for _, id in here] else models.STARTER_ID
        working = job is not None and not job.state.is_terminal
        return [gr.update(choices=here, value=chosen), job.id if job and working else "", *self.draw(call, chosen),
                gr.Timer(active=working)]

    def draw(self, call: Call, chosen: str | None) -> list[Any]:
        """Updates for `mine`."""
        now, job = qa.knowledge(call.ws), newest(call)
        working = job is not None and not job.state.is_terminal
        same = now is not None and now.model.name == chosen
        left = now.left if now is not None and same and now.asked else 0
        key = "known.ui.asking" if working else "known.ui.ask_rest" if left else "known.ui.ask"
        said = ending(call, job)
        return [self._words(call, now), gr.update(value=said, visible=bool(said)),
                gr.update(value=call.t(key, count=f"{left:,}"),
                          interactive=not working and not (same and now is not None and not now.left)),
                *self.card.updates(call, job)]

    @staticmethod
    def _words(call: Call, now: qa.Knowledge | None) -> str:
        if now is None or not now.asked:
            return call.t("known.ui.nothing")
        words = call.t("known.ui.words", model=plain(now.model.label), known=f"{now.known:,}", asked=f"{now.asked:,}",
                       unknown=f"{now.unknown:,}", unsure=f"{now.unsure:,}")
        return f"{words} {call.t('known.ui.left', left=now.left)}" if now.left else words

    def start(self, call: Call, chosen: str | None) -> list[Any]:
        """Starts the asking."""
        job = qa.start_closed_book(call.ws, chosen or models.STARTER_ID)
        return [job.id, *self.draw(call, chosen), gr.Timer(active=True)]

    def tick(self, call: Call, watched: str, chosen: str | None, open: str | None, *narrow: Any) -> list[Any]:
        """While the job works its progress and the count; at its end the table with its badges."""
        job = newest(call)
        working = job is not None and not job.state.is_terminal
        rows = [gr.skip()] * len(self.review.outputs) if working or open or not watched else \
            self.review.first(call, *narrow)
        return [watched if working else "", *self.draw(call, chosen), *rows, gr.Timer(active=working)]


def newest(call: Call) -> jobs.JobView | None:
    """The last asking."""
    return next(iter(jobs.list_jobs(call.ws, "closed_book")), None)
