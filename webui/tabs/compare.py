"""Compare: one question, two answers side by side, the same model before and after tuning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from core import datasets, qa, serving, training
from core.errors import UserError
from core.serving.chat_settings import ChatSettings
from webui.components.words import plain
from webui.forms import Form
from webui.page import Call, Page

IDEAS = 3
MAX_EVIDENCE = 3
SIDES = ("before", "after")


class _Parts:
    """The components of the tab."""

    run: gr.Dropdown
    form: Form[ChatSettings]
    chats: dict[str, gr.Chatbot]
    question: gr.Textbox
    ask: gr.Button
    stop: gr.Button
    fresh: gr.Button
    evidence: gr.Markdown
    hint: gr.Markdown
    idea_row: gr.Row
    ideas: list[gr.Button]

    @property
    def answer_outputs(self) -> list[Any]:
        return [*self.chats.values(), self.question, self.evidence, self.ask, self.stop]


def build(page: Page) -> None:
    """Renders the tab."""
    parts = _Parts()
    with gr.Row(equal_height=False, elem_classes="card"):
        parts.run = gr.Dropdown(label=page.tr("compare.ui.run"), interactive=True, elem_id="compare-run", scale=2,
                                min_width=260)
        with gr.Column(scale=3, min_width=260):
            parts.hint = gr.Markdown(page.tr("compare.ui.hint"), elem_classes="hint", elem_id="compare-hint")
            parts.form = Form.build(page, ChatSettings)
    with gr.Row(equal_height=True):
        parts.chats = {side: gr.Chatbot(label=page.tr(f"compare.ui.{side}"), height=250, elem_classes=[side],
                                        elem_id=f"compare-{side}", sanitize_html=True, buttons=["copy"],
                                        placeholder=page.tr(f"compare.ui.{side}_empty"), feedback_options=None)
                       for side in SIDES}
    _ask_card(page, parts)
    _wire(page, parts)


def _ask_card(page: Page, parts: _Parts) -> None:
    with gr.Column(elem_classes="card"):
        with gr.Row(elem_classes="ideas", visible=False) as parts.idea_row:
            parts.ideas = [gr.Button("", size="sm", visible=False, elem_id=f"compare-idea-{n}") for n in range(IDEAS)]
        parts.question = gr.Textbox(label=page.tr("compare.ui.question"), lines=1, max_lines=4,
                                    placeholder=page.tr("compare.ui.placeholder"), elem_id="compare-question")
        with gr.Row(elem_classes="actions"):
            parts.fresh = gr.Button(page.tr("compare.ui.fresh"), elem_id="compare-fresh")
            parts.stop = gr.Button(page.tr("job.stop"), visible=False, elem_id="compare-stop")
            parts.ask = gr.Button(page.tr("compare.ui.ask"), variant="primary", elem_id="compare-ask")
        parts.evidence = gr.Markdown(elem_id="compare-evidence", sanitize_html=True)


def _wire(page: Page, parts: _Parts) -> None:
    def answer(call: Call, values: dict[Any, Any]) -> Iterator[list[Any]]:
        yield from _answer(call, parts, values)

    def asked(call: Call, question: str) -> str:
        return question

    inputs = parts.form.inputs | {parts.run, parts.question, *parts.chats.values()}
    events = [page.on(trigger, answer, inputs, parts.answer_outputs, concurrency_limit=4)
              for trigger in (parts.ask.click, parts.question.submit)]
    for idea in parts.ideas:
        filled = page.on(idea.click, asked, [idea], parts.question)
        events.append(page.on(filled.then, answer, inputs, parts.answer_outputs, concurrency_limit=4))
    page.on(parts.stop.click, _stopped, None, [parts.ask, parts.stop], cancels=events)
    for event in (parts.fresh.click, parts.run.input):
        page.on(event, _fresh, None, [*parts.chats.values(), parts.evidence, parts.ask, parts.stop], cancels=events)
    page.on_open("compare", _opened, [parts.run, parts.hint, parts.ask, parts.idea_row, *parts.ideas],
                 [parts.run])


def _opened(call: Call, run: str | None) -> list[Any]:
    known = [(f"{r.view.title or r.view.id} · {_when(r)}", r.view.id) for r in training.tuned_runs(call.ws)]
    run = run if run in [v for _, v in known] else (known[0][1] if known else None)
    hint = call.t("compare.ui.hint" if run else "compare.ui.nothing")
    if run and (scored := _before(call, run)):
        hint += "\n\n" + scored
    return [gr.update(choices=known, value=run), hint, gr.update(interactive=run is not None), *_ideas(call, run)]


def _before(call: Call, run: str) -> str:
    """How many held-out questions the base model answered right when it was asked in step 2; empty if it was not."""
    settings = training.run_settings(call.ws, run)
    try:
        rows = datasets.conversations(call.ws, settings.dataset, "held_out")
    except UserError:
        return ""
    scored = qa.before_scores(call.ws, settings.model, rows)
    return call.t("known.ui.before", known=scored.known, asked=scored.asked) if scored else ""


def _when(run: training.RunInfo) -> str:
    from datetime import datetime

    started = run.view.started_at
    return datetime.fromtimestamp(started).strftime("%m-%d %H:%M") if started else run.view.id


def _ideas(call: Call, run: str | None) -> list[Any]:
    """Questions from the held-out part, which the model has not been trained on."""
    questions: list[str] = []
    if run:
        settings = next((r.settings for r in training.list_runs(call.ws) if r.view.id == run), None)
        questions = [one for id in settings.datasets for one in _held_out(call, id)] if settings else []
    shown = questions[:: max(1, len(questions) // IDEAS)][:IDEAS] if questions else []
    return [gr.update(visible=bool(shown)),
            *(gr.update(value=shown[n] if n < len(shown) else "", visible=n < len(shown)) for n in range(IDEAS))]


def _held_out(call: Call, dataset: str) -> list[str]:
    try:
        rows = datasets.conversations(call.ws, dataset, "held_out")
    except UserError:
        return []
    asked = [m["content"].strip() for row in rows for m in row if m["role"] == "user"]
    return [q for q in asked if q.endswith(("?", "？"))] or asked


def _answer(call: Call, parts: _Parts, values: dict[Any, Any]) -> Iterator[list[Any]]:
    question = (values[parts.question] or "").strip()
    if not question:
        raise UserError("compare.error.no_question")
    if not values[parts.run]:
        raise UserError("compare.error.no_run")
    settings = parts.form.read(values)
    talks = {side: [*_turns(values[parts.chats[side]]), {"role": "user", "content": question}] for side in SIDES}
    waiting = call.t("compare.ui.waiting")
    busy = [gr.update(interactive=False), gr.update(visible=True)]
    texts = dict.fromkeys(SIDES, waiting)
    yield [*_shown(talks, texts), "", "", *busy]
    idle = [gr.update(interactive=True), gr.update(visible=False)]
    try:
        for update in _both(call, values[parts.run], talks, settings):
            texts[update.side] = update.text
            if update.error:
                texts[update.side] = call.t("compare.ui.failed", reason=update.error.text(call.lang))
            yield [*_shown(talks, texts), gr.skip(), gr.skip(), *busy]
    except Exception:
        # Nobody answers, for example because a run trains: all is as before, and the question can be asked again.
        yield [*(talk[:-1] for talk in talks.values()), question, gr.skip(), *idle]
        raise
    found = qa.find_evidence(call.ws, question, texts["after"], limit=MAX_EVIDENCE)
    yield [*_shown(talks, texts), gr.skip(), _evidence(call, found), *idle]


def _both(call: Call, run: str, talks: dict[str, list[dict[str, str]]],
          settings: ChatSettings) -> Iterator[serving.PairUpdate]:
    """News of both answers, from one model server that holds one copy of the weights."""
    model = training.run_settings(call.ws, run).model
    endpoint = serving.ensure(call.ws, model, (run,))
    system = [{"role": "system", "content": settings.system}] if settings.system.strip() else []
    return serving.chat_pair(endpoint, run, [*system, *talks["before"]], [*system, *talks["after"]],
                             max_tokens=settings.max_tokens, temperature=settings.temperature, top_p=settings.top_p,
                             seed=settings.seed)


def _turns(messages: list[dict[str, Any]] | None) -> list[dict[str, str]]:
    """A chat's messages as plain role and text."""
    return [{"role": m["role"], "content": _text(m["content"])} for m in messages or []]


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(part.get("text", "") if isinstance(part, dict) else str(part) for part in content)
    return str(content)


def _shown(talks: dict[str, list[dict[str, str]]], texts: dict[str, str]) -> list[list[dict[str, str]]]:
    return [[*talks[side], {"role": "assistant", "content": texts[side]}] for side in SIDES]


def _evidence(call: Call, found: list[Any]) -> str:
    if not found:
        return call.t("compare.ui.no_evidence")
    lines = [call.t("compare.ui.evidence")]
    lines += [f"> <mark>{plain(e.quote)}</mark>  \n> {plain(e.label)} · {call.t('compare.ui.page', page=e.page)}"
              for e in found]
    return "\n\n".join(lines)


def _stopped(call: Call) -> list[Any]:
    return [gr.update(interactive=True), gr.update(visible=False)]


def _fresh(call: Call) -> list[Any]:
    return [[], [], "", *_stopped(call)]
