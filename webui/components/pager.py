"""A table of pages: rows come from core a page at a time, the browser never holds them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from webui.page import Call, Page

PAGE_SIZE = 20


@dataclass
class Pager:
    """Previous / next with "21–40 of 134"; `fetch(call, offset, limit, *inputs)` gives (updates, total)."""

    page: Page
    fetch: Callable[..., tuple[list[Any], int]]
    outputs: list[Any]
    inputs: list[Any]
    size: int
    offset: gr.State
    back: gr.Button
    where: gr.Markdown
    forward: gr.Button

    @classmethod
    def build(cls, page: Page, name: str, fetch: Callable[..., tuple[list[Any], int]], outputs: list[Any],
              inputs: list[Any] | None = None, size: int = PAGE_SIZE) -> Pager:
        """Renders the controls below the components that `fetch` fills."""
        offset = gr.State(0)
        with gr.Row(elem_classes="pager"):
            back = gr.Button(page.tr("pager.back"), size="sm", interactive=False, elem_id=f"{name}-back")
            where = gr.Markdown("", elem_id=f"{name}-where")
            forward = gr.Button(page.tr("pager.forward"), size="sm", interactive=False, elem_id=f"{name}-forward")
        pager = cls(page, fetch, outputs, inputs or [], size, offset, back, where, forward)
        page.on(back.click, pager._move(-size), {offset, *pager.inputs}, pager.all_outputs)
        page.on(forward.click, pager._move(size), {offset, *pager.inputs}, pager.all_outputs)
        return pager

    @property
    def all_outputs(self) -> list[Any]:
        """The filled components, then the pager's own."""
        return [*self.outputs, self.offset, self.back, self.where, self.forward]

    def first(self, call: Call, *values: Any) -> list[Any]:
        """The first page, as updates for `all_outputs`."""
        return self.show(call, 0, *values)

    def show(self, call: Call, offset: int, *values: Any) -> list[Any]:
        """The page that begins at `offset` (moved back when rows have gone), as updates for `all_outputs`."""
        updates, total = self.fetch(call, offset, self.size, *values)
        if offset and offset >= total:
            offset = max(0, (total - 1) // self.size * self.size)
            updates, total = self.fetch(call, offset, self.size, *values)
        last = min(offset + self.size, total)
        where = call.t("pager.where", first=offset + 1, last=last, total=total) if total else ""
        return [*updates, offset, gr.update(interactive=offset > 0), where, gr.update(interactive=last < total)]

    def _move(self, by: int) -> Callable[..., list[Any]]:
        def move(call: Call, values: dict[Any, Any]) -> list[Any]:
            return self.show(call, max(0, values[self.offset] + by), *[values[i] for i in self.inputs])
        return move
