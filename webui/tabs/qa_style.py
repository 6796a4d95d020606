"""What a chat model is asked for: kinds of questions, for whom, in which tone, like which pairs. Chips, no prompts."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import jobs, qa
from core.errors import UserError
from core.qa import BuildSettings
from webui.page import Call, Page

AUDIENCES, TONES = ("any", "newcomer", "expert"), ("plain", "friendly", "formal", "brief")


class StyleCard:
    """The chips; they are of use to chat models only, the built-in helper has kinds of its own."""

    def __init__(self, page: Page) -> None:
        tr = page.tr
        with gr.Accordion(tr("qa.ui.style"), open=False, visible=False, elem_id="qa-style") as self.box:
            self.kinds = gr.CheckboxGroup([(tr(f"qa.kind.{kind}"), kind) for kind in qa.KINDS], value=list(qa.USUAL),
                                          label=tr("qa.kinds.label"), elem_id="qa-kinds", elem_classes="chips")
            self.audience = gr.Radio([(tr(f"qa.audience.choice.{c}"), c) for c in AUDIENCES], value="any",
                                     label=tr("qa.audience.label"), elem_id="qa-audience", elem_classes="chips")
            self.tone = gr.Radio([(tr(f"qa.tone.choice.{c}"), c) for c in TONES], value="plain",
                                 label=tr("qa.tone.label"), elem_id="qa-tone", elem_classes="chips")
            self.like = gr.Checkbox(label=tr("qa.ui.like"), info=tr("qa.ui.like_help"), value=False, elem_id="qa-like")

    @property
    def inputs(self) -> set[Any]:
        """What `read` needs."""
        return {self.kinds, self.audience, self.tone, self.like}

    @property
    def outputs(self) -> list[Any]:
        """What `restore` fills, in its order."""
        return [self.box, self.kinds, self.audience, self.tone, self.like]

    def read(self, call: Call, values: dict[Any, Any], kind: str) -> dict[str, Any]:
        """Fields of the build settings; none for the built-in helper."""
        if kind == "builtin":
            return {}
        return {"kinds": tuple(values[self.kinds] or ()), "audience": values[self.audience], "tone": values[self.tone],
                "examples": tuple((p.question, p.answer) for p in qa.liked(call.ws)) if values[self.like] else ()}

    def restore(self, call: Call, helper_kind: str) -> list[Any]:
        """The chips of the last build, as updates for `outputs`."""
        last = BuildSettings()
        for job in jobs.list_jobs(call.ws, "build")[:1]:
            try:
                last = BuildSettings.load(job.params.get("settings", {}))
            except UserError:
                pass
        return [gr.update(visible=helper_kind != "builtin"), list(last.kinds), last.audience, last.tone,
                bool(last.examples)]
