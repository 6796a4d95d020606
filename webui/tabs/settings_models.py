"""The models of the catalogue: which are here, what tuning them takes on this computer, and getting another one."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import jobs, models
from core.hubs.access import token_of
from core.models.hub import hub_of
from core.training import machine
from core.training.need import Need, need_of
from webui.components.jobcard import JobCard, ending
from webui.components.words import size
from webui.page import Call, Page

FIRST = ("zh", "en")
"""Languages that the table names; of others it tells how many there are."""


def build(page: Page) -> None:
    """Renders the table with its filter, the menu and the download."""
    gr.Markdown(page.tr("settings.ui.models"))
    codes = [*FIRST, *sorted({code for e in models.CATALOGUE for code in e.languages} - set(FIRST))]
    with gr.Row():
        words = gr.Textbox(label=page.tr("settings.ui.search"), max_lines=1, elem_id="settings-search", scale=2)
        language = gr.Dropdown([(page.tr("settings.ui.every_language"), ""),
                                *((page.tr(f"settings.ui.language.{code}"), code) for code in codes)], value="",
                               label=page.tr("settings.ui.language"), elem_id="settings-language")
        fitting = gr.Checkbox(label=page.tr("settings.ui.only_fitting"), elem_id="settings-fitting")
    table = gr.Dataframe(interactive=False, datatype="str", wrap=True, buttons=[], elem_id="settings-models",
                         elem_classes="few-columns", show_label=False, max_height=420,
                         column_widths=["22%", "19%", "13%", "13%", "20%", "13%"])
    gr.Markdown(page.tr("settings.ui.need_note"), elem_classes="hint")
    choice = gr.Dropdown(label=page.tr("settings.ui.get"), elem_id="settings-model", interactive=True)
    about = gr.Markdown(elem_classes="hint", elem_id="settings-model-about")
    accept = gr.Checkbox(label=page.tr("settings.ui.accept"), visible=False, elem_id="settings-accept")
    card = JobCard.build(page, "models", current_download)
    message = gr.Markdown(elem_classes="blocker", elem_id="settings-message")
    with gr.Row(elem_classes="actions"):
        get = gr.Button(page.tr("settings.ui.download"), variant="primary", interactive=False, elem_id="settings-get")
    outputs = [table, choice, *card.outputs, message]
    filters = [words, language, fitting, choice]

    def show(call: Call, typed: str, wanted: str, only: bool, chosen: str | None) -> list[Any]:
        found = listed(call, typed, wanted, only)
        missing = [(f"{m.entry.label} · {size(_bytes(m.entry))}", m.entry.id) for m, _ in found if not m.installed]
        job = current_download(call)
        said = [_row(call, m, need) for m, need in found] or [[call.t("settings.ui.none_found"), *[""] * 5]]
        kept = chosen if chosen in [id for _, id in missing] else None
        return [gr.update(value=said, headers=_headers(call)), gr.update(choices=missing, value=kept),
                *card.updates(call, job), ending(call, job)]

    def tick(call: Call, *asked: Any) -> list[Any]:
        job = current_download(call)
        return [*show(call, *asked), gr.Timer(active=job is not None and not job.state.is_terminal)]

    timer = page.poll(tick, outputs, inputs=filters)

    def start(call: Call, accepted: bool, *asked: Any) -> list[Any]:
        model = asked[-1]
        token = token_of(call.ws, hub_of("huggingface")) if models.find(model).gated else None
        models.start_download(call.ws, model, accept_licence=accepted, token=token.reveal() if token else "")
        return tick(call, *asked)

    def looked(call: Call, *asked: Any) -> list[Any]:
        return show(call, *asked)[:2]

    for control in (words, language, fitting):
        page.on(control.change, looked, filters, [table, choice], trigger_mode="always_last")
    page.on(choice.change, _chosen, [choice], [about, accept, get])
    page.on(get.click, start, [accept, *filters], [*outputs, timer])
    page.on_open("settings", tick, [*outputs, timer], filters)


def current_download(call: Call) -> jobs.JobView | None:
    """The newest download job."""
    return next(iter(jobs.list_jobs(call.ws, kind="download")), None)


def listed(call: Call, typed: str, language: str, only_fitting: bool) -> list[tuple[models.ModelInfo, Need | None]]:
    """The models that the filter lets through, with what they need here."""
    here, found = machine.look(call.ws), []
    asked = (typed or "").lower().split()
    for model in models.list_models(call.ws):
        entry = model.entry
        need = need_of(entry, here)
        text = f"{entry.label} {entry.huggingface} {entry.licence}".lower()
        if all(word in text for word in asked) and (not language or language in entry.languages) \
                and (not only_fitting or need is None or need.grade == "fits"):
            found.append((model, need))
    return found


def _chosen(call: Call, model: str | None) -> list[Any]:
    if not model:
        return ["", gr.update(visible=False), gr.update(interactive=False)]
    entry = models.find(model)
    here = machine.look(call.ws)
    need = need_of(entry, here)
    lines = [call.t("settings.ui.model_about", licence=entry.licence, url=entry.licence_url,
                    languages=_languages(call, entry, len(entry.languages)), disk=size(entry.disk_bytes),
                    kind=call.t(f"models.kind.{'chat' if entry.chat else 'base'}"))]
    if need:
        lines.append(call.t("settings.ui.need_about", need=machine.gigabytes(need.plain),
                            free=machine.gigabytes(here.free), small=machine.gigabytes(need.four_bits)))
    if entry.gated:
        lines.append(call.t("settings.ui.gated"))
    return ["\n\n".join(lines), gr.update(visible=entry.needs_licence_ok, value=False), gr.update(interactive=True)]


def _headers(call: Call) -> list[str]:
    names = ("model", "need", "state", "size", "languages", "licence")
    return [call.t(f"settings.ui.column.{name}") for name in names]


def _row(call: Call, model: models.ModelInfo, need: Need | None) -> list[str]:
    state = call.t("settings.ui.installed" if model.installed else "settings.ui.not_installed")
    said = call.t("settings.ui.need", need=machine.gigabytes(need.plain),
                  grade=call.t(f"settings.ui.need.{need.grade}")) if need else ""
    return [model.entry.label, said, state, size(_bytes(model.entry)), _languages(call, model.entry),
            model.entry.licence]


def _bytes(entry: models.CatalogueModel) -> int:
    return entry.bytes or (entry.package.bytes if entry.package else entry.disk_bytes)


def _languages(call: Call, entry: models.CatalogueModel, most: int = 0) -> str:
    """Names of the languages; without a number Chinese and English by name, the others counted."""
    shown = entry.languages[:most] if most else [code for code in entry.languages if code in FIRST]
    names = call.t("settings.ui.comma").join(call.t(f"settings.ui.language.{code}") for code in shown)
    rest = len(entry.languages) - len(shown)
    return call.t("settings.ui.more_languages", names=names, count=rest) if rest else names
