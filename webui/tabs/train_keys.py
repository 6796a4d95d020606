"""The key of a monitor's cloud and the address for messages: typed here, kept among the secrets, never shown again."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.llm.secrets import load_key, save_key
from core.training.notice import SWANLAB, address, keep_address, send
from webui.page import Call, Page


def build(page: Page) -> None:
    """Renders the accordion, closed."""
    with gr.Accordion(page.tr("train.ui.keys"), open=False) as box:
        gr.Markdown(page.tr("train.ui.keys_help"), elem_classes="hint")
        key = gr.Textbox(label=page.tr("train.ui.swanlab_key"), info=page.tr("train.ui.swanlab_key_help"),
                         type="password", elem_id="train-swanlab-key")
        typed = gr.Textbox(label=page.tr("train.ui.notice_address"), info=page.tr("train.ui.notice_address_help"),
                           type="password", elem_id="train-notice-address")
        now = gr.Markdown(elem_classes="hint", elem_id="train-keys-now")
        with gr.Row(elem_classes="actions"):
            forget = gr.Button(page.tr("train.ui.keys_forget"), size="sm")
            test = gr.Button(page.tr("train.ui.keys_test"), size="sm", elem_id="train-keys-test")
            save = gr.Button(page.tr("train.ui.keys_save"), size="sm", elem_id="train-keys-save")

    def saved(call: Call, new_key: str, new_address: str) -> list[Any]:
        if new_address.strip():
            keep_address(call.ws, new_address)
        if new_key.strip():
            save_key(call.ws, SWANLAB, new_key)
        return ["", "", stored(call)]

    def forgotten(call: Call) -> list[Any]:
        keep_address(call.ws, "")
        save_key(call.ws, SWANLAB, "")
        return ["", "", stored(call)]

    def tested(call: Call) -> str:
        send(call.ws, {"text": call.t("train.ui.notice_test")})
        return call.t("train.ui.keys_sent")

    page.on(box.expand, stored, None, now)
    page.on(save.click, saved, [key, typed], [key, typed, now])
    page.on(forget.click, forgotten, None, [key, typed, now])
    page.on(test.click, tested, None, now)


def stored(call: Call) -> str:
    """Which of the two are there."""
    words = {True: call.t("train.ui.yes"), False: call.t("train.ui.no")}
    return call.t("train.ui.keys_now", key=words[bool(load_key(call.ws, SWANLAB))],
                  address=words[bool(address(call.ws))])
