"""A model from a folder: typed, or one that another program has downloaded to this computer."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import models
from webui.components.words import plain, size
from webui.page import Call, Page

MOST_REFUSED = 5


def build(page: Page) -> gr.Textbox:
    """Renders the accordion, closed; returns the field with the folder. Caches are looked through when it opens."""
    with gr.Accordion(page.tr("train.ui.own_folder"), open=False) as box:
        found = gr.Dropdown([], label=page.tr("train.ui.found"), info=page.tr("train.ui.found_help"), visible=False,
                            interactive=True, elem_id="train-found-models")
        said = gr.Markdown(elem_classes="hint", elem_id="train-found-said")
        folder = gr.Textbox(label=page.tr("train.ui.folder"), info=page.tr("train.ui.folder_help"),
                            elem_id="train-folder")
    page.on(box.expand, look, None, [found, said])
    page.on(found.input, lambda call, chosen: chosen or "", [found], folder)
    return folder


def look(call: Call) -> list[Any]:
    """The models in the caches that can be tuned, and why others cannot."""
    known = models.cached_models()
    good = [one for one in known if one.refused is None]
    pairs = [(f"{one.name} · {size(one.bytes)} · {call.t(f'train.ui.source.{one.source}')}", str(one.path))
             for one in good]
    lines = [plain(call.t("train.ui.found_refused", name=one.name, reason=one.refused.text(call.lang)))
             for one in known if one.refused is not None][:MOST_REFUSED]
    return [gr.update(choices=pairs, visible=bool(good)),
            "\n\n".join(lines) if known else call.t("train.ui.found_none")]
