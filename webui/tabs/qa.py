"""Step 2: a helper model writes questions and answers from the documents; the person reviews them."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import qa
from core.llm import HelperSettings
from core.qa import BuildSettings
from webui.components.jobcard import JobCard, ending
from webui.forms import Form
from webui.page import Call, Page
from webui.tabs.qa_coverage import Coverage
from webui.tabs.qa_helper import HelperCard, last_helper
from webui.tabs.qa_known import KnownBox
from webui.tabs.qa_panel import Panel
from webui.tabs.qa_preference import PreferenceBox
from webui.tabs.qa_pull import PullBox
from webui.tabs.qa_review import Review
from webui.tabs.qa_style import StyleCard
from webui.tabs.qa_words import Situation, buttons, estimate_words, honest, situation, summary, trouble, written

POLL_S = 3.0


def build(page: Page) -> None:
    """Renders the step into the open tab."""
    QATab(page)


class QATab:
    """The components of the step and what they do."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.seen, self.count = gr.State([]), gr.State(-1)
        with gr.Row(elem_classes="columns"):
            with gr.Column(scale=4, min_width=300) as self.left:
                self._left()
            self.panel = Panel(page)
            with gr.Column(scale=9, min_width=320):
                self._right()
        self._wire()

    def _left(self) -> None:
        tr = self.page.tr
        with gr.Column(elem_classes="card"):
            gr.Markdown(tr("qa.ui.title"))
            self.helper = HelperCard(self.page)
            PullBox(self.page, self.helper)
            self.honest = gr.Markdown("", elem_classes="hint", elem_id="qa-honest")
            self.documents = gr.CheckboxGroup([], label=tr("qa.ui.documents"), interactive=True, visible=False,
                                              elem_id="qa-documents")
            self.style = StyleCard(self.page)
            self.form = Form.build(self.page, BuildSettings)
            self.estimate = gr.Markdown("", visible=False, elem_classes="hint", elem_id="qa-estimate")
            self.message = gr.Markdown("", visible=False, elem_classes="doubt", elem_id="qa-message")
            with gr.Row(elem_classes=["actions", "primary-row"]):
                self.write = gr.Button(tr("qa.ui.no_documents"), variant="primary", interactive=False,
                                       elem_id="qa-write")
                self.next = gr.Button(tr("qa.ui.next"), variant="primary", visible=False, elem_id="qa-next")

    def _right(self) -> None:
        page, tr = self.page, self.page.tr
        with gr.Column(elem_classes=["card", "empty-state"]) as self.empty:
            gr.Markdown(tr("qa.ui.empty"))
        self.card = JobCard.build(page, "qa", lambda call: situation(call).working)
        with gr.Column(visible=False, elem_classes="card") as self.list:
            self.summary = gr.Markdown("", elem_id="qa-summary")
            self.trouble = gr.Markdown("", visible=False, elem_classes="doubt", elem_id="qa-trouble")
            self.review = Review(page, self.panel, self.left)
            self.coverage = Coverage(page)
            KnownBox(page, self.review, self.panel)
            PreferenceBox(page)

    def _wire(self) -> None:
        page, narrow = self.page, self.review.filters
        self.state = [self.empty, self.list, self.summary, self.trouble, self.honest, self.message, self.write,
                      self.next, *self.card.outputs]
        chosen = self.helper.inputs | {self.documents}
        polled = [*self.state, self.count, *self.review.outputs]
        self.timer = page.poll(self.tick, polled, seconds=POLL_S, inputs=chosen | set(narrow) | {self.count,
                                                                                self.review.pager.offset,
                                                                                self.panel.open, self.review.ticked,
                                                                                self.review.ids})
        page.on_open("qa", self.open, [self.documents, self.seen, *self.helper.outputs, *self.style.outputs,
                                       *self.state, self.count,
                                       *self.review.outputs, self.timer],
                     [self.documents, self.seen, *self.helper.quick, *narrow])
        # Not on `change`: it also comes from filling the page, when the other controls still hold their old values.
        people = (self.documents.input, self.helper.url.input, self.helper.model.input)
        for event in (*people, *(done.then for done in self.helper.settled)):
            page.on(event, self.choose, chosen, self.state)
            page.on(event, self.foresee, chosen | self.form.inputs | self.style.inputs, self.estimate,
                    trigger_mode="always_last")
        for control in self.form.controls.values():
            page.on(control.change, self.foresee, chosen | self.form.inputs | self.style.inputs, self.estimate,
                    trigger_mode="always_last")
        page.on(self.helper.kind.input, lambda call, kind: gr.update(visible=kind != "builtin"), self.helper.kind,
                self.style.box)
        page.on(self.write.click, self.start, chosen | self.form.inputs | self.style.inputs,
                [self.helper.key, *self.state, self.timer])
        coverage, review = self.coverage, self.review
        page.on(coverage.box.expand, coverage.show, None, coverage.outputs)
        page.on(coverage.map.select, self.look_at_page, [coverage.places, *review.filters],
                [coverage.left, review.narrow.document, review.narrow.page, *review.pager.all_outputs],
                trigger_mode="multiple")
        page.on(coverage.fill.click, self.fill_gaps, chosen | self.form.inputs | self.style.inputs,
                [self.helper.key, coverage.words, *self.state, self.timer])
        page.link(self.next, "dataset")

    def draw(self, call: Call, now: Situation, ticked: list[str], helper: HelperSettings) -> list[Any]:
        """Updates for `state`."""
        words, colour = summary(call, now.counts, qa.knowledge(call.ws))
        write, following = buttons(call, now, ticked, helper)
        ended = ending(call, now.build)
        doubts = trouble(call, now.build)
        anything = bool(now.counts.total or now.counts.rejected or now.counts.deleted)
        return [gr.update(visible=not anything and not now.working), gr.update(visible=anything),
                gr.update(value=words, elem_classes=[colour]), gr.update(value=doubts, visible=bool(doubts)),
                honest(call, now, ticked, helper.kind), gr.update(value=ended, visible=bool(ended)),
                gr.update(**write), gr.update(visible=following or bool(now.counts.total and not now.working),
                                              variant="primary" if following else "secondary"),
                *self.card.updates(call, now.working)]

    def open(self, call: Call, ticked: list[str] | None, seen: list[str], kind: str, url: str, model: str | None,
             *narrow: Any) -> list[Any]:
        """Everything anew: new documents are included, unticked ones stay so, the last helper is shown at first."""
        now = situation(call)
        ready = [d.id for d in now.ready]
        ticked = [id for id in ready if id in (ticked or []) or id not in seen]
        choices = [(d.label, d.id) for d in now.ready]
        filled = [gr.skip()] * len(self.helper.outputs) if seen else self.helper.restore(call)
        helper = HelperSettings(kind=kind, base_url=url, model=model or "") if seen else last_helper(call)  # type: ignore
        filled += [gr.skip()] * len(self.style.outputs) if seen else self.style.restore(call, helper.kind)
        return [gr.update(choices=choices, value=ticked, visible=bool(choices)), ready or [""], *filled,
                *self.draw(call, now, ticked, helper), now.counts.total, *self.review.first(call, *narrow),
                gr.Timer(active=now.working is not None)]

    def choose(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Another helper or other documents: what the button offers."""
        return self.draw(call, situation(call), values[self.documents] or [], self.helper.read(values))

    def foresee(self, call: Call, values: dict[Any, Any]) -> Any:
        """What the build will take of a service; nothing is said of the built-in helper, which costs nothing."""
        ticked = values[self.documents] or []
        if values[self.helper.kind] == "builtin" or not ticked:
            return gr.update(visible=False)
        helper = self.helper.read(values)
        settings = self.form.read(values, helper=helper, documents=tuple(ticked),
                                  **self.style.read(call, values, helper.kind))
        return gr.update(value=estimate_words(call, qa.estimate_build(call.ws, settings)), visible=True)

    def start(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Starts the build."""
        helper, ticked = self.helper.read(values), values[self.documents] or []
        settings = self.form.read(values, helper=helper, documents=tuple(ticked),
                                  **self.style.read(call, values, helper.kind))
        if written(situation(call), ticked):
            settings = settings.model_copy(update={"scope": "all"})
        self.helper.keep_key(call, values, helper)
        qa.start_build(call.ws, settings)
        return ["", *self.draw(call, situation(call), ticked, helper), gr.Timer(active=True)]

    def fill_gaps(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Starts a build about the passages that no pair uses; the built-in helper has nothing to add to them."""
        helper, ticked = self.helper.read(values), values[self.documents] or []
        if helper.kind == "builtin":
            return [gr.skip(), call.t("qa.ui.gaps_builtin"), *[gr.skip()] * (len(self.state) + 1)]
        settings = self.form.read(values, helper=helper, documents=tuple(ticked),
                                  **self.style.read(call, values, helper.kind))
        self.helper.keep_key(call, values, helper)
        qa.start_build(call.ws, settings.model_copy(update={"scope": "gaps"}))
        return ["", gr.skip(), *self.draw(call, situation(call), ticked, helper), gr.Timer(active=True)]

    def look_at_page(self, call: Call, places: list[Any], pile: str, query: str, document: str, page: str, kind: str,
                     reason: str, known: str, event: gr.SelectData) -> list[Any]:
        """The page of the clicked field: its pairs in the table, and what of it is not used."""
        place = self.coverage.place(places, event)
        if place is None:
            return [gr.skip()] * (3 + len(self.review.pager.all_outputs))
        document, number = place
        rows = self.review.pager.first(call, "ready", query, document, str(number), kind, reason, known)
        return [self.coverage.passages(call, document, number), document, str(number), *rows]

    def tick(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Progress; new rows while nobody is editing."""
        now = situation(call)
        review, total = self.review, now.counts.total
        busy = values[self.panel.open] or values[review.ticked] or values[review.pager.offset]
        fresh = total != values[self.count] and not busy
        rows = review.grown(call, values[review.ids], *[values[c] for c in review.filters]) if fresh \
            else [gr.skip()] * len(review.outputs)
        return [*self.draw(call, now, values[self.documents] or [], self.helper.read(values)),
                total if fresh else values[self.count], *rows, gr.Timer(active=now.working is not None)]
