"""The review table of pairs and the panel of one pair: edit, delete, undo."""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

from core import documents, qa
from core.qa import Pair
from webui.components.pager import Pager
from webui.page import Call, Page
from webui.tabs.qa_words import evidence, evidence_picture, source

ROWS = 20
STATES = ("accepted", "rejected", "deleted")


class Panel:
    """One pair: question and answer to edit, the evidence behind it."""

    def __init__(self, page: Page) -> None:
        tr = page.tr
        self.open = gr.State(None)
        with gr.Column(scale=4, min_width=300, visible=False, elem_classes="card",
                       elem_id="qa-panel") as self.box:
            with gr.Row(elem_classes="page-row"):
                self.back = gr.Button(tr("qa.ui.pair_back"), size="sm", elem_id="qa-pair-back")
                self.forward = gr.Button(tr("qa.ui.pair_forward"), size="sm", elem_id="qa-pair-forward")
                self.close = gr.Button(tr("qa.ui.close"), size="sm", elem_id="qa-close")
            self.reason = gr.Markdown("", visible=False, elem_classes="doubt", elem_id="qa-reason")
            self.question = gr.Textbox(label=tr("qa.ui.question"), lines=2, max_lines=6, elem_id="qa-question")
            self.answer = gr.Textbox(label=tr("qa.ui.answer"), lines=3, max_lines=12, elem_id="qa-answer")
            with gr.Row(elem_classes="actions"):
                self.saved = gr.Markdown("", elem_classes=["ok", "said"], elem_id="qa-saved")
                self.delete = gr.Button(tr("qa.ui.delete"), size="sm", elem_id="qa-delete")
                self.save = gr.Button(tr("qa.ui.save"), size="sm", elem_id="qa-save")
            gr.Markdown(tr("qa.ui.evidence"))
            self.evidence = gr.Markdown("", sanitize_html=True, elem_classes="sheet", elem_id="qa-evidence")
            self.picture = gr.Image(type="filepath", interactive=False, visible=False, buttons=["fullscreen"],
                                    show_label=False, label=tr("qa.ui.evidence_picture"), container=False,
                                    elem_id="qa-evidence-picture")

    @property
    def typed(self) -> list[Any]:
        """What `store` needs: the open pair and what stands in its boxes."""
        return [self.open, self.question, self.answer]

    @property
    def outputs(self) -> list[Any]:
        """What `show` fills, in its order; the caller adds the column that makes room for the panel."""
        return [self.open, self.box, self.reason, self.question, self.answer, self.saved, self.delete, self.evidence,
                self.picture]

    def show(self, call: Call, id: str | None) -> list[Any]:
        """Opens a pair, or closes the panel for None."""
        if id is None:
            return [None, gr.update(visible=False), *[gr.skip()] * 7]
        pair = qa.get_pair(call.ws, id)
        reason = call.t(f"qa.gate.{pair.reason}") if pair.reason else ""
        words = call.t("qa.ui.was_refused", reason=reason) if reason else ""
        picture = evidence_picture(call, pair)
        label = call.t("qa.ui.delete" if pair.state == "accepted" else "qa.ui.restore")
        return [id, gr.update(visible=True), gr.update(visible=bool(reason), value=words), pair.question, pair.answer,
                "", gr.update(value=label), evidence(call, pair),
                gr.update(visible=picture is not None, value=picture)]


