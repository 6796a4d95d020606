"""The live run: phase, loss, what it means, curves. All is read from the run's folder, so every page shows the same."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from core import jobs, training
from core.errors import UserError
from core.training.coach import advise
from core.training.record import RECORDS
from core.training.safer import safer
from webui.components import charts
from webui.components.confirm import TwoClicks
from webui.components.jobcard import JobCard, ending
from webui.components.words import duration, plain, size
from webui.page import Call, Page
from webui.tabs import train_details
from webui.tabs.train_preflight import described

LOG_LINES = 80
TICK_S, REDRAW_S = 2.5, 8.0
"""Seconds between looks at the run and between drawings of a curve that grows."""
CALM_S, CALMER = 45.0, 3.0
"""After so many seconds both are so many times as long: the browser works for them on the cores that train."""
KINDS = ("loss", "learning_rate", "grad_norm", "tokens_per_second", "memory")

Drawn = tuple[str, int, float]
NOTHING: Drawn = ("", 0, 0.0)


@dataclass
class Live:
    """The components that show one run."""

    title: gr.Markdown
    card: JobCard
    now: TwoClicks
    message: gr.Markdown
    ends: list[gr.Button]
    numbers: gr.Markdown
    coach: gr.Markdown
    curves: gr.Row
    plot: gr.Plot
    empty: gr.Markdown
    details: train_details.Details
    log: gr.Textbox
    follow: gr.Button
    ended: gr.State
    drawn: gr.State
    kind: gr.Radio
    logarithmic: gr.Checkbox
    timer: gr.Timer

    @property
    def outputs(self) -> list[Any]:
        """What `show` fills, in its order."""
        return [self.title, *self.card.outputs, *self.now.outputs, self.message, *self.ends, self.numbers, self.coach,
                self.curves, self.plot, self.empty, *self.details.outputs, self.log, self.follow, self.ended,
                self.drawn, self.timer]

    @property
    def again(self) -> gr.Button:
        """Puts the run's settings into the form."""
        return self.ends[2]

    def show(self, call: Call, run: str | None, drawn: Drawn = NOTHING, kind: str = KINDS[0],
             logarithmic: bool = False, told: str = "") -> list[Any]:
        """Everything about one run; the timer goes on as long as it is not ended.

        Args:
            drawn: which curve is on the page and since when; one that has hardly grown since is left as it is.
            kind, logarithmic: which curve, and its vertical axis.
            told: which answers are on the page.
        """
        view = jobs.view(call.ws, run) if run else None
        hidden = gr.update(visible=False)
        if view is None:
            return [_title(call, None), *self.card.updates(call, None), hidden, 0.0, *[hidden] * 4, "", hidden,
                    hidden, hidden, gr.update(visible=True), *self.details.updates(call, None), "", hidden, "",
                    NOTHING, gr.Timer(active=False)]
        over = view.state.is_terminal
        curves = training.curves(call.ws, view.id)
        slower = CALMER if (view.elapsed_s or 0) > CALM_S else 1.0
        plot, drawn = _plot(call, view.id, curves, drawn, 0 if over else REDRAW_S * slower, kind, logarithmic)
        usable = view.state in (jobs.JobState.DONE, jobs.JobState.STOPPED)
        return [_title(call, view), *self.card.updates(call, _with_part(call, view)), *self._now(call, view),
                _message(call, view), *_ends(call, view), _numbers(call, view, curves), _coach(call, view, curves),
                gr.update(visible=bool(curves.train)), plot,
                gr.update(visible=not curves.train, value=_waiting(call, view)),
                *self.details.updates(call, view.id, told),
                jobs.log_tail(call.ws, view.id, LOG_LINES), gr.update(visible=over and usable),
                f"{view.id} {view.state} {over}", drawn, gr.Timer(TICK_S * slower, active=not over)]

    def _now(self, call: Call, view: jobs.JobView) -> list[Any]:
        """The button that does not wait for the step to end, once it was asked to stop."""
        stopping = view.state is jobs.JobState.STOPPING
        return [gr.update(visible=stopping), gr.skip()]


