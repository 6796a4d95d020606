"""A button that asks once: the first click says what is lost, the second, in the same place, does it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from webui.page import Call, Page

PAUSE_S = 0.7
"""Clicks that follow the question faster than this are the second half of a double click, not an answer."""


@dataclass
class TwoClicks:
    """Delete buttons and the like. `words` tell what is lost; `act` returns the updates for `outputs`."""

    label: str
    button: gr.Button
    asked: gr.State

    @classmethod
    def build(cls, page: Page, label: str, elem_id: str, visible: bool = True) -> TwoClicks:
        """Renders the button; `label` is a catalogue key."""
        return cls(label, gr.Button(page.tr(label), size="sm", elem_id=elem_id, visible=visible), gr.State(0.0))

    @property
    def outputs(self) -> list[Any]:
        """What `reset` fills."""
        return [self.button, self.asked]

    def reset(self, call: Call) -> list[Any]:
        """Updates that take an open question back."""
        return [gr.update(value=call.t(self.label), variant="secondary"), 0.0]

    def wire(self, page: Page, inputs: list[Any], outputs: list[Any], *, words: Callable[..., str],
             act: Callable[..., list[Any]], **options: Any) -> None:
        """Connects the clicks. `words(call, *inputs)` is the question; `act(call, *inputs)` does it."""
        def click(call: Call, asked: float, *values: Any) -> list[Any]:
            nothing = [gr.skip() for _ in outputs]
            if not asked:
                return [gr.update(value=words(call, *values), variant="stop"), time.time(), *nothing]
            if time.time() - asked < PAUSE_S:
                return [gr.skip(), gr.skip(), *nothing]
            return [*self.reset(call), *act(call, *values)]

        page.on(self.button.click, click, [self.asked, *inputs], [*self.outputs, *outputs], **options)
