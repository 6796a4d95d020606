"""The live run: progress, loss, curve, log. All is read from the run's folder, so every page shows the same."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import gradio as gr

from core import jobs, training
from webui.components import charts
from webui.components.jobcard import JobCard, ending
from webui.components.words import duration, plain
from webui.page import Call, Page

LOG_LINES = 80
TICK_S, REDRAW_S = 2.5, 8.0
"""Seconds between looks at the run and between drawings of a curve that grows."""
CALM_S, CALMER = 45.0, 3.0
"""After so many seconds both are so many times as long: the browser works for them on the cores that train."""

Drawn = tuple[str, int, float]
NOTHING: Drawn = ("", 0, 0.0)


@dataclass
class Live:
    """The components that show one run."""

    title: gr.Markdown
    card: JobCard
    message: gr.Markdown
    resume: gr.Button
    numbers: gr.Markdown
    plot: gr.Plot
    empty: gr.Markdown
    log: gr.Textbox
    follow: gr.Button
    ended: gr.State
    drawn: gr.State
    timer: gr.Timer

    @property
    def outputs(self) -> list[Any]:
        """What `show` fills, in its order."""
        return [self.title, *self.card.outputs, self.message, self.resume, self.numbers, self.plot, self.empty,
                self.log, self.follow, self.ended, self.drawn, self.timer]

    def show(self, call: Call, run: str | None, drawn: Drawn = NOTHING) -> list[Any]:
        """Everything about one run; the timer goes on as long as it is not ended.

        Args:
            drawn: which curve is on the page and since when; one that has hardly grown since is left as it is.
        """
        view = jobs.view(call.ws, run) if run else None
        if view is None:
            return [call.t("train.ui.live"), *self.card.updates(call, None), "", gr.update(visible=False), "",
                    gr.update(visible=False), gr.update(visible=True), "", gr.update(visible=False), "", NOTHING,
                    gr.Timer(active=False)]
        over = view.state.is_terminal
        curves = training.curves(call.ws, view.id)
        slower = CALMER if (view.elapsed_s or 0) > CALM_S else 1.0
        plot, drawn = _plot(call, view.id, curves, drawn, 0 if over else REDRAW_S * slower)
        usable = view.state in (jobs.JobState.DONE, jobs.JobState.STOPPED)
        return [_title(call, view), *self.card.updates(call, view), _message(call, view),
                gr.update(visible=over and view.state is not jobs.JobState.DONE), _numbers(call, view, curves),
                plot, gr.update(visible=not curves.train, value=_waiting(call, view)),
                jobs.log_tail(call.ws, view.id, LOG_LINES), gr.update(visible=over and usable),
                f"{view.id} {view.state} {over}", drawn, gr.Timer(TICK_S * slower, active=not over)]


def build(page: Page, shown: gr.State) -> Live:
    """Renders the right-hand side."""
    with gr.Column(elem_classes="card"):
        title = gr.Markdown(page.tr("train.ui.live"), elem_id="train-title")
        card = JobCard.build(page, "train", _running)
        message = gr.Markdown(elem_id="train-message")
        numbers = gr.Markdown(elem_id="train-numbers")
        plot = gr.Plot(show_label=False, visible=False, elem_id="train-plot")
        empty = gr.Markdown(page.tr("train.ui.empty"), elem_classes="empty-state", elem_id="train-empty")
        with gr.Accordion(page.tr("train.ui.log"), open=False):
            log = gr.Textbox(show_label=False, lines=10, max_lines=10, interactive=False, autoscroll=True,
                             elem_id="train-log", container=False)
        with gr.Row(elem_classes="actions"):
            resume = gr.Button(page.tr("train.ui.resume"), visible=False, elem_id="train-resume")
            follow = gr.Button(page.tr("train.ui.next"), variant="primary", visible=False, elem_id="train-next")
    live = Live(title, card, message, resume, numbers, plot, empty, log, follow, gr.State(""), gr.State(NOTHING),
                None)  # type: ignore

    def tick(call: Call, run: str | None, drawn: Drawn) -> list[Any]:
        return live.show(call, run, drawn)

    def opened(call: Call, run: str | None) -> list[Any]:
        run = run or next((j.id for j in jobs.list_jobs(call.ws, "train")), None)
        return [run, *live.show(call, run)]

    def resumed(call: Call, run: str) -> list[Any]:
        training.resume_run(call.ws, run)
        return live.show(call, run)

    live.timer = gr.Timer(TICK_S, active=False)
    page.on(live.timer.tick, tick, [shown, live.drawn], live.outputs, trigger_mode="once")
    page.on(resume.click, resumed, [shown], live.outputs)
    page.on_open("train", opened, [shown, *live.outputs], [shown])
    page.link(follow, "compare")
    return live


def _running(call: Call) -> jobs.JobView | None:
    return next((j for j in jobs.list_jobs(call.ws, "train") if not j.state.is_terminal), None)


def _plot(call: Call, run: str, curves: training.Curves, drawn: Drawn, pause: float) -> tuple[Any, Drawn]:
    """The update of the figure, at most every `pause` seconds, and what is drawn after it."""
    points, now = len(curves.train) + len(curves.held_out), time.monotonic()
    same = drawn[0] == run and (drawn[1] == points or drawn[1] > 1 and now - drawn[2] < pause)
    if same:
        return gr.skip(), drawn
    figure = charts.loss_curve(curves.train, curves.held_out, call.lang) if curves.train else None
    return gr.update(value=figure, visible=bool(curves.train)), (run, points, now)


def _title(call: Call, view: jobs.JobView) -> str:
    return f"### {call.t('train.ui.run')} {plain(view.title or view.id)} · {call.t(f'train.ui.state.{view.state}')}"


def _message(call: Call, view: jobs.JobView) -> Any:
    lines = [plain(call.say(w)) for w in view.warnings[-2:]]
    end = ending(call, view)
    grade = "doubt" if view.state is jobs.JobState.STOPPED else "blocker" if end else "doubt"
    return gr.update(value="\n\n".join([*lines, end]).strip(), elem_classes=[grade])


def _waiting(call: Call, view: jobs.JobView) -> str:
    return call.t("train.ui.no_points") if view.state.is_terminal else call.t("train.ui.first_points")


def _numbers(call: Call, view: jobs.JobView, curves: training.Curves) -> str:
    """The few figures that matter, largest first."""
    parts = []
    losses = [loss for _, loss in curves.train if loss is not None]
    if losses:
        parts.append(call.t("train.ui.loss", loss=f"{losses[-1]:.3g}"))
    held = [loss for _, loss in curves.held_out if loss is not None]
    if held:
        parts.append(call.t("train.ui.held_out", loss=f"{held[-1]:.3g}"))
    if view.elapsed_s is not None:
        parts.append(call.t("train.ui.took", time=duration(view.elapsed_s, call.lang)))
    return " · ".join(parts)
