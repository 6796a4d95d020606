"""A dataset from a hub: its files with rows, then the ordinary import, and a note of where the rows are from."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

from core.datasets.hub_jobs import HUBS, HubName
from core.datasets.labels import describe
from core.datasets.licences import LICENCES
from core.datasets.repository import Configs, configs_of, wanted
from core.datasets.work import import_limited
from core.errors import UserError
from core.hubs.access import headers, refused, token_of
from core.hubs.listing import REGISTRY, check, list_dataset
from core.i18n import t
from core.jobs import JobContext
from core.jobs.transfer import Transfer
from core.llm.secrets import Secret
from core.models.hub import Hub, RemoteFile, fetch, hub_of
from core.storage import Workspace, read_json, remove_dir, require_space

_CARD_BYTES = 1 << 20
_KEPT_S = 14 * 24 * 3600.0
"""How long files of a download that was given up are kept."""


def pull(job: JobContext) -> None:
    """Params: hub, repo, title, lang."""
    name = HubName(job.params["hub"], job.params["repo"])
    hub = hub_of(name.hub)
    token = token_of(job.ws, hub)
    job.phase("connect")
    repository = list_dataset(name, hub, token)
    check(name, repository, repository.rows)
    folder = _folder(job.ws, name)
    head: dict[str, Any] = {}
    if repository.card and repository.card.bytes <= _CARD_BYTES:
        _download(job, name, hub, token, [repository.card], folder / "card")
        head = card_head((folder / "card" / repository.card.name).read_text(encoding="utf-8", errors="replace"))
    configs = configs_of(head)
    names = set(wanted([file.name for file in repository.rows], configs))
    files = [file for file in repository.rows if file.name in names]
    check(name, repository, files)
    job.phase("download")
    _download(job, name, hub, token, files, folder / "files")
    made = import_limited(job, _to_import(folder / "files", files, name, job.params["title"], configs))
    for dataset_id in made["ids"]:
        _note(job.ws, dataset_id, name, head, job.params["lang"])
    remove_dir(folder)
    job.result(**made)


def _folder(ws: Workspace, name: HubName) -> Path:
    """Where its files go; what other downloads left long ago is removed."""
    for old in ws.hub_downloads.iterdir() if ws.hub_downloads.is_dir() else ():
        if time.time() - old.stat().st_mtime > _KEPT_S:
            remove_dir(old)
    folder = ws.hub_download("hub-" + hashlib.sha256(f"{name.hub}:{name.repo}".encode()).hexdigest()[:20])
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _download(job: JobContext, name: HubName, hub: Hub, token: Secret | None, files: list[RemoteFile],
              folder: Path) -> None:
    """Brings the files into `folder`, going on where an earlier download ended, and removes all others from it."""
    import httpx

    _keep_only(folder, {file.name for file in files})
    total = sum(file.bytes for file in files)
    there = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    require_space(folder, max(0, total - there))
    transfer = Transfer(job, total)
    for file in files:
        job.check_stop()
        target = folder / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            fetch(file, target, transfer, job.should_stop, headers(hub, token))
        except UserError as error:
            if isinstance(error.__cause__, httpx.HTTPStatusError):
                raise refused(name, error.__cause__.response, token) from error
            raise
        job.check_stop()
        transfer.before += file.bytes


def _keep_only(folder: Path, names: set[str]) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in names:
            path.unlink()


def _to_import(folder: Path, files: list[RemoteFile], name: HubName, title: str, configs: Configs) -> dict[str, Any]:
    """Archives are sources of their own: one inside a folder would not be opened."""
    info = folder / REGISTRY
    if info.is_file() and not _is_registry(info):
        info.unlink()
    archives = [file.name for file in files if file.name.lower().endswith(".zip")]
    others = [(str(folder), name.repo)] if len(archives) < len(files) else []
    sources = [*others, *((str(folder / path), path) for path in archives)]
    return {"files": [list(source) for source in sources], "title": title or name.repo.partition("/")[2],
            "mapping": None, "repository": configs}


def _is_registry(path: Path) -> bool:
    """Whether it is the registry of LLaMA-Factory; Hugging Face's own file of that name describes columns."""
    try:
        found = read_json(path)
    except (UserError, ValueError):
        return False
    return isinstance(found, dict) and any(isinstance(one, dict) and "file_name" in one for one in found.values())


def card_head(text: str) -> dict[str, Any]:
    """What the card says for programs: the YAML between its first two lines of dashes; {} when there is none."""
    import yaml

    first, _, rest = text.lstrip("\ufeff").partition("\n")
    if first.strip() != "---":
        return {}
    try:
        found = yaml.safe_load(rest.partition("\n---")[0])
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _note(ws: Workspace, dataset_id: str, name: HubName, head: dict[str, Any], lang: str) -> None:
    """Keeps where the rows are from, and the licence as their publisher names it."""
    given = head.get("license")
    named = ", ".join(str(one) for one in given) if isinstance(given, list) else str(given or "")
    if named == "other":
        named = str(head.get("license_name") or named)
    licence = named[:100] or t("dataset.hub.no_licence", lang)
    notes = t("dataset.hub.note", lang, hub=HUBS[name.hub], repo=name.repo, licence=licence,
              date=time.strftime("%Y-%m-%d"))
    describe(ws, dataset_id, notes=notes, licence=named if named in LICENCES else None)
