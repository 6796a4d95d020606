"""A row as the model sees it: the very tokens that training feeds, trained ones coloured."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import models, training
from core.datasets import DatasetInfo
from core.training.seeing import SHOWN, see
from webui.components.tokens import marked, token_box
from webui.page import Call, Page

_DEFAULTS = training.TrainSettings.model_fields


class TokensPanel:
    """Shows the row whose number is in `number`, of the dataset in `shown`."""

    def __init__(self, page: Page, shown: gr.State, split: gr.Radio) -> None:
        tr = page.tr
        self.number = gr.State(0)
        with gr.Accordion(tr("dataset.tokens.title"), open=False, visible=False, elem_id="dataset-tokens") as self.box:
            gr.Markdown(tr("dataset.tokens.about"), elem_classes="hint")
            self.model = gr.Dropdown([], label=tr("train.model.label"), interactive=True,
                                     elem_id="dataset-tokens-model")
            self.words = gr.Markdown("", visible=False, elem_classes="hint", elem_id="dataset-tokens-words")
            self.text = token_box(tr("dataset.tokens.title"), "dataset-tokens-text")
            with gr.Row(elem_classes="actions"):
                self.start = gr.Button(tr("dataset.tokens.start"), elem_id="dataset-tokens-start")
        page.on(self.start.click, self.look, [shown, split, self.number, self.model], [self.words, self.text],
                show_progress="minimal")

    @property
    def outputs(self) -> list[Any]:
        """What `show` fills, in its order."""
        return [self.box, self.number, self.model, self.words, self.text]

    def show(self, call: Call, info: DatasetInfo | None) -> list[Any]:
        """The choice of models, for a dataset that training can use."""
        ready = [(m.entry.label, m.entry.id) for m in models.list_models(call.ws) if m.installed]
        usable = info is not None and info.kind == "chat" and info.trainable and bool(ready)
        return [gr.update(visible=usable), 0, gr.update(choices=ready, value=ready[0][1] if ready else None),
                gr.update(visible=False), gr.update(visible=False)]

    def look(self, call: Call, shown: str | None, split: str, number: int, model: str | None) -> list[Any]:
        """The tokens of the row that was clicked, the first one at first."""
        if not shown or not model:
            return [gr.skip(), gr.skip()]
        cutoff = _DEFAULTS["cutoff_len"].default
        seen = see(call.ws, model, shown, number, cutoff, "held_out" if split == "held_out" else "train")
        said = [call.t("dataset.tokens.words", number=number + 1, tokens=seen.tokens, trained=seen.trained)]
        if seen.cut:
            said.append(call.t("dataset.tokens.cut", count=seen.cut, cutoff=cutoff))
        if seen.dropped:
            said.append(call.t("dataset.tokens.dropped"))
        if len(seen.ids) > SHOWN:
            said.append(call.t("dataset.tokens.more", count=SHOWN))
        return [gr.update(value=" ".join(said), visible=True),
                gr.update(value=marked(seen.pieces), visible=bool(seen.pieces))]
