"""The key of a monitor's cloud, the address for messages, the mail account: typed here, kept among the secrets, never
shown again. And notices on this screen."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.llm.secrets import load_key, save_key
from core.training.mail import MailSettings, account_of, keep_account
from core.training.notice import SWANLAB, address, keep_address, send_everywhere
from webui.forms import Form
from webui.page import Call, Page


def build(page: Page) -> None:
    """Renders the accordion, closed."""
    with gr.Accordion(page.tr("train.ui.keys"), open=False) as box:
        gr.Button(page.tr("train.ui.desktop"), size="sm", elem_id="train-desktop")
        for state in ("on", "denied", "unsupported"):  # the browser knows which; webui/notices.js shows it
            gr.Markdown(page.tr(f"train.ui.desktop_{state}"), elem_classes="hint", elem_id=f"train-desktop-{state}")
        gr.Markdown(page.tr("train.ui.keys_help"), elem_classes="hint")
        key = gr.Textbox(label=page.tr("train.ui.swanlab_key"), info=page.tr("train.ui.swanlab_key_help"),
                         type="password", elem_id="train-swanlab-key")
        typed = gr.Textbox(label=page.tr("train.ui.notice_address"), info=page.tr("train.ui.notice_address_help"),
                           type="password", elem_id="train-notice-address")
        with gr.Accordion(page.tr("train.ui.mail"), open=False):
            mail: Form[MailSettings] = Form(page, MailSettings)
            mail.add("server", "port", "user")
            password = gr.Textbox(label=page.tr("train.ui.mail_password"), info=page.tr("train.ui.mail_password_help"),
                                  type="password", elem_id="train-mail-password")
            mail.add("to")
        now = gr.Markdown(elem_classes="hint", elem_id="train-keys-now")
        with gr.Row(elem_classes="actions"):
            forget = gr.Button(page.tr("train.ui.keys_forget"), size="sm")
            test = gr.Button(page.tr("train.ui.keys_test"), size="sm", elem_id="train-keys-test")
            save = gr.Button(page.tr("train.ui.keys_save"), size="sm", elem_id="train-keys-save")

    def saved(call: Call, values: dict[Any, Any]) -> list[Any]:
        if values[typed].strip():
            keep_address(call.ws, values[typed])
        if values[key].strip():
            save_key(call.ws, SWANLAB, values[key])
        account = mail.read(values)
        if account.server or account_of(call.ws):
            keep_account(call.ws, account, values[password] or "")
        return ["", "", "", stored(call)]

    def forgotten(call: Call) -> list[Any]:
        keep_address(call.ws, "")
        save_key(call.ws, SWANLAB, "")
        keep_account(call.ws, MailSettings())
        return ["", "", "", stored(call), *mail.fill(MailSettings())]

    def tested(call: Call) -> str:
        for error in send_everywhere(call.ws, {"text": call.t("train.ui.notice_test")}):
            raise error
        return call.t("train.ui.keys_sent")

    typed_fields = [key, typed, password]
    page.on(box.expand, lambda call: [stored(call), *mail.fill(account_of(call.ws) or MailSettings())], None,
            [now, *mail.controls.values()])
    page.on(save.click, saved, {*typed_fields, *mail.inputs}, [*typed_fields, now])
    page.on(forget.click, forgotten, None, [*typed_fields, now, *mail.controls.values()])
    page.on(test.click, tested, None, now)


def stored(call: Call) -> str:
    """Which of them are there."""
    words = {True: call.t("train.ui.yes"), False: call.t("train.ui.no")}
    return call.t("train.ui.keys_now", swanlab=words[bool(load_key(call.ws, SWANLAB))],
                  address=words[bool(address(call.ws))], mail=words[account_of(call.ws) is not None])
