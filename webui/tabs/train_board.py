"""SwanLab's board of the run that is shown: a button that starts it, then the address that opens it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.errors import UserError
from core.training import board
from webui.page import Call, Page

TICK_S = 1.0


def build(page: Page, shown: gr.State, ended: gr.State) -> None:
    """Renders the part, hidden for runs about which SwanLab wrote nothing here.

    Args:
        shown: id of the run; ended: changes when its state does.
    """
    with gr.Column(visible=False, elem_classes="card") as box:
        said = gr.Markdown(elem_id="train-board-said")
        with gr.Row(elem_classes="actions"):
            button = gr.Button(page.tr("train.ui.board"), size="sm", elem_id="train-board")

    def look(call: Call, run: str | None) -> list[Any]:
        if not run or not board.has_board(call.ws, run):
            return [gr.update(visible=False), "", gr.skip()]
        return [gr.update(visible=True), *words(call, run)]

    def start(call: Call, run: str) -> list[Any]:
        try:
            board.open_board(call.ws, run)
        except UserError as error:
            return [error.text(call.lang), gr.update(interactive=True), gr.Timer(active=False)]
        return [call.t("train.ui.board_starts"), gr.update(interactive=False), gr.Timer(active=True)]

    def tick(call: Call, run: str | None) -> list[Any]:
        ready = bool(run and board.address(call.ws, run))
        waits = bool(run) and not ready and board.is_starting(call.ws, run or "")
        if waits:
            return [gr.skip(), gr.skip(), gr.Timer(active=True)]
        return [*(words(call, run) if run else [gr.skip(), gr.skip()]), gr.Timer(active=False)]

    timer = page.poll(tick, [said, button], seconds=TICK_S, inputs=[shown])
    page.on(button.click, start, [shown], [said, button, timer])
    for event in (shown.change, ended.change):
        page.on(event, look, [shown], [box, said, button])
    page.on_open("train", look, [box, said, button], [shown])


def words(call: Call, run: str) -> list[Any]:
    """The address when the board runs, else what the button would do; and the button."""
    found = board.address(call.ws, run)
    text = call.t("train.ui.board_at", address=found) if found else call.t("train.ui.board_help")
    return [text, gr.update(interactive=not found)]
