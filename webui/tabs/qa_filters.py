"""The filters of the review: three piles with their counts, search, document, page, type, and why."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import documents, qa
from core.qa import Filter
from webui.page import Call, Page
from webui.tabs.qa_words import kind_name

PILES = ("ready", "look", "rejected", "deleted")


class Filters:
    """The controls; `read` gives what they say, `updates` what they offer."""

    def __init__(self, page: Page) -> None:
        tr = page.tr
        self.pile = gr.Radio([(tr(f"qa.ui.pile.{p}"), p) for p in PILES], value="ready", show_label=False,
                             container=False, label=tr("qa.ui.filter_pile"), elem_id="qa-pile", elem_classes="chips")
        with gr.Row(elem_classes="filters"):
            self.query = gr.Textbox(show_label=False, container=False, label=tr("qa.ui.search"), max_lines=1, scale=4,
                                    min_width=160, placeholder=tr("qa.ui.search"), elem_id="qa-search")
            self.document = gr.Dropdown([("", "")], value="", show_label=False, container=False, interactive=True,
                                        scale=3, min_width=140, label=tr("qa.ui.filter_document"),
                                        elem_id="qa-filter-document")
            self.page = gr.Textbox(show_label=False, container=False, label=tr("qa.ui.filter_page"), max_lines=1,
                                   scale=1, min_width=70, placeholder=tr("qa.ui.filter_page"),
                                   elem_id="qa-filter-page")
            self.kind = gr.Dropdown([("", "")], value="", show_label=False, container=False, interactive=True, scale=2,
                                    min_width=110, label=tr("qa.ui.filter_kind"), elem_id="qa-filter-kind")
            self.reason = gr.Dropdown([("", "")], value="", show_label=False, container=False, interactive=True,
                                      scale=3, min_width=150, visible=False, label=tr("qa.ui.filter_reason"),
                                      elem_id="qa-filter-reason")
            self.known = gr.Dropdown([("", "")], value="", show_label=False, container=False, interactive=True, scale=2,
                                     min_width=150, visible=False, label=tr("known.ui.filter"),
                                     elem_id="qa-filter-known")

    @property
    def inputs(self) -> list[Any]:
        """What `read` needs, in its order."""
        return [self.pile, self.query, self.document, self.page, self.kind, self.reason, self.known]

    @property
    def outputs(self) -> list[Any]:
        """What `updates` fills, in its order."""
        return [self.pile, self.kind, self.reason, self.known]

    def wire(self, page: Page, show: Any, outputs: list[Any]) -> None:
        """Calls `show` with the first page whenever a filter changes."""
        for box in (self.query, self.page):
            page.on(box.change, show, self.inputs, outputs, trigger_mode="always_last")
        for control in (self.pile, self.document, self.kind, self.reason, self.known):
            page.on(control.input, show, self.inputs, outputs)

    @staticmethod
    def read(pile: str, query: str, document: str, page: str, kind: str, reason: str, known: str = "") -> Filter:
        """The pairs that are meant. A reason counts only in the piles that have reasons."""
        number = int(page) if (page or "").strip().isdecimal() else 0
        doubtful = pile in ("look", "rejected")
        return Filter(query or "", document or "", number, kind or "", (pile,),  # type: ignore[arg-type]
                      (reason or "") if doubtful else "", known or "")

    @staticmethod
    def updates(call: Call, pile: str, kind: str, reason: str) -> list[Any]:
        """Piles with their counts, the types and reasons that occur, and what the model knows once it was asked."""
        known = qa.choices(call.ws)
        piles = [(call.t("qa.ui.pile_count", name=call.t(f"qa.ui.pile.{p}"), count=f"{known.piles.get(p, 0):,}"), p)
                 for p in PILES if known.piles.get(p) or p not in ("deleted",) or p == pile]
        kinds = sorted({*known.kinds, *([kind] if kind else [])})
        reasons = sorted({*known.reasons, *([reason] if reason else [])})
        return [gr.update(choices=piles, value=pile),
                gr.update(choices=[(call.t("qa.ui.all_kinds"), ""), *((kind_name(call, k), k) for k in kinds)]),
                gr.update(choices=[(call.t("qa.ui.all_reasons"), ""), *((call.t(f"qa.gate.{r}"), r) for r in reasons)],
                          visible=pile in ("look", "rejected") and bool(reasons)),
                gr.update(choices=[(call.t("known.ui.all"), ""),
                                   *((call.t(f"known.choice.{k}", count=f"{n:,}"), k) for k, n in known.known.items())],
                          visible=bool(known.known))]

    def documents_update(self, call: Call, chosen: str) -> tuple[str, Any]:
        """(the document that stays chosen, the update with those that there are)."""
        known = [(d.label, d.id) for d in documents.list_documents(call.ws) if d.done_pages]
        chosen = chosen if chosen in [id for _, id in known] else ""
        return chosen, gr.update(choices=[(call.t("qa.ui.all_documents"), ""), *known], value=chosen)
