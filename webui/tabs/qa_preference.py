"""Preference pairs of the review: how many there are, and a dataset of them for DPO or KTO."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import qa
from webui.components.words import plain
from webui.page import Call, Page

FORMS = ("preference", "label")


class PreferenceBox:
    """What was refused or corrected beside what holds."""

    def __init__(self, page: Page) -> None:
        tr = page.tr
        with gr.Accordion(tr("qa.ui.preference"), open=False, elem_id="qa-preference") as self.box:
            gr.Markdown(tr("qa.ui.preference_help"), elem_classes="hint")
            self.words = gr.Markdown("", elem_id="qa-preference-words")
            with gr.Row(elem_classes="actions"):
                self.buttons = {form: gr.Button(tr(f"qa.ui.make_{form}"), size="sm", interactive=False,
                                                elem_id=f"qa-make-{form}") for form in FORMS}
        mine = [self.words, *self.buttons.values()]
        page.on(self.box.expand, self.show, None, mine)
        for form, button in self.buttons.items():
            page.on(button.click, lambda call, form=form: self.make(call, form), None, self.words)

    @staticmethod
    def show(call: Call) -> list[Any]:
        """How many there are, by what was wrong."""
        pairs, bad = qa.preferences(call.ws), sum(not row["label"] for row in qa.labels(call.ws))
        reasons: dict[str, int] = {}
        for pair in pairs:
            reasons[pair.reason] = reasons.get(pair.reason, 0) + 1
        lines = [call.t("qa.ui.preference_counts", pairs=len(pairs), bad=bad)]
        lines += [f"- {count} × {call.t('qa.ui.by_person' if why == 'person' else f'qa.gate.{why}')}"
                  for why, count in sorted(reasons.items(), key=lambda r: -r[1])]
        return ["\n".join([lines[0], "", *lines[1:]]), gr.update(interactive=bool(pairs)),
                gr.update(interactive=bool(bad))]

    @staticmethod
    def make(call: Call, form: str) -> str:
        """Makes the dataset and says where it is."""
        info = qa.make_preference_dataset(call.ws, call.t(f"qa.ui.{form}_title"), form)  # type: ignore[arg-type]
        return call.t("qa.ui.preference_made", name=plain(info.title), rows=info.rows)
