"""Statistics of a dataset: lengths in a model's tokens, what training will take, languages, copies, balance."""

from __future__ import annotations

import time
from typing import Any

import gradio as gr

from core import jobs, models, training
from core.datasets import DatasetInfo, find_dataset
from core.datasets.columns import ORIGINS, TASK
from core.datasets.statistics import Statistics
from core.errors import UserError
from core.training.expected import expected
from core.training.pace import measured_pace
from core.training.token_counts import KIND, TokenCounts, last_count, start_count
from webui.components import charts
from webui.components.jobcard import JobCard, ending
from webui.components.words import duration
from webui.page import Call, Page

_DEFAULTS = training.TrainSettings.model_fields
_RUNS = {"preference": "pairs", "scored": "pairs", "label": "rows", "text": "texts"}
SETTINGS = ("cutoff_len", "batch_size", "epochs")
REDRAWN_S = 6.0


class StatisticsPanel:
    """Counts the dataset whose id is in `shown`."""

    def __init__(self, page: Page, shown: gr.State) -> None:
        tr = page.tr
        with gr.Accordion(tr("dataset.stats.title"), open=False, elem_id="dataset-statistics") as self.box:
            gr.Markdown(tr("dataset.stats.about"), elem_classes="hint")
            with gr.Row():
                self.model = gr.Dropdown([], label=tr("train.model.label"), interactive=True, min_width=220, scale=2,
                                         elem_id="dataset-stats-model")
                self.numbers = [gr.Number(_DEFAULTS[name].default, label=tr(f"train.{name}.label"), precision=0,
                                          minimum=1, min_width=100, elem_id=f"dataset-stats-{name}")
                                for name in SETTINGS]
            self.said = gr.Markdown("", visible=False, elem_id="dataset-stats-said")
            self.plot = gr.Plot(show_label=False, visible=False, elem_id="dataset-stats-plot")
            self.made_of = gr.Markdown("", visible=False, elem_id="dataset-stats-made-of")
            self.balance = gr.Dataframe(datatype="str", interactive=False, buttons=[], show_label=False, wrap=True,
                                        label=tr("dataset.stats.balance"), visible=False, elem_classes="rows",
                                        column_widths=["28%", "42%", "30%"], max_height=360,
                                        elem_id="dataset-stats-balance")
            self.card = JobCard.build(page, "tokens", newest)
            with gr.Row(elem_classes="actions"):
                self.start = gr.Button(tr("dataset.stats.start"), elem_id="dataset-stats-start")
        self.told = [self.said, self.plot, self.made_of, self.balance, *self.card.outputs]
        given = [shown, *self.numbers]
        self.timer = page.poll(self.tick, self.told, inputs=given)
        page.on(self.start.click, self.begin, [*given, self.model], [*self.told, self.timer])
        page.on(self.box.expand, self.tick, given, [*self.told, self.timer])  # a figure drawn unseen has no width
        for control in self.numbers:
            page.on(control.change, self.tick, given, [*self.told, self.timer], trigger_mode="always_last")

    @property
    def outputs(self) -> list[Any]:
        """What `show` fills, in its order."""
        return [self.model, *self.numbers, *self.told, self.timer]

    def show(self, call: Call, info: DatasetInfo | None) -> list[Any]:
        """The choice of models and what was counted; rows that are not trained on here are counted without tokens."""
        usable = info is not None and _countable(info)
        ready = [(m.entry.label, m.entry.id) for m in models.list_models(call.ws) if m.installed]
        chosen = ready[0][1] if ready else None
        values = [_DEFAULTS[name].default for name in SETTINGS]
        return [gr.update(choices=ready, value=chosen, visible=usable and bool(ready)),
                *(gr.update(value=value, visible=usable and bool(ready)) for value in values),
                *self._told(call, info, *values)]

    def begin(self, call: Call, shown: str | None, cutoff: float | None, batch: float | None, epochs: float | None,
              model: str | None) -> list[Any]:
        """Starts the counting of all rows."""
        info = find_dataset(call.ws, shown)
        if info is None:
            return [gr.skip()] * (len(self.told) + 1)
        start_count(call.ws, info.id, model if model and _countable(info) else "")
        return self._told(call, info, cutoff, batch, epochs)

    def tick(self, call: Call, shown: str | None, cutoff: float | None, batch: float | None,
             epochs: float | None) -> list[Any]:
        """The progress of the counting, at its end the result."""
        return self._told(call, find_dataset(call.ws, shown), cutoff, batch, epochs)

    def _told(self, call: Call, info: DatasetInfo | None, *numbers: float | None) -> list[Any]:
        """Updates for texts, figure, table, card and timer."""
        job = newest(call)
        counts = last_count(call.ws, info) if info else None
        wrong = "" if info is None or job is None or job.params.get("dataset") != info.id else ending(call, job)
        settings = _settings(counts, numbers)
        said, short = (wrong, True) if wrong else summary(call, counts, settings) if counts and counts.rows else (
            "", False)
        bins = counts.bins() if counts and not wrong else []
        figure = charts.lengths(bins, settings.cutoff_len, call.lang) if bins else None
        if figure is not None:
            figure.update_layout(meta=time.time())  # an equal figure would not be drawn again
        found = counts.statistics if counts and not wrong else None
        rows = balance_rows(call, found) if found else []
        heads = [call.t(f"dataset.stats.column.{name}") for name in ("column", "value", "rows")]
        return [gr.update(value=said, visible=bool(said), elem_classes=["doubt" if short else "ok"]),
                gr.update(value=figure, visible=figure is not None),
                gr.update(value=made_of(call, found) if found else "", visible=found is not None),
                gr.update(value={"headers": heads, "data": rows}, visible=bool(rows)), *self.card.updates(call, job),
                gr.Timer(active=job is not None and (not job.state.is_terminal or _just_ended(job)))]


