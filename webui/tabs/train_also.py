"""Further datasets of a run: a folded menu, a number for each that is chosen, and a line that says what comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from core.datasets import DatasetInfo
from core.errors import UserError
from core.training import TrainSettings, mixing
from core.training.settings import MOST_FURTHER, Share
from core.training.stages import fits
from webui.components.words import plain
from webui.page import Call, Page
from webui.tabs.train_stage import usable

_ONCE = Share.model_fields["weight"].default
_Weighted = tuple[str, float | None]
"""(id of a dataset, what stands in its number)."""


@dataclass
class Also:
    """The components; `held` are the ids of the datasets whose numbers stand in `weights`, in their order."""

    box: gr.Accordion
    menu: gr.Dropdown
    weights: list[gr.Number]
    left: gr.Markdown
    line: gr.Markdown
    held: gr.State

    @property
    def inputs(self) -> set[Any]:
        """What `read` needs, and what changes when it would read something else."""
        return {self.held, *self.weights}

    @property
    def filled(self) -> list[Any]:
        """What `fill` fills, in its order."""
        return [self.box, self.menu, *self.weights, self.held, self.left]

    def read(self, values: dict[Any, Any]) -> list[dict[str, Any]]:
        """The setting `also` as it stands in the form."""
        return [{"dataset": id} if weight is None else {"dataset": id, "weight": weight}
                for id, weight in self._standing(values[self.held], [values[one] for one in self.weights])]

    def fill(self, call: Call, settings: TrainSettings, dataset: str | None) -> list[Any]:
        """Updates that put a run's further datasets into the form; what cannot be chosen here is named.

        Args:
            dataset: the run's own dataset as the form has it.
        """
        offered = _offered(call, dataset, settings.stage)
        ids = {info.id for info in offered}
        missing = [plain(one.dataset) for one in settings.also if one.dataset not in ids]
        said = call.t("train.ui.also_left", names=call.t("train.ui.list_comma").join(missing)) if missing else ""
        return [*self._shown(call, offered, [(one.dataset, one.weight) for one in settings.also]),
                gr.update(value=said, visible=bool(missing))]

    def wire(self, page: Page, dataset: gr.Dropdown, stage: Any, general_share: Any) -> None:
        """The menu follows dataset and stage, the numbers follow the menu, the line follows all of them."""
        outputs, given = self.filled, [dataset, stage, self.held, *self.weights]

        def refit(call: Call, own: str | None, stage_now: str, held: list[str], *weights: float | None) -> list[Any]:
            offered = _offered(call, own, stage_now)
            box, menu, *rest = self._shown(call, offered, self._standing(held, weights))
            if rest[-1] == held:  # what is being chosen meanwhile must not be undone
                menu, rest = gr.update(choices=menu["choices"]), [gr.skip()] * len(rest)
            return [box, menu, *rest, gr.skip()]

        def choose(call: Call, chosen: list[str] | None, own: str | None, stage_now: str, held: list[str],
                   *weights: float | None) -> list[Any]:
            if (chosen or []) == held:
                return [gr.skip()] * (len(outputs) - 1)
            before = dict(self._standing(held, weights))
            box, _, *rest = self._shown(call, _offered(call, own, stage_now),
                                        [(id, before.get(id, _ONCE)) for id in chosen or []])
            return [box, *rest, gr.update(visible=False)]

        def tell(call: Call, values: dict[Any, Any]) -> Any:
            asked = {"dataset": values[dataset] or "", "stage": values[stage], "also": self.read(values),
                     "general_share": values[general_share]}
            text = told(call, {name: value for name, value in asked.items() if value is not None})
            return gr.update(value=text, visible=bool(text))

        page.on(partial(gr.on, [dataset.change, stage.change]), refit, given, outputs, trigger_mode="always_last")
        page.on_open("train", refit, outputs, given)
        page.on(self.menu.change, choose, [self.menu, *given], [self.box, *outputs[2:]], trigger_mode="always_last")
        told_by = [dataset, stage, general_share, *self.inputs]
        page.on(partial(gr.on, [one.change for one in told_by]), tell, set(told_by), self.line,
                trigger_mode="always_last")

    def _shown(self, call: Call, offered: Sequence[DatasetInfo], shares: Iterable[_Weighted]) -> list[Any]:
        """Updates of all but the last of `filled`; what is not offered is left out."""
        titles = {info.id: info.title for info in offered}
        kept = [(id, weight) for id, weight in shares if id in titles]
        ids = [id for id, _ in kept]
        slots = [gr.update(value=weight, label=call.t("train.ui.also_weight", title=titles[id]), visible=True)
                 for id, weight in kept]
        label = call.t("train.ui.also_count", count=len(ids)) if ids else call.t("train.also.label")
        return [gr.update(label=label, visible=bool(offered)),
                gr.update(choices=[(title, id) for id, title in titles.items()], value=ids),
                *slots, *[gr.update(visible=False)] * (len(self.weights) - len(slots)), ids]

    @staticmethod
    def _standing(held: list[str], weights: Iterable[float | None]) -> list[_Weighted]:
        return list(zip(held, weights, strict=False))


def build(page: Page) -> Also:
    """Renders the part, folded; it is not there while no other dataset could be chosen."""
    with gr.Accordion(page.tr("train.also.label"), open=False, visible=False, elem_id="train-also-box") as box:
        menu = gr.Dropdown([], value=[], multiselect=True, max_choices=MOST_FURTHER, interactive=True,
                           label=page.tr("train.ui.also_menu"), info=page.tr("train.also.help"),
                           elem_id="train-also")
        with gr.Row():
            weights = [gr.Number(_ONCE, label="", step=0.5, visible=False, min_width=130, interactive=True,
                                 elem_id=f"train-also-{number}") for number in range(MOST_FURTHER)]
    left = gr.Markdown(visible=False, elem_classes="doubt", elem_id="train-also-left")
    line = gr.Markdown(visible=False, elem_classes="hint", elem_id="train-also-line")
    return Also(box, menu, weights, left, line, gr.State([]))


def told(call: Call, asked: dict[str, Any]) -> str:
    """How many rows of which dataset each epoch sees; nothing when there is one dataset, or a fault that others tell.

    Args:
        asked: some of the run's settings.
    """
    try:
        settings = TrainSettings.load(asked)
        parts = mixing.expected(call.ws, settings) if settings.also else []
    except UserError:
        return ""
    total = sum(part.rows for part in parts)
    if not total:
        return ""
    shown = [call.t("train.ui.also_part", title=plain(part.title or call.t("train.general_share.label")),
                    rows=part.rows, percent=round(100 * part.rows / total)) for part in parts]
    return call.t("train.ui.also_line", rows=total, parts=call.t("train.ui.list_comma").join(shown))


def _offered(call: Call, dataset: str | None, stage: str) -> list[DatasetInfo]:
    """The datasets that the same run could learn from beside its own."""
    return [info for info in usable(call) if dataset and info.id != dataset and fits(stage, info)]
