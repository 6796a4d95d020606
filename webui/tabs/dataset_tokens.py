"""A dataset as the model sees it: the tokens of one row, and how long all rows are."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import jobs, models, training
from core.datasets import DatasetInfo, find_dataset
from core.training.seeing import SHOWN, see
from core.training.token_counts import KIND, TokenCounts, last_count, start_count
from webui.components import charts
from webui.components.jobcard import JobCard, ending
from webui.components.tokens import marked, token_box
from webui.page import Call, Page

_DEFAULTS = training.TrainSettings.model_fields


class TokensPanel:
    """Shows the row whose number is in `number`, and counts all rows of the dataset in `shown`."""

    def __init__(self, page: Page, shown: gr.State, split: gr.Radio) -> None:
        tr = page.tr
        self.number = gr.State(0)
        with gr.Accordion(tr("dataset.tokens.title"), open=False, visible=False, elem_id="dataset-tokens") as self.box:
            gr.Markdown(tr("dataset.tokens.about"), elem_classes="hint")
            self.model = gr.Dropdown([], label=tr("train.model.label"), interactive=True,
                                     elem_id="dataset-tokens-model")
            self.words = gr.Markdown("", visible=False, elem_classes="hint", elem_id="dataset-tokens-words")
            self.text = token_box(tr("dataset.tokens.title"), "dataset-tokens-text")
            self.counted = gr.Markdown("", visible=False, elem_id="dataset-tokens-counted")
            self.plot = gr.Plot(show_label=False, visible=False, elem_id="dataset-tokens-plot")
            self.card = JobCard.build(page, "tokens", newest)
            with gr.Row(elem_classes="actions"):
                self.count = gr.Button(tr("dataset.tokens.count"), elem_id="dataset-tokens-count")
                self.start = gr.Button(tr("dataset.tokens.start"), elem_id="dataset-tokens-start")
        page.on(self.start.click, self.look, [shown, split, self.number, self.model], [self.words, self.text],
                show_progress="minimal")
        told = [self.counted, self.plot, *self.card.outputs]
        self.timer = page.poll(self.tick, told, inputs=[shown])
        page.on(self.count.click, self.begin, [shown, self.model], [*told, self.timer])

    @property
    def outputs(self) -> list[Any]:
        """What `show` fills, in its order."""
        return [self.box, self.number, self.model, self.words, self.text, self.counted, self.plot, *self.card.outputs,
                self.timer]

    def show(self, call: Call, info: DatasetInfo | None) -> list[Any]:
        """The choice of models and what was counted, for a dataset that training can use."""
        ready = [(m.entry.label, m.entry.id) for m in models.list_models(call.ws) if m.installed]
        usable = info is not None and info.trainable and bool(ready)
        return [gr.update(visible=usable), 0, gr.update(choices=ready, value=ready[0][1] if ready else None),
                gr.update(visible=False), gr.update(visible=False), *self._told(call, info if usable else None)]

    def begin(self, call: Call, shown: str | None, model: str | None) -> list[Any]:
        """Starts the counting of all rows."""
        if not shown or not model:
            return [gr.skip()] * (len(self.card.outputs) + 3)
        start_count(call.ws, shown, model)
        return self._told(call, find_dataset(call.ws, shown))

    def tick(self, call: Call, shown: str | None) -> list[Any]:
        """The progress of the counting, at its end the result."""
        return self._told(call, find_dataset(call.ws, shown))

    def _told(self, call: Call, info: DatasetInfo | None) -> list[Any]:
        """Updates for text, figure, card and timer."""
        job = newest(call)
        working = job is not None and not job.state.is_terminal
        counts = last_count(call.ws, info) if info else None
        wrong = "" if info is None or job is None or job.params.get("dataset") != info.id else ending(call, job)
        said = wrong or (summary(call, counts) if counts else "")
        bins = counts.bins() if counts and not wrong else []
        figure = charts.lengths(bins, _DEFAULTS["cutoff_len"].default, call.lang) if bins else None
        short = counts is not None and counts.cut(_DEFAULTS["cutoff_len"].default) > 0
        return [gr.update(value=said, visible=bool(said), elem_classes=["doubt" if wrong or short else "ok"]),
                gr.update(value=figure, visible=figure is not None), *self.card.updates(call, job),
                gr.Timer(active=working)]

    def look(self, call: Call, shown: str | None, split: str, number: int, model: str | None) -> list[Any]:
        """The tokens of the row that was clicked, the first one at first."""
        if not shown or not model:
            return [gr.skip(), gr.skip()]
        cutoff = _DEFAULTS["cutoff_len"].default
        seen = see(call.ws, model, shown, number, cutoff, "held_out" if split == "held_out" else "train")
        said = [call.t("dataset.tokens.words", number=number + 1, tokens=seen.tokens, trained=seen.trained)]
        if seen.cut:
            said.append(call.t("dataset.tokens.cut", count=seen.cut, cutoff=cutoff))
        if seen.dropped:
            said.append(call.t("dataset.tokens.dropped"))
        if len(seen.ids) > SHOWN:
            said.append(call.t("dataset.tokens.more", count=SHOWN))
        return [gr.update(value=" ".join(said), visible=True),
                gr.update(value=marked(seen.pieces), visible=bool(seen.pieces))]


def newest(call: Call) -> jobs.JobView | None:
    """The last counting."""
    return next(iter(jobs.list_jobs(call.ws, KIND)), None)


def summary(call: Call, counts: TokenCounts) -> str:
    """What the counts mean for training with the default settings."""
    cutoff, batch = _DEFAULTS["cutoff_len"].default, _DEFAULTS["batch_size"].default
    cut, dropped = counts.cut(cutoff), counts.dropped(cutoff)
    said = [call.t("dataset.tokens.counted", rows=f"{counts.rows:,}", tokens=f"{counts.tokens:,}",
                   trained=f"{counts.trained:,}", half=f"{counts.within(0.5):,}", most=f"{counts.within(0.9):,}",
                   longest=f"{counts.longest:,}")]
    if counts.held_out:
        said.append(call.t("dataset.tokens.counted_held_out", tokens=f"{counts.held_out:,}"))
    said.append(call.t("dataset.tokens.steps", steps=f"{-(-(counts.rows - dropped) // batch):,}", batch=batch))
    said.append(call.t("dataset.tokens.some_cut", cutoff=f"{cutoff:,}", cut=f"{cut:,}", dropped=f"{dropped:,}")
                if cut else call.t("dataset.tokens.all_fit", cutoff=f"{cutoff:,}"))
    if counts.left_out:
        said.append(call.t("dataset.tokens.uncounted", count=f"{counts.left_out:,}"))
    return "\n\n".join([" ".join(said[:-1]), said[-1]] if counts.left_out else [" ".join(said)])