class Review:
    """The table with search, filters and paging, and what happens to ticked rows."""

    def __init__(self, page: Page, panel: Panel, settings: gr.Column) -> None:
        self.panel, self.settings = panel, settings
        self.ids, self.ticked, self.undo = gr.State([]), gr.State([]), gr.State([])
        tr = page.tr
        with gr.Row(elem_classes="filters"):
            self.query = gr.Textbox(show_label=False, container=False, label=tr("qa.ui.search"), max_lines=1, scale=3,
                                    placeholder=tr("qa.ui.search"), elem_id="qa-search")
            self.document = gr.Dropdown([("", "")], value="", show_label=False, container=False, interactive=True,
                                        scale=2, label=tr("qa.ui.filter_document"), elem_id="qa-filter-document")
            self.state = gr.Dropdown([(tr(f"qa.ui.state.{s}"), s) for s in STATES], value="accepted", scale=1,
                                     show_label=False, container=False, interactive=True, min_width=110,
                                     label=tr("qa.ui.filter_state"), elem_id="qa-filter-state")
        with gr.Row(visible=False, elem_classes="bulk") as self.bulk:
            self.bulk_delete = gr.Button(tr("qa.ui.delete"), size="sm", elem_id="qa-bulk-delete")
        with gr.Row(visible=False, elem_classes="bulk") as self.undo_row:
            self.undo_words = gr.Markdown("", elem_id="qa-undo-words")
            self.undo_button = gr.Button(tr("qa.ui.undo"), size="sm", elem_id="qa-undo")
        self.table = gr.Dataframe(datatype=["bool", "str", "str", "str"], interactive=True, static_columns=[1, 2, 3],
                                  type="array", buttons=[], show_label=False, wrap=True, elem_id="qa-pairs",
                                  column_widths=["7%", "38%", "36%", "19%"], max_height=4000, elem_classes="rows",
                                  label=tr("qa.ui.pairs"))
        self.nothing = gr.Markdown("", visible=False, elem_classes="hint", elem_id="qa-nothing")
        self.pager = Pager.build(page, "qa", self.fetch,
                                 [self.table, self.ids, self.ticked, self.bulk, self.nothing], self.filters, ROWS)
        self._wire(page)

    @property
    def filters(self) -> list[Any]:
        """What narrows the list: query, document, state."""
        return [self.query, self.document, self.state]

    @property
    def outputs(self) -> list[Any]:
        """What `first` fills."""
        return [self.document, *self.pager.all_outputs]

    @property
    def opened(self) -> list[Any]:
        """What opening and closing a pair fills."""
        return [self.settings, *self.panel.outputs]

    def _wire(self, page: Page) -> None:
        panel, rows, narrow = self.panel, self.pager.all_outputs, set(self.filters) | {self.pager.offset}
        page.on(self.query.change, self.pager.first, self.filters, rows, trigger_mode="always_last")
        for control in (self.document, self.state):
            page.on(control.input, self.pager.first, self.filters, rows)
        page.on(self.table.select, self.choose, [self.ids, *panel.typed], self.opened,
                trigger_mode="multiple")
        page.on(self.table.input, self.tick, [self.table, self.ids, self.state],
                [self.ticked, self.bulk, self.bulk_delete])
        page.on(self.bulk_delete.click, self.take_out_ticked, narrow | {self.ticked}, [*self.changed, *self.opened])
        page.on(self.undo_button.click, self.bring_back, narrow | {self.undo}, self.changed)
        edit = narrow | {panel.open, panel.question, panel.answer}
        for event in (panel.question.blur, panel.answer.blur, panel.save.click):
            page.on(event, self.keep, edit, [panel.saved, *rows])
        page.on(panel.delete.click, self.take_out_open, narrow | {panel.open, self.ids}, [*self.changed, *self.opened])
        page.on(panel.close.click, self.close, panel.typed, self.opened)
        for button, by in ((panel.back, -1), (panel.forward, 1)):
            page.on(button.click, partial(self.step, by), [self.ids, *panel.typed], self.opened)

    @property
    def changed(self) -> list[Any]:
        """What taking out and bringing back fill."""
        return [self.undo, self.undo_row, self.undo_words, *self.pager.all_outputs]

    def fetch(self, call: Call, offset: int, limit: int, query: str, document: str, state: str
              ) -> tuple[list[Any], int]:
        """One page of the table, ticks cleared."""
        found, total = qa.list_pairs(call.ws, offset, limit, query or "", document or None, state)
        heads = ["", *(call.t(f"qa.ui.column.{name}") for name in ("question", "answer", "source"))]
        rows = [[False, p.question, p.answer, source(call, p)] for p in found]
        nothing = call.t("qa.ui.none_found") if not total else ""
        return [gr.update(value={"headers": heads, "data": rows}, visible=bool(total)), [p.id for p in found], [],
                gr.update(visible=False), gr.update(value=nothing, visible=not total)], total

    def first(self, call: Call, query: str, document: str, state: str) -> list[Any]:
        """The first page, and the documents to filter by."""
        known = [(d.label, d.id) for d in documents.list_documents(call.ws) if d.done_pages]
        chosen = document if document in [id for _, id in known] else ""
        choices = [(call.t("qa.ui.all_documents"), ""), *known]
        return [gr.update(choices=choices, value=chosen), *self.pager.first(call, query, chosen, state)]

    def grown(self, call: Call, shown: list[str], query: str, document: str, state: str) -> list[Any]:
        """As `first`, but rows that are on the page already are left alone: a table is dear to draw."""
        updates = self.first(call, query, document, state)
        same = updates[self.outputs.index(self.ids)] == shown
        return [gr.skip()] * (1 + len(self.pager.outputs)) + updates[1 + len(self.pager.outputs):] if same else updates

    def show(self, call: Call, id: str | None) -> list[Any]:
        """Opens a pair in the place of the settings; None brings the settings back."""
        return [gr.update(visible=id is None), *self.panel.show(call, id)]

    def choose(self, call: Call, ids: list[str], open: str | None, question: str, answer: str,
               event: gr.SelectData) -> list[Any]:
        """Opens the pair of the clicked row; the first column only ticks."""
        row, column = event.index
        if column == 0 or row >= len(ids):
            return [gr.skip()] * len(self.opened)
        store(call, open, question, answer)
        return self.show(call, ids[row])

    def close(self, call: Call, open: str | None, question: str, answer: str) -> list[Any]:
        """Keeps what was typed and brings the settings back."""
        store(call, open, question, answer)
        return self.show(call, None)

    def step(self, by: int, call: Call, ids: list[str], open: str | None, question: str, answer: str) -> list[Any]:
        """The neighbour on this page of the table."""
        store(call, open, question, answer)
        at = (ids.index(open) if open in ids else 0) + by
        return self.show(call, ids[at]) if 0 <= at < len(ids) else [gr.skip()] * len(self.opened)

    def tick(self, call: Call, rows: list[list[Any]], ids: list[str], state: str) -> list[Any]:
        """Remembers the ticked rows and offers what can be done with them."""
        ticked = [id for id, row in zip(ids, rows, strict=False) if row[0] in (True, "true")]
        verb = "bulk_delete" if state == "accepted" else "bulk_restore"
        return [ticked, gr.update(visible=bool(ticked)), call.t(f"qa.ui.{verb}", count=len(ticked))]

    def keep(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Saves the edited pair; also when a box is left, so that nothing typed is lost."""
        panel, rows = self.panel, len(self.pager.all_outputs)
        if not values[panel.open]:
            return [gr.skip()] * (rows + 1)
        pair, changed = store(call, values[panel.open], values[panel.question], values[panel.answer])
        return [self._said(call, pair), *(self._again(call, values) if changed else [gr.skip()] * rows)]

    @staticmethod
    def _said(call: Call, pair: Pair | None) -> str:
        if pair is not None and pair.reason:
            return call.t("qa.ui.saved_refused", reason=call.t(f"qa.gate.{pair.reason}"))
        return call.t("qa.ui.saved")

    def take_out_ticked(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Deletes the ticked pairs, or brings them back when refused or deleted ones are listed."""
        return [*self._move(call, values, values[self.ticked]), *self.show(call, None)]

    def take_out_open(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """The same for the open pair; the next one is opened."""
        ids, open = values[self.ids], values[self.panel.open]
        at = ids.index(open) + 1 if open in ids else len(ids)
        return [*self._move(call, values, [open]), *self.show(call, ids[at] if at < len(ids) else None)]

    def _move(self, call: Call, values: dict[Any, Any], ids: list[str]) -> list[Any]:
        if values[self.state] == "accepted":
            count = qa.delete_pairs(call.ws, ids)
            return [ids, gr.update(visible=True), call.t("qa.ui.deleted", count=count), *self._again(call, values)]
        qa.restore_pairs(call.ws, ids)
        return [[], gr.update(visible=False), "", *self._again(call, values)]

    def bring_back(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Undoes the last deletion."""
        qa.restore_pairs(call.ws, values[self.undo])
        return [[], gr.update(visible=False), "", *self._again(call, values)]

    def _again(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        return self.pager.show(call, values[self.pager.offset], *[values[c] for c in self.filters])


def store(call: Call, id: str | None, question: str, answer: str) -> tuple[Pair | None, bool]:
    """Saves the texts of a pair when they differ from it; (the pair now, whether it changed)."""
    if id is None:
        return None, False
    pair = qa.get_pair(call.ws, id)
    if (question.strip(), answer.strip()) == (pair.question, pair.answer):
        return pair, False
    return qa.edit_pair(call.ws, id, question, answer), True
