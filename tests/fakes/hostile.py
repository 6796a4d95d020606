"""Texts that try to run, fetch or send something, a server that would notice, and a workspace full of them."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from core import documents, jobs, qa
from core.documents import ConvertSettings
from core.qa.types import Draft
from core.storage import Workspace, new_id, publish_dir, write_json
from core.training import TrainSettings
from core.training.spec import to_yaml
from tests.fakes import model_server, trainer
from tests.fakes.ledger_rows import add_drafts

SECONDS = 120
NAME = "<img src=x onerror=window.__xss=1><svg onload=window.__xss=2> [n](javascript:window.__xss=3)"
END = "The last harmless sentence"


class Beacon:
    """A server on a free loopback port while in a `with` block; `hits` are the paths that were asked for."""

    def __init__(self) -> None:
        hits: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                return

            def do_GET(self) -> None:
                hits.append(self.path)
                self.send_response(204)
                self.end_headers()

            do_POST = do_HEAD = do_OPTIONS = do_GET

        self.hits = hits
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.host}"

    def __enter__(self) -> Beacon:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def texts(url: str) -> list[str]:
    """One attempt each; `url` is where something would have to be fetched from or sent to."""
    return [
        f'<script>window.__xss=10;fetch("{url}/script")</script>',
        f'<script src="{url}/source.js"></script>',
        '<img src=x onerror="window.__xss=11">',
        f'<img src="{url}/img.png">',
        f'<img src="data:," srcset="{url}/srcset.png 1x">',
        f'<svg onload="window.__xss=12"><image href="{url}/svg.png"/></svg>',
        "[press](javascript:window.__xss=13)",
        '<a href="javascript:window.__xss=14">press</a>',
        '<iframe srcdoc="<script>parent.__xss=15</script>"></iframe>',
        f'<meta http-equiv="refresh" content="0;url={url}/meta">',
        f'<base href="{url}/base/">',
        f'<form action="{url}/form" id="stolen"><input name="q"><button>send</button></form>',
        f'<p style="background:url({url}/css.png)">styled</p>',
        f"<style>body {{ background: url({url}/style.png) }}</style>",
        f'<link rel="stylesheet" href="{url}/sheet.css">',
        f"![picture]({url}/markdown.png)",
        f'```mermaid\ngraph TD; A["<img src={url}/mermaid.png onerror=window.__xss=16>"]-->B\n```',
        "$$\\href{javascript:window.__xss=17}{press}$$",
        f"$$\\includegraphics{{{url}/latex.png}}$$",
        '<details open ontoggle="window.__xss=18"><summary>more</summary></details>',
        f'<video src="{url}/video.mp4" onerror="window.__xss=19" autoplay></video>',
    ]


def fill(ws: Workspace, folder: Path, url: str) -> str:
    """Puts the texts wherever text can come from; returns the id of the finished run.

    A document and one that cannot be read, pairs with evidence, a dataset, a finished and a failed run with log,
    warning and cause, a model server whose answers they are.
    """
    document = _documents(ws, folder, url)
    _pairs(ws, document, url)
    dataset = qa.make_dataset(ws, f"<img src={url}/title.png onerror=window.__xss=4>")
    model = _model(folder)
    settings = TrainSettings(model=str(model), dataset=dataset.id)
    bad = {"key": "models.error.no_folder", "params": {"folder": f"{NAME}<img src={url}/cause.png>"}}
    _run(ws, settings, {"mode": "refuse", "error": bad})
    run = _run(ws, settings, {"mode": "ok", "says": "\n".join(texts(url)), "warnings": [
        {"key": "train.warning.dropped", "params": {"rows": f"{NAME}<img src={url}/warning.png>"}}]})
    _adapter(ws, run)
    says = "\n\n".join([*texts(url), f"{END}."])
    jobs.start(ws, "serve", {"model": str(model), "says": says}, title=NAME, argv=model_server.ARGV)
    return run


def _documents(ws: Workspace, folder: Path, url: str) -> str:
    good, bad = folder / "good.md", folder / "bad.pdf"
    good.write_text("\n\n".join(["# Pumps", *texts(url), f"{END}."]), encoding="utf-8")
    bad.write_bytes(b"%PDF-1.7\n")
    given = documents.import_files(ws, [(good, f"{NAME}.md"), (bad, f"{NAME}.pdf")])
    ids = [one.document_id for one in given if one.document_id]
    assert len(ids) == 2, given
    jobs.wait(ws, documents.start_convert(ws, ids, ConvertSettings()).id, SECONDS)
    return ids[0]


def _pairs(ws: Workspace, document: str, url: str) -> None:
    forms = ("What does part {n} of the pump manual say, {text}?", "Which words stand in section {n}: {text}",
             "Could you repeat {text} as number {n}?")
    drafts = [Draft(form.format(n=n, text=text), f"Answer {n}: {text}", text, f"fact {n}", "fact", variant)
              for n, text in enumerate(texts(url)) for variant, form in enumerate(forms)]
    add_drafts(ws, documents.page_markdown(ws, document, 1), drafts, document, label=f"{NAME}.md")
    refused, _ = qa.list_pairs(ws, 0, 500, state="rejected")
    qa.restore_pairs(ws, [pair.id for pair in refused])
    assert qa.counts(ws).total > len(texts(url))


def _model(folder: Path) -> Path:
    """What looks like a model as long as nobody loads it."""
    model = folder / "model"
    model.mkdir()
    write_json(model / "config.json", {"architectures": ["LlamaForCausalLM"], "model_type": "llama"})
    write_json(model / "tokenizer.json", {})
    (model / "model.safetensors").write_bytes(b"")
    return model


def _run(ws: Workspace, settings: TrainSettings, params: dict[str, object]) -> str:
    run = new_id("run")
    jobs.start(ws, "train", {**settings.model_dump(), "steps": 6, **params}, title=NAME, argv=trainer.ARGV, id=run,
               files={ws.run(run).yaml.name: to_yaml(settings)})
    assert jobs.wait(ws, run, SECONDS).state.is_terminal
    return run


def _adapter(ws: Workspace, run: str) -> None:
    folder = ws.tmp_dir()
    write_json(folder / "adapter_config.json", {"peft_type": "LORA"})
    (folder / "adapter_model.safetensors").write_bytes(b"")
    publish_dir(folder, ws.run(run).adapter)
