"""Ship: use the tuned model from other programs through an OpenAI-compatible address; where its files are."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import serving, training
from core.errors import UserError
from webui.page import Call, Page

KEY_PLACE = "YOUR_KEY"


def build(page: Page) -> None:
    """Renders the tab."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=320, elem_classes="card"):
            gr.Markdown(page.tr("ship.ui.title"))
            run = gr.Dropdown(label=page.tr("compare.ui.run"), interactive=True, elem_id="ship-run")
            state = gr.Markdown(elem_id="ship-state")
            with gr.Row(elem_classes="actions"):
                stop = gr.Button(page.tr("ship.ui.stop"), visible=False, elem_id="ship-stop")
                start = gr.Button(page.tr("ship.ui.start"), variant="primary", interactive=False, elem_id="ship-start")
            gr.Markdown(page.tr("ship.ui.keys"))
            key = gr.Textbox(label=page.tr("ship.ui.key"), visible=False, interactive=False, buttons=["copy"],
                             elem_id="ship-key")
            with gr.Row(elem_classes="actions"):
                revoke = gr.Button(page.tr("ship.ui.revoke"), size="sm", elem_id="ship-revoke")
                create = gr.Button(page.tr("ship.ui.new_key"), size="sm", elem_id="ship-new-key")
        with gr.Column(scale=3, min_width=320, elem_classes="card"):
            snippets = gr.Markdown(page.tr("ship.ui.empty"), elem_id="ship-snippets")
            gr.Markdown(page.tr("ship.ui.files"))
            files = gr.Markdown(elem_id="ship-files")
    shown = [run, state, start, stop, snippets, files]
    page.on_open("ship", show, shown, [run])
    page.on(run.input, show, [run], shown)
    page.on(start.click, begin, [run], shown)
    page.on(stop.click, end, [run], shown)
    page.on(create.click, new_key, None, key)
    page.on(revoke.click, drop_keys, None, key)


def show(call: Call, run: str | None) -> list[Any]:
    """The tab as things are now."""
    known = [(r.view.title or r.view.id, r.view.id) for r in training.tuned_runs(call.ws)]
    run = run if run in [v for _, v in known] else (known[0][1] if known else None)
    endpoint = serving.running(call.ws)
    serves = endpoint is not None and run is not None
    state = call.t("ship.ui.running", address=f"{endpoint.base_url}") if endpoint else call.t(
        "ship.ui.stopped" if run else "ship.ui.no_run")
    snippets = _snippets(call, endpoint.base_url, run) if serves and endpoint and run else call.t("ship.ui.empty")
    files = f"`{call.ws.run(run).result}`" if run else call.t("ship.ui.no_run")
    return [gr.update(choices=known, value=run), state, gr.update(interactive=run is not None),
            gr.update(visible=endpoint is not None), snippets, files]


def begin(call: Call, run: str | None) -> list[Any]:
    """Starts the model server with this run's adapter, or adds the adapter to the one that runs."""
    settings = next((r.settings for r in training.list_runs(call.ws) if r.view.id == run and r.has_adapter), None)
    if run is None or settings is None:
        raise UserError("compare.error.no_run")
    serving.ensure(call.ws, settings.model, (run,))
    return show(call, run)


def end(call: Call, run: str | None) -> list[Any]:
    """Ends the model server."""
    serving.stop(call.ws)
    return show(call, run)


def new_key(call: Call) -> Any:
    """Makes a key and shows it this once."""
    return gr.update(value=serving.create_api_key(call.ws), visible=True, info=call.t("ship.ui.key_once"))


def drop_keys(call: Call) -> Any:
    """Makes all keys worthless."""
    serving.revoke_api_keys(call.ws)
    return gr.update(value="", visible=False)


def _snippets(call: Call, address: str, model: str) -> str:
    curl = (f"curl {address}/chat/completions \\\n  -H 'Authorization: Bearer {KEY_PLACE}' \\\n"
            f"  -H 'Content-Type: application/json' \\\n"
            f"  -d '{{\"model\": \"{model}\", \"messages\": [{{\"role\": \"user\", \"content\": \"…\"}}]}}'")
    python = (f"from openai import OpenAI\n\nclient = OpenAI(base_url=\"{address}\", api_key=\"{KEY_PLACE}\")\n"
              f"reply = client.chat.completions.create(\n    model=\"{model}\",\n"
              f"    messages=[{{\"role\": \"user\", \"content\": \"…\"}}],\n)\nprint(reply.choices[0].message.content)")
    return f"{call.t('ship.ui.use')}\n\n**curl**\n```bash\n{curl}\n```\n\n**Python**\n```python\n{python}\n```"
