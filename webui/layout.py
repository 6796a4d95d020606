"""The page as a whole: brand, rail of steps, the seven tabs."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

import gradio as gr

from core.guide.overview import Step, overview
from core.storage.workspace import Workspace
from webui.language import translations
from webui.page import STEPS, Call, Page

RAIL_S = 8.0
GLYPHS = {"empty": "○", "progress": "◐", "done": "✓", "attention": "!"}


def build(ws: Workspace) -> gr.Blocks:
    """The Gradio page for one workspace."""
    page = Page(ws, translations())
    with gr.Blocks(title="DocTune 文炼", analytics_enabled=False, fill_width=True) as demo:
        with gr.Row(elem_id="top"):
            gr.Markdown(page.tr("rail.brand"), elem_id="brand")
            gr.Button(page.tr("rail.other_language"), size="sm", elem_id="switch-language")
        with gr.Row(elem_id="rail"):
            for step in STEPS:
                page.rail[step] = gr.Button(page.tr(f"rail.{step}"), elem_id=f"rail-{step}", size="sm")
        here = gr.State("documents")
        with gr.Tabs(elem_id="steps", selected="documents") as page.tabs:
            for step in STEPS:
                with gr.Tab(page.tr(f"rail.{step}"), id=step, elem_id=f"tab-{step}", render_children=True):
                    import_module(f"webui.tabs.{step}").build(page)
        _wire(page, demo, here)
    return demo


def _wire(page: Page, demo: gr.Blocks, here: gr.State) -> None:
    rail = list(page.rail.values())
    for step, button in page.rail.items():
        _opens(page, button, step, here)
    for button, step in page.links:
        _opens(page, button, step, here)
    loaded = page.on(demo.load, _first_step, None, [page.tabs, here, *rail])
    for step in STEPS:
        for fn, inputs, outputs, options in page.refreshers.get(step, []):
            page.on(loaded.then, partial(_only_if, step, fn, len(outputs)), [here, *inputs], outputs, **options)
    timer, seen = gr.Timer(RAIL_S), gr.State("")
    page.on(timer.tick, _redraw_if_new, [here, seen], [seen, *rail], trigger_mode="once")


def _opens(page: Page, button: gr.Button, step: str, here: gr.State) -> None:
    event = page.on(button.click, partial(_select, step), None, [page.tabs, here, *page.rail.values()])
    for fn, inputs, outputs, options in page.refreshers.get(step, []):
        page.on(event.then, fn, inputs, outputs, **options)


def _first_step(call: Call) -> list[Any]:
    asked = call.request.query_params.get("tab") if call.request else None
    return _select(asked if asked in STEPS else "documents", call)


def _select(step: str, call: Call) -> list[Any]:
    return [gr.Tabs(selected=step), step, *_redraw(call, step)]


def _only_if(step: str, fn: Any, count: int, call: Call, here: str, *inputs: Any) -> Any:
    if here == step:
        return fn(call, *inputs)
    return gr.skip() if count == 1 else [gr.skip()] * count


def _redraw(call: Call, here: str) -> list[dict[str, Any]]:
    """The rail's buttons: number, name, and below them the state in words."""
    states = {s.id: s for s in overview(call.ws)}
    return [_button(call, number, step, states.get(step), step == here) for number, step in enumerate(STEPS, 1)]


def _redraw_if_new(call: Call, here: str, seen: str) -> list[Any]:
    """The rail, unless it says what it said `seen` ago: an update makes the browser work."""
    buttons = _redraw(call, here)
    said = repr(buttons)
    return [gr.skip()] * (1 + len(buttons)) if said == seen else [said, *buttons]


def _button(call: Call, number: int, step: str, state: Step | None, here: bool) -> dict[str, Any]:
    title = f"{number}\u00a0{call.t(f'rail.{step}')}" if state else call.t(f"rail.{step}")
    classes = ["here"] if here else []
    below = ""
    if state:
        below = f"\n{GLYPHS[state.state]} {call.t(state.key, **state.params)}"
        classes.append(f"is-{state.state}")
    return gr.update(value=title + below, elem_classes=classes)