def build(page: Page, shown: gr.State) -> Live:
    """Renders the right-hand side."""
    with gr.Column(elem_classes="card"):
        title = gr.Markdown(page.tr("train.ui.live"), elem_id="train-title")
        numbers = gr.Markdown(elem_id="train-numbers")
        coach = gr.Markdown(elem_id="train-coach", visible=False)
        card = JobCard.build(page, "train", lambda call: None)
        message = gr.Markdown(elem_id="train-message", visible=False)
        with gr.Row(elem_classes=["actions", "may-be-empty"]):
            now = TwoClicks.build(page, "train.ui.stop_now", "train-stop-now", visible=False)
            again = gr.Button(page.tr("train.ui.again"), visible=False, size="sm", elem_id="train-again")
            resume = gr.Button(page.tr("train.ui.resume"), visible=False, elem_id="train-resume")
            retry = gr.Button(page.tr("train.ui.safer"), visible=False, elem_id="train-safer")
        with gr.Row(visible=False, elem_id="train-curves") as which:
            kind = gr.Radio([(page.tr(f"chart.kind.{name}"), name) for name in KINDS], value=KINDS[0],
                            show_label=False, container=False, elem_id="train-kind", scale=4)
            logarithmic = gr.Checkbox(label=page.tr("chart.log"), container=False, elem_id="train-logarithmic",
                                      scale=1, min_width=120)
        plot = gr.Plot(show_label=False, visible=False, elem_id="train-plot")
        empty = gr.Markdown(page.tr("train.ui.empty"), elem_classes="empty-state", elem_id="train-empty")
        with gr.Column(visible=False) as parts:  # before the first run they would be empty
            details = train_details.build(page, shown)
            with gr.Accordion(page.tr("train.ui.log"), open=False):
                log = gr.Textbox(show_label=False, lines=10, max_lines=10, interactive=False, autoscroll=True,
                                 elem_id="train-log", container=False)
        page.on(shown.change, lambda call, run: gr.update(visible=bool(run)), [shown], parts)
        with gr.Row(elem_classes="actions"):
            follow = gr.Button(page.tr("train.ui.next"), variant="primary", visible=False, elem_id="train-next")
    live = Live(title, card, now, message, [resume, retry, again], numbers, coach, which, plot, empty, details, log,
                follow, gr.State(""), gr.State(NOTHING), kind, logarithmic, gr.Timer(TICK_S, active=False))
    _wire(page, live, shown)
    return live


def _wire(page: Page, live: Live, shown: gr.State) -> None:
    looks = [live.kind, live.logarithmic]

    def tick(call: Call, run: str | None, drawn: Drawn, kind: str, logarithmic: bool, told: str) -> list[Any]:
        return live.show(call, run, drawn, kind, logarithmic, told)

    def redraw(call: Call, run: str | None, kind: str, logarithmic: bool) -> list[Any]:
        return list(_plot(call, run, training.curves(call.ws, run), NOTHING, 0, kind, logarithmic)) if run else [
            gr.skip(), gr.skip()]

    def opened(call: Call, run: str | None) -> list[Any]:
        found = current(call)
        run = run or (found.id if found else None)
        return [run, *live.show(call, run)]

    def resumed(call: Call, run: str) -> list[Any]:
        training.resume_run(call.ws, run)
        return live.show(call, run)

    def retried(call: Call, run: str) -> list[Any]:
        view, settings = jobs.view(call.ws, run), training.run_settings(call.ws, run)
        change = safer(settings, view.error).change
        new = training.start_run(call.ws, training.TrainSettings.load(settings.model_dump() | change), view.title)
        return [new.id, *live.show(call, new.id)]

    def stopped(call: Call, run: str | None) -> Any:
        if run:
            training.stop_run(call.ws, run)
        return gr.update(value=call.t("job.stopping"), interactive=False)

    def forced(call: Call, run: str | None) -> list[Any]:
        if run:
            training.stop_run(call.ws, run, force=True)
        return [gr.skip()]

    page.on(live.timer.tick, tick, [shown, live.drawn, *looks, live.details.told], live.outputs, trigger_mode="once")
    for look in looks:
        page.on(look.input, redraw, [shown, *looks], [live.plot, live.drawn])
    page.on(live.ends[0].click, resumed, [shown], live.outputs)
    page.on(live.ends[1].click, retried, [shown], [shown, *live.outputs])
    page.on(live.card.stop.click, stopped, [shown], live.card.stop)
    live.now.wire(page, [shown], [live.message], words=_lost_by_force, act=forced)
    page.on_open("train", opened, [shown, *live.outputs], [shown])
    page.link(live.follow, "compare")


def current(call: Call) -> jobs.JobView | None:
    """The run that a page shows at first: the one in progress, else the newest."""
    found = jobs.list_jobs(call.ws, "train")
    active = [j for j in found if not j.state.is_terminal and j.state is not jobs.JobState.WAITING]
    return next(iter([*active, *found]), None)


def _plot(call: Call, run: str, curves: training.Curves, drawn: Drawn, pause: float, kind: str = KINDS[0],
          logarithmic: bool = False) -> tuple[Any, Drawn]:
    """The update of the figure, at most every `pause` seconds, and what is drawn after it."""
    points, now = len(curves.train) + len(curves.held_out), time.monotonic()
    name = f"{run} {kind} {logarithmic}"
    same = drawn[0] == name and (drawn[1] == points or drawn[1] > 1 and now - drawn[2] < pause)
    if same:
        return gr.skip(), drawn
    if kind == KINDS[0]:
        figure = charts.loss_curve(curves.train, curves.held_out, call.lang) if curves.train else None
    else:
        figure = charts.one_curve(getattr(curves, kind), kind, call.lang)
    if figure is not None and logarithmic:
        charts.by_powers(figure)
    return gr.update(value=figure, visible=figure is not None or bool(curves.train)), (name, points, now)


