"""A run as text: what was asked for, how it went, how it ended. For copying into a note or a question to somebody."""

from __future__ import annotations

import platform
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from core import jobs
from core.errors import UserError
from core.i18n import t
from core.storage import Workspace
from core.training.coach import advise
from core.training.curves import Curves, curves
from core.training.runs import run_settings
from core.training.settings import TrainSettings

LIBRARIES = ("torch", "transformers", "trl", "peft")


def report(ws: Workspace, run_id: str, lang: str) -> str:
    """The whole report as plain text. Raises UserError when there is no such run."""
    view, found = jobs.view(ws, run_id), curves(ws, run_id)
    when = datetime.fromtimestamp(view.started_at).strftime("%Y-%m-%d %H:%M") if view.started_at else ""
    lines = [f"{view.title} · {view.id}", f"{when} · {t(f'train.ui.state.{view.state}', lang)}", ""]
    lines += _numbers(found, view, lang)
    advice = advise(found, view.state.is_terminal)
    lines.append(t(advice.key, lang, **advice.params))
    lines += _parts(view, lang)
    said = [*view.warnings, *([view.error] if view.error else [])]
    lines += [t(one["key"], lang, **one.get("params", {})) for one in said]
    try:
        settings = run_settings(ws, run_id)
    except UserError as error:
        return "\n".join([*lines, "", error.text(lang)])
    lines += ["", *(f"{name}: {_said(value)}" for name, value in settings.model_dump().items()), ""]
    return "\n".join([*lines, machine_line()])


def _numbers(found: Curves, view: jobs.JobView, lang: str) -> list[str]:
    lines = []
    if found.train:
        first, last = found.train[0][1], found.train[-1]
        lines.append(t("train.report.loss", lang, first=f"{first:.3g}", last=f"{last[1]:.3g}", step=last[0]))
    if found.held_out:
        step, best = min(found.held_out, key=lambda point: point[1])
        lines.append(t("train.report.held_out", lang, best=f"{best:.3g}", step=step))
    if found.memory:
        lines.append(t("train.report.memory", lang, peak=f"{max(v for _, v in found.memory) / 1e9:.1f} GB"))
    speeds = sorted(value for _, value in found.tokens_per_second)
    if speeds:
        lines.append(t("train.report.speed", lang, speed=f"{speeds[len(speeds) // 2]:.0f}"))
    if view.elapsed_s is not None:
        lines.append(t("train.report.seconds", lang, seconds=round(view.elapsed_s)))
    return lines


def _parts(view: jobs.JobView, lang: str) -> list[str]:
    """How many rows each of several datasets gave; nothing for a run from one."""
    parts = view.result.get("parts") or []
    shown = ", ".join(f"{part['title']} {part['rows']}" for part in parts)
    return [t("train.report.parts", lang, parts=shown)] if parts else []


def _said(value: Any) -> Any:
    """A setting's value; of further datasets each with its weight."""
    if isinstance(value, tuple):
        return ", ".join(f"{one['dataset']} × {one['weight']:g}" for one in value)
    return value


def changed(settings: TrainSettings) -> dict[str, Any]:
    """The settings that are not the defaults, model and dataset left out."""
    plain = TrainSettings()
    return {name: value for name, value in settings.model_dump().items()
            if name not in ("model", "dataset") and value != getattr(plain, name)}


def machine_line() -> str:
    """Versions and system, which decide whether a number can be compared."""
    found = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return " · ".join([*found, f"Python {platform.python_version()}", platform.platform(terse=True)])
