"""Builds pairs with a real Ollama server: does the protocol hold (context size, schema, thinking off, cut replies)?

    python -m benchmarks.ollama_helper --url http://127.0.0.1:11434 --model NAME [--create SOURCE] [--sections N]

`--create SOURCE` makes NAME from a folder of safetensors or a GGUF file first. The figures say how the
service was used, not how well the model writes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import httpx

from core import documents, jobs, qa
from core.llm import HelperSettings, open_client
from core.qa import BuildSettings
from core.qa.ledger import Ledger
from core.storage import Workspace
from core.storage.fsck import fsck

SECTION = """## Station {n}

The pump of station {n} delivers {litres} litres per minute at {bar} bar. Its filter is replaced after {hours} hours of
operation. Staff of station {n} open valve number {valve} before every start of the engine.

"""


def main() -> None:
    """Prints one line of JSON a step."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", default="http://127.0.0.1:11434")
    parser.add_argument("--model", required=True)
    parser.add_argument("--create", default="")
    parser.add_argument("--sections", type=int, default=3)
    options = parser.parse_args()
    if options.create:
        create(options.url, options.model, options.create)
    with tempfile.TemporaryDirectory() as folder:
        ws = Workspace.at(folder)
        helper = HelperSettings(kind="ollama", base_url=options.url, model=options.model, deadline_s=600)
        direct(ws, helper)
        build(ws, helper, options.sections)


def create(url: str, model: str, source: str) -> None:
    """Makes a model from a GGUF file or a folder of safetensors, sent to the server (API of Ollama up to 0.5.4)."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as temp, httpx.Client(base_url=url, timeout=900, trust_env=False) as client:
        path = packed(Path(source), Path(temp, "model.zip")) if Path(source).is_dir() else Path(source)
        with path.open("rb") as file:
            digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
            file.seek(0)
            client.post(f"/api/blobs/{digest}", content=file).raise_for_status()
        reply = client.post("/api/create", json={"model": model, "modelfile": f"FROM @{digest}", "stream": False})
    show("create", status=reply.json(), seconds=round(time.monotonic() - began, 1))


def packed(folder: Path, target: Path) -> Path:
    """A folder's files in a zip without compression."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
    return target


def direct(ws: Workspace, helper: HelperSettings) -> None:
    """The client alone: list, a schema-bound reply, a cut reply, a stream, a prompt that cannot fit."""
    schema = {"type": "object", "required": ["city", "year"],
              "properties": {"city": {"type": "string", "enum": ["Oslo", "Rome"]}, "year": {"type": "integer"}}}
    ask = [{"role": "user", "content": "Name a city and a year as JSON."}]
    client = open_client(ws, helper)
    show("models", found=client.check())
    bound = client.complete(ask, schema=schema, max_tokens=120, temperature=0, deadline_s=600)
    show("schema", reply=bound.text, finish=bound.finish_reason, prompt_tokens=bound.prompt_tokens,
         obeyed=obeys(bound.text))
    cut = client.complete(ask, max_tokens=5, deadline_s=600)
    show("cut", finish=cut.finish_reason, completion_tokens=cut.completion_tokens, context_full=cut.context_full)
    long = [{"role": "user", "content": "The tank of station seven holds nine litres. " * 250}]
    read = client.complete(long, max_tokens=5, deadline_s=600)
    show("long prompt", prompt_tokens=read.prompt_tokens, finish=read.finish_reason, context_full=read.context_full)
    show("stream", pieces=len(list(client.stream(ask, max_tokens=12, deadline_s=600))))
    try:
        client.complete([{"role": "user", "content": "word " * 60_000}], max_tokens=5)
    except Exception as fault:
        show("too long", refused=type(fault).__name__, says=str(fault))
    client.close()


def build(ws: Workspace, helper: HelperSettings, sections: int) -> None:
    """A whole build as a job, and its ledger."""
    numbers = range(1, sections + 1)
    text = "# Pump handbook\n\n" + "".join(
        SECTION.format(n=n, litres=n * 3 + 40, bar=n + 2, hours=n * 5 + 100, valve=n + 700) for n in numbers)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "pumps.md")
        source.write_text(text, encoding="utf-8")
        [added] = documents.import_files(ws, [(source, source.name)])
    jobs.wait(ws, documents.start_convert(ws, [added.document_id or ""], documents.ConvertSettings()).id, 300)
    settings = BuildSettings(helper=helper, chunk_tokens=100, wordings=1, most_facts=1)
    began = time.monotonic()
    done = jobs.wait(ws, qa.start_build(ws, settings).id, 3600)
    with Ledger(ws) as ledger:
        calls = [dict(row) for row in ledger.query("SELECT state, finish_reason, tokens_in, tokens_out, ms FROM calls")]
        rejects = {row[0]: row[1] for row in ledger.query("SELECT reason, COUNT(*) FROM rejects GROUP BY reason")}
    show("build", state=done.state.name, error=done.error, seconds=round(time.monotonic() - began, 1), calls=calls,
         rejects=rejects, counts=qa.counts(ws).__dict__, fsck=[p.text() for p in fsck(ws)])


def obeys(text: str) -> bool:
    """Whether a reply follows the schema of `direct`."""
    try:
        value: Any = json.loads(text)
    except ValueError:
        return False
    return value.get("city") in ("Oslo", "Rome") and isinstance(value.get("year"), int)


def show(step: str, **facts: Any) -> None:
    """One line of the report."""
    print(json.dumps({"step": step, **facts}, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