def _title(call: Call, view: jobs.JobView | None) -> Any:
    """What is shown; its classes tell the state to `webui/notices.js` and the style sheet."""
    if view is None:
        return gr.update(value=call.t("train.ui.live"), elem_classes=[])
    state = call.t(f"train.ui.state.{view.state}")
    return gr.update(value=f"### {call.t('train.ui.run')} {plain(view.title or view.id)} · {state}",
                     elem_classes=[f"is-{view.state}", "is-shown"])


def _with_part(call: Call, view: jobs.JobView) -> jobs.JobView:
    """The run with what it does beside training as its phase; progress and time left stay those of the training."""
    part = RECORDS.of(call.ws, view.id).part
    return replace(view, phase=part.name) if part else view


def _message(call: Call, view: jobs.JobView) -> Any:
    lines = [plain(call.say(w)) for w in view.warnings[-2:]]
    end = ending(call, view)
    grade = "doubt" if view.state is jobs.JobState.STOPPED else "blocker" if end else "doubt"
    text = "\n\n".join([*lines, end]).strip()
    return gr.update(value=text, elem_classes=[grade], visible=bool(text))


def _ends(call: Call, view: jobs.JobView) -> list[Any]:
    """What can be done after the end: go on, try again with safer settings, change settings."""
    over = view.state.is_terminal
    change: dict[str, Any] = {}
    if view.state is jobs.JobState.FAILED:
        change = _safer_change(call, view)
    label = call.t("train.ui.safer", change=described(call, change)) if change else ""
    return [gr.update(visible=over and view.state is not jobs.JobState.DONE),
            gr.update(visible=bool(change), value=label), gr.update(visible=over)]


def _safer_change(call: Call, view: jobs.JobView) -> dict[str, Any]:
    try:
        return safer(training.run_settings(call.ws, view.id), view.error).change
    except UserError:
        return {}


def _lost_by_force(call: Call, run: str | None) -> str:
    """What stopping at once would lose."""
    record = RECORDS.of(call.ws, run) if run else None
    last = max(record.checkpoints, default=0) if record else 0
    done = record.last_step if record else 0
    return call.t("train.ui.stop_now_sure", count=max(0, done - last))


def _waiting(call: Call, view: jobs.JobView) -> str:
    return call.t("train.ui.no_points") if view.state.is_terminal else call.t("train.ui.first_points")


def _coach(call: Call, view: jobs.JobView, curves: training.Curves) -> Any:
    advice = advise(curves, view.state.is_terminal)
    shown = bool(curves.train or curves.lost_steps)
    return gr.update(value=call.t(advice.key, **advice.params), elem_classes=[advice.grade], visible=shown)


def _numbers(call: Call, view: jobs.JobView, curves: training.Curves) -> str:
    """The few figures that matter, largest first."""
    parts = []
    if curves.train:
        parts.append(call.t("train.ui.loss", loss=f"{curves.train[-1][1]:.3g}"))
    if curves.held_out:
        parts.append(call.t("train.ui.held_out", loss=f"{curves.held_out[-1][1]:.3g}"))
    if view.eta_s is not None and view.eta_s >= 1:
        parts.append(call.t("train.ui.left", time=duration(view.eta_s, call.lang)))
    if view.elapsed_s is not None and view.state is not jobs.JobState.WAITING:
        key = "train.ui.took" if view.state.is_terminal else "train.ui.so_far"
        parts.append(call.t(key, time=duration(view.elapsed_s, call.lang)))
    if curves.tokens_per_second and not view.state.is_terminal:
        parts.append(call.t("train.ui.speed", speed=f"{curves.tokens_per_second[-1][1]:.0f}"))
    if curves.memory:
        most = max(held for _, held in curves.memory)
        parts.append(call.t("train.ui.held", memory=size(most)))
    if not view.state.is_terminal:
        parts += _warmth(call, curves.warmth)
    return " · ".join(parts)


def _warmth(call: Call, told: dict[str, float]) -> list[str]:
    """What the sensors say; nothing where they say nothing."""
    parts = []
    if "gpu_temperature" in told:
        parts.append(call.t("train.ui.gpu_now", warmth=f"{told['gpu_temperature']:.0f}", used=size(told["gpu_used"]),
                            total=size(told["gpu_total"])))
    if "cpu_temperature" in told:
        parts.append(call.t("train.ui.cpu_now", warmth=f"{told['cpu_temperature']:.0f}"))
    return parts
