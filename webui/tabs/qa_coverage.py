"""What of the documents is used: a map of the pages, the passages left over, and asking about these alone."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import gradio as gr

from core import qa
from core.qa import PageUse
from webui.components.words import plain
from webui.page import Call, Page

COLUMNS = 8
STEPS = ((0.95, "#0f6b66", "#ffffff"), (0.75, "#5fa9a4", "#10181a"), (0.5, "#f2d58a", "#10181a"),
         (0.0, "#f0b39d", "#10181a"))
"""(least share, colour, colour of the words on it), from well used to hardly used; the words say the share as well."""
PASSAGES_SHOWN = 12


class Coverage:
    """The map; a click on a page filters the table to it and shows what is not used there."""

    def __init__(self, page: Page) -> None:
        tr = page.tr
        self.places = gr.State([])
        with gr.Accordion(tr("qa.ui.coverage"), open=False, elem_id="qa-coverage") as self.box:
            self.words = gr.Markdown(tr("qa.ui.coverage_help"), elem_id="qa-coverage-words")
            self.map = gr.Dataframe(datatype="str", interactive=False, buttons=[], show_label=False, wrap=True,
                                    max_height=420, label=tr("qa.ui.coverage"), elem_id="qa-coverage-map",
                                    elem_classes=["rows", "page-map"], visible=False)
            self.left = gr.Markdown("", visible=False, elem_id="qa-coverage-left", elem_classes="sheet")
            with gr.Row(elem_classes="actions"):
                self.fill = gr.Button(tr("qa.ui.fill_gaps"), size="sm", visible=False, elem_id="qa-fill-gaps")

    @property
    def outputs(self) -> list[Any]:
        """What `show` fills, in its order."""
        return [self.words, self.map, self.places, self.left, self.fill]

    def show(self, call: Call) -> list[Any]:
        """The map as it is now."""
        pages = qa.page_use(call.ws)
        if not pages:
            return [call.t("qa.ui.coverage_nothing"), gr.update(visible=False), [], gr.update(visible=False),
                    gr.update(visible=False)]
        total, used = sum(p.sentences for p in pages), sum(p.used for p in pages)
        words = call.t("qa.ui.coverage_words", share=_percent(used / total), used=f"{used:,}", total=f"{total:,}")
        table, places = _table(call, pages)
        return [f"{words}\n\n{call.t('qa.ui.coverage_help')}", gr.update(value=table, visible=True), places,
                gr.update(visible=False), gr.update(visible=used < total)]

    @staticmethod
    def place(places: list[list[list[Any] | None]], event: gr.SelectData) -> tuple[str, int] | None:
        """(document, page) of a clicked field; None beside the pages."""
        row, column = event.index
        found = places[row][column] if row < len(places) and column < len(places[row]) else None
        return (found[0], found[1]) if found else None

    @staticmethod
    def passages(call: Call, document_id: str, page: int) -> Any:
        """What is not used on a page, as an update of `left`."""
        left = qa.unused_on(call.ws, document_id, page)
        if not left:
            return gr.update(value=call.t("qa.ui.page_used", page=page), visible=True)
        more = [call.t("qa.ui.more_passages", count=len(left) - PASSAGES_SHOWN)] if len(left) > PASSAGES_SHOWN else []
        lines = [f"- {plain(text)}" for text in left[:PASSAGES_SHOWN]]
        return gr.update(value="\n".join([call.t("qa.ui.page_left", page=page), "", *lines, "", *more]), visible=True)


def _table(call: Call, pages: list[PageUse]) -> tuple[dict[str, Any], list[list[Any]]]:
    """(value of the table with its colours, document and page of every field)."""
    data, styles, places = [], [], []
    groups = [(key, list(group)) for key, group in groupby(pages, key=lambda p: (p.document_id, p.label))]
    columns = min(COLUMNS, max(len(mine) for _, mine in groups))
    for (id, label), mine in groups:
        for at in range(0, len(mine), columns):
            row = mine[at:at + columns]
            rest = columns - len(row)
            data.append([label if at == 0 else "", *(f"{p.page} · {_percent(p.share)}" for p in row), *[""] * rest])
            styles.append(["", *(_colour(p.share) for p in row), *[""] * rest])
            places.append([None, *([id, p.page] for p in row), *[None] * rest])
    heads = [call.t("qa.ui.filter_document"), call.t("qa.ui.coverage_pages"), *[" " * n for n in range(1, columns)]]
    return {"headers": heads, "data": data, "metadata": {"styling": styles}}, places


def _colour(share: float) -> str:
    _, back, front = next(step for step in STEPS if share >= step[0])
    return f"background-color: {back}; color: {front}"


def _percent(share: float) -> str:
    return f"{int(share * 100)} %"
