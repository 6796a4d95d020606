"""Choice of the helper model: built-in, Ollama, or a service by its address; keys never come back to the page."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import jobs
from core.errors import UserError
from core.llm import PRESETS, HelperSettings, open_client
from core.llm.secrets import load_key, save_key
from core.llm.urls import parse_base_url
from core.settings import Settings
from webui.components.words import plain
from webui.forms import Form
from webui.page import Call, Page

OWN = ("base_url", "model")
KINDS = ("builtin", "ollama", "openai")
UNCHOSEN = "-"


class HelperCard:
    """The controls of the helper; `read` gives the settings, `keep_key` stores a typed key.

    `settled` are the events after which controls were filled by the page: what depends on them follows by ``then``.
    """

    def __init__(self, page: Page) -> None:
        tr = page.tr
        self.kind = gr.Radio([(tr(f"helper.kind.choice.{kind}"), kind) for kind in KINDS], value="builtin",
                             label=tr("helper.kind.label"), elem_id="helper-kind")
        with gr.Column(visible=False, elem_classes="inset") as self.service:
            self.preset = gr.Dropdown([*((tr(f"qa.ui.preset.{name}"), url) for name, url in PRESETS.items()),
                                       (tr("qa.ui.preset.custom"), "")], value=None,
                                      label=tr("qa.ui.preset"), elem_id="helper-preset", interactive=True)
            self.url = gr.Textbox(label=tr("helper.base_url.label"), info=tr("helper.base_url.help"), max_lines=1,
                                  elem_id="helper-base_url")
            self.key = gr.Textbox(label=tr("qa.ui.key"), info=tr("qa.ui.key_help"), type="password", max_lines=1,
                                  elem_id="helper-key")
            self.model = gr.Dropdown([], value=None, allow_custom_value=True, label=tr("helper.model.label"),
                                     info=tr("qa.ui.model_help"), interactive=True, elem_id="helper-model")
            with gr.Row(elem_classes="actions"):
                self.said = gr.Markdown("", elem_classes=["ok", "said"], elem_id="helper-said")
                self.test = gr.Button(tr("qa.ui.test"), size="sm", elem_id="helper-test")
            self.more = Form.build(page, HelperSettings, skip=("kind", *OWN))
        self.settled = [
            page.on(self.kind.input, self._kind, self.kind,
                    [self.service, self.preset, self.url, self.model, self.said]),
            page.on(self.preset.input, lambda call, url: [url, gr.update(choices=[], value=None)], self.preset,
                    [self.url, self.model]),
            page.on(self.test.click, self._test, self.inputs, [self.model, self.said, self.key])]

    @property
    def inputs(self) -> set[Any]:
        """What `read` and `keep_key` need."""
        return {self.kind, self.url, self.model, self.key} | self.more.inputs

    @property
    def quick(self) -> list[Any]:
        """Kind, address and model: enough to say what is missing."""
        return [self.kind, self.url, self.model]

    @property
    def outputs(self) -> list[Any]:
        """What `restore` fills, in its order."""
        return [self.service, self.preset, self.url, self.model, self.kind, *self.more.controls.values()]

    def read(self, values: dict[Any, Any]) -> HelperSettings:
        """The helper as chosen. Raises InvalidSettings."""
        if values[self.kind] == "builtin":
            return HelperSettings()
        return self.more.read(values, kind=values[self.kind], base_url=(values[self.url] or "").strip(),
                              model=(values[self.model] or "").strip())

    def keep_key(self, call: Call, values: dict[Any, Any], helper: HelperSettings) -> None:
        """Stores a typed key for the origin of the address."""
        if helper.kind != "builtin" and (values[self.key] or "").strip():
            save_key(call.ws, parse_base_url(helper.address).origin, values[self.key])

    def restore(self, call: Call) -> list[Any]:
        """The helper of the last build, as updates for `outputs`."""
        last = last_helper(call)
        shown = last.kind != "builtin"
        choices = [last.model] if last.model else []
        return [gr.update(visible=shown), gr.update(visible=last.kind == "openai"), last.base_url,
                gr.update(choices=choices, value=last.model or None), last.kind, *self.more.fill(last)]

    @staticmethod
    def _kind(call: Call, kind: str) -> list[Any]:
        return [gr.update(visible=kind != "builtin"), gr.update(visible=kind == "openai", value=None), "",
                gr.update(choices=[], value=None), ""]

    def _test(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        helper = self.read(values)
        self.keep_key(call, values, helper)
        asked = helper if helper.model else helper.model_copy(update={"model": UNCHOSEN})
        client = open_client(call.ws, asked)
        try:
            names = client.check()
        except UserError as error:
            return [gr.skip(), gr.update(value=plain(error.text(call.lang)), elem_classes=["blocker", "said"]), ""]
        finally:
            client.close()
        chosen = helper.model if helper.model in names or not names else names[0]
        stored = load_key(call.ws, parse_base_url(helper.address).origin) is not None
        words = call.t("qa.ui.test_ok", count=len(names)) + (" " + call.t("qa.ui.key_stored") if stored else "")
        return [gr.update(choices=names, value=chosen), gr.update(value=words, elem_classes=["ok", "said"]), ""]


def last_helper(call: Call) -> HelperSettings:
    """The helper of the last build; the built-in one before the first, or when it can no longer be read."""
    for job in jobs.list_jobs(call.ws, "build")[:1]:
        return _load(HelperSettings, job.params.get("settings", {}).get("helper", {}))
    return HelperSettings()


def _load(table: type[Settings], values: dict[str, Any]) -> Any:
    try:
        return table.load(values)
    except UserError:
        return table()
