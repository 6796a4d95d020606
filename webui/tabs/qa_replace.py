"""Replace everywhere: how many pairs hold the words and what the first would become; then all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from core import qa
from webui.components.words import plain
from webui.page import Call, Page
from webui.tabs.qa_filters import Filters


class ReplaceBox:
    """Two boxes, what would change, and the button. It means the pairs that the filters leave."""

    def __init__(self, page: Page) -> None:
        tr = page.tr
        with gr.Accordion(tr("qa.ui.replace"), open=False, elem_id="qa-replace-box"):
            gr.Markdown(tr("qa.ui.replace_help"), elem_classes="hint")
            with gr.Row(elem_classes="filters"):
                self.old = gr.Textbox(label=tr("qa.ui.replace_old"), max_lines=1, min_width=140,
                                      elem_id="qa-replace-old")
                self.new = gr.Textbox(label=tr("qa.ui.replace_new"), max_lines=1, min_width=140,
                                      elem_id="qa-replace-new")
            self.seen = gr.Markdown("", visible=False, elem_id="qa-replace-seen")
            with gr.Row(elem_classes="actions"):
                self.button = gr.Button(tr("qa.ui.replace_nothing"), size="sm", interactive=False, elem_id="qa-replace")

    def wire(self, page: Page, filters: list[Any], narrow: set[Any], changed: list[Any],
             again: Callable[[Call, dict[Any, Any]], list[Any]]) -> None:
        """Connects the boxes. `again(call, values)` gives the updates for `changed`."""
        mine = [self.seen, self.button]

        def wanted(values: dict[Any, Any]) -> qa.Filter:
            return Filters.read(*[values[c] for c in filters])

        def look(call: Call, values: dict[Any, Any]) -> list[Any]:
            return self._seen(call, qa.preview(call.ws, wanted(values), values[self.old] or "", values[self.new] or ""))

        def replace(call: Call, values: dict[Any, Any]) -> list[Any]:
            done = qa.replace(call.ws, wanted(values), values[self.old] or "", values[self.new] or "")
            key = "qa.ui.replaced_refused" if done.refused else "qa.ui.replaced"
            said = call.t(key, count=done.pairs, refused=done.refused)
            return [gr.update(value=said, visible=True), gr.update(value=call.t("qa.ui.replace_nothing"),
                                                                   interactive=False), *again(call, values)]

        for box in (self.old, self.new):
            page.on(box.change, look, narrow | {self.old, self.new}, mine, trigger_mode="always_last")
        page.on(self.button.click, replace, narrow | {self.old, self.new}, [*mine, *changed])

    @staticmethod
    def _seen(call: Call, found: qa.Preview) -> list[Any]:
        if not found.pairs:
            return [gr.update(visible=False), gr.update(value=call.t("qa.ui.replace_nothing"), interactive=False)]
        example = call.t("qa.ui.replace_example", before=plain(found.before), after=plain(found.after))
        return [gr.update(value=example, visible=True),
                gr.update(value=call.t("qa.ui.replace_in", count=found.pairs), interactive=True)]
