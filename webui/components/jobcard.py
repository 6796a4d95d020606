"""The card that shows a long job: phase, n of total, time left, Stop. Closing the page changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from core import jobs
from webui.components.words import duration, plain, size
from webui.page import Call, Page


@dataclass
class JobCard:
    """Progress of one job. `area` prefixes phase names in the catalogue: `<area>.phase.<phase>`."""

    area: str
    box: gr.Column
    text: gr.Markdown
    stop: gr.Button

    @classmethod
    def build(cls, page: Page, area: str, find: Callable[[Call], jobs.JobView | None]) -> JobCard:
        """Renders the card, hidden until a job runs.

        Args:
            find: returns the job that the card shows and stops, or None.
        """
        with gr.Column(visible=False, elem_classes=["card", "job"]) as box:
            text = gr.Markdown(elem_id=f"{area}-progress", sanitize_html=True)
            with gr.Row(elem_classes="actions"):
                stop = gr.Button(page.tr("job.stop"), size="sm", elem_id=f"{area}-stop")
        card = cls(area, box, text, stop)
        page.on(stop.click, card._stop(find), None, stop)
        return card

    @property
    def outputs(self) -> list[Any]:
        """What `updates` fills, in its order."""
        return [self.box, self.text, self.stop]

    def updates(self, call: Call, view: jobs.JobView | None) -> list[Any]:
        """Shows a job that has not ended; hides the card otherwise."""
        if view is None or view.state.is_terminal:
            return [gr.update(visible=False), "", gr.update()]
        stopping = view.state is jobs.JobState.STOPPING
        label = call.t("job.stopping") if stopping else call.t("job.stop")
        return [gr.update(visible=True), self.words(call, view), gr.update(value=label, interactive=not stopping)]

    def words(self, call: Call, view: jobs.JobView) -> str:
        """One line of progress, a bar, and the promise that the page may be closed."""
        if view.state is jobs.JobState.WAITING:
            waits = call.t("job.waits_for", title=plain(view.waits_for)) if view.waits_for else call.t("job.waits")
            return f"**{waits}**\n\n{call.t('job.may_close')}"
        phase = call.t(f"{self.area}.phase.{view.phase}") if view.phase else call.t("job.starting")
        parts = [f"**{phase}**"]
        bar = ""
        if view.total:
            parts.append(_share(call, view))
            bar = f'<progress value="{view.done or 0}" max="{view.total}"></progress>\n\n'
        if view.eta_s is not None and view.eta_s >= 1:
            if view.unit == "bytes" and view.total:
                parts.append(f"{size((view.total - (view.done or 0)) / view.eta_s)}/s")
            parts.append(call.t("job.left", time=duration(view.eta_s, call.lang)))
        return " · ".join(parts) + f"\n\n{bar}{call.t('job.may_close')}"

    @staticmethod
    def _stop(find: Callable[[Call], jobs.JobView | None]) -> Callable[[Call], Any]:
        def stop(call: Call) -> Any:
            view = find(call)
            if view is not None and not view.state.is_terminal:
                jobs.request_stop(call.ws, view.id)
            return gr.update(value=call.t("job.stopping"), interactive=False)
        return stop


def _share(call: Call, view: jobs.JobView) -> str:
    """"3 of 12 pages"; bytes in their own units."""
    done, total = view.done or 0, view.total or 0
    if view.unit == "bytes":
        return call.t("job.of", done=size(done), total=size(total), unit="").strip()
    unit = call.t(f"job.unit.{view.unit}") if view.unit else ""
    return call.t("job.of", done=_number(done), total=_number(total), unit=unit).strip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def ending(call: Call, view: jobs.JobView | None) -> str:
    """What to say of a job that has ended otherwise than well, as Markdown; empty when there is nothing to say."""
    if view is None or not view.state.is_terminal or view.state is jobs.JobState.DONE:
        return ""
    if view.state is jobs.JobState.STOPPED:
        return call.t("job.was_stopped")
    return plain(call.say(view.error)) if view.error else call.t("job.was_interrupted")
