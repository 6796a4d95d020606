"""Tokens of a row as coloured text: those that the loss counts, and those that are only read."""

from __future__ import annotations

from collections.abc import Iterable

import gradio as gr

TRAINED, READ = "trained", "read"
_COLOURS = {TRAINED: "#f2b36b", READ: "#d5dbe0"}


def token_box(label: str, elem_id: str) -> gr.HighlightedText:
    """The component, hidden."""
    return gr.HighlightedText(visible=False, label=label, show_label=False, color_map=_COLOURS, show_legend=False,
                              show_inline_category=False, combine_adjacent=False, elem_id=elem_id)


def marked(pieces: Iterable[tuple[str, bool, int]]) -> list[tuple[str, str]]:
    """Its value for pieces of `core.training.seeing`."""
    return [(text, TRAINED if trained else READ) for text, trained, _ in pieces]