def _countable(info: DatasetInfo) -> bool:
    """Whether a trainer could make tokens of the rows."""
    return not info.tools and info.rows != 0


def _just_ended(job: jobs.JobView) -> bool:
    """The figure is sent twice: the first time it is drawn before it has a place, with a width of its own."""
    return job.ended_at is not None and time.time() - job.ended_at < REDRAWN_S


def newest(call: Call) -> jobs.JobView | None:
    """The last counting."""
    return next(iter(jobs.list_jobs(call.ws, KIND)), None)


def _settings(counts: TokenCounts | None, numbers: tuple[float | None, ...]) -> training.TrainSettings:
    """The settings that the numbers mean; the usual ones where they mean nothing."""
    given = {name: int(value) for name, value in zip(SETTINGS, numbers, strict=True) if value}
    try:
        return training.TrainSettings.load({**given, **({"model": counts.model} if counts and counts.model else {})})
    except UserError:
        return training.TrainSettings()


def summary(call: Call, counts: TokenCounts, settings: training.TrainSettings) -> tuple[str, bool]:
    """(what the counts mean for training, whether something would be lost)."""
    will = expected(counts, settings, measured_pace(call.ws, settings.model))
    said = [call.t("dataset.tokens.counted", rows=f"{counts.rows:,}", tokens=f"{counts.tokens:,}",
                   trained=f"{counts.trained:,}", half=f"{counts.within(0.5):,}", most=f"{counts.within(0.9):,}",
                   longest=f"{counts.longest:,}")]
    if counts.held_out:
        said.append(call.t("dataset.tokens.counted_held_out", tokens=f"{counts.held_out:,}"))
    about = "dataset.stats.run" if counts.kind == "chat" else f"dataset.stats.run_{_RUNS[counts.kind]}"
    run = call.t(about, steps=f"{will.steps:,}", epochs=settings.epochs, batch=settings.batch_size,
                 rows=f"{will.rows:,}", tokens=f"{will.tokens:,}")
    gap = "" if call.lang == "zh" else " "
    run += gap + (call.t("dataset.stats.no_time") if will.seconds is None
                  else call.t("dataset.stats.time", time=duration(will.seconds, call.lang)))
    cutoff = f"{settings.cutoff_len:,}"
    lost = call.t("dataset.tokens.some_cut", cutoff=cutoff, cut=f"{will.cut:,}", dropped=f"{will.dropped:,}") \
        if will.cut else call.t("dataset.tokens.all_fit", cutoff=cutoff)
    if counts.left_out:
        lost += gap + call.t("dataset.tokens.uncounted", count=f"{counts.left_out:,}")
    return "\n\n".join([gap.join(said), run, lost]), will.cut > 0


def made_of(call: Call, found: Statistics) -> str:
    """Sizes, languages and copies, as lines of a list."""
    whole = found.train + found.held_out
    parts = call.t("dataset.stats.parts", train=f"{found.train:,}", held_out=f"{found.held_out:,}",
                   share=_share(call, found.held_out, whole), questions=f"{found.questions:,}")
    names = ", " if call.lang == "en" else "、"
    languages = names.join(f"{call.t(f'dataset.language.{code}')} {_share(call, count, whole)}"
                           for code, count in found.languages.items())
    copies = call.t("dataset.stats.copies", equal=f"{found.equal:,}", near=f"{found.near:,}") \
        if found.equal or found.near else call.t("dataset.stats.no_copies")
    return f"- {parts}\n- {call.t('dataset.stats.languages', languages=languages)}\n- {copies}"


def balance_rows(call: Call, found: Statistics) -> list[list[str]]:
    """The lines of the table: each column with its commonest values."""
    rows = []
    for one in found.balance:
        known = one.column in (*ORIGINS, TASK)
        name = call.t(f"dataset.do.{one.column}") if known else one.column
        rows += [[name, value or "–", _counted(call, count, found.train)] for value, count in one.top]
        if one.others:
            more = call.t("dataset.stats.others", count=one.different - len(one.top))
            rows.append([name, more, _counted(call, one.others, found.train)])
    return rows


def _counted(call: Call, part: int, whole: int) -> str:
    return f"{part:,} · {_share(call, part, whole)}"


def _share(call: Call, part: int, whole: int) -> str:
    return f"{100 * part / max(1, whole):.0f}" + ("%" if call.lang == "zh" else "\u00a0%")
