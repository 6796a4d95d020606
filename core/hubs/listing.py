"""What a dataset's repository on a hub holds: files with rows, its card. No file of it is ever run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin

from core.datasets.files import SUFFIXES
from core.datasets.hub_jobs import HubName
from core.errors import UserError
from core.hubs.access import headers, offline, refused
from core.llm.secrets import Secret
from core.models.hub import Hub, RemoteFile

MOST_LISTED, MOST_FILES, MOST_BYTES = 20_000, 2_000, 20 << 30
CARD, REGISTRY = "README.md", "dataset_info.json"
_NOT_ROWS = {"dataset_infos.json", "dataset_dict.json", "state.json", "requirements.txt", "license.txt", "package.json",
             "configuration.json", "readme.txt", "changelog.txt", "metadata.json"}
_PAGE = 100


@dataclass(frozen=True)
class Repository:
    """Files with rows, the card if there is one, and the names of programs, which are left where they are."""

    rows: list[RemoteFile]
    card: RemoteFile | None
    scripts: list[str]


def list_dataset(name: HubName, hub: Hub, token: Secret | None) -> Repository:
    """Asks the hub. Raises UserError when it does not answer, does not know the dataset, or wants a token."""
    import httpx

    try:
        with httpx.Client(timeout=30, follow_redirects=True, headers=headers(hub, token)) as client:
            pages = _huggingface if hub.kind == "huggingface" else _modelscope
            files = [file for file in pages(client, name, hub, token) if _safe(file.name)]
    except httpx.HTTPError as error:
        raise offline(name, hub) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError("dataset.hub.error.answer", hub=hub.endpoint, repo=name.repo,
                        reason=type(error).__name__) from error
    return Repository([f for f in files if _holds_rows(f.name)], next((f for f in files if f.name == CARD), None),
                      [f.name for f in files if f.name.endswith(".py")])


def check(name: HubName, repository: Repository, files: list[RemoteFile]) -> None:
    """Raises UserError when there is nothing to import, or more than can be."""
    if not files and repository.scripts:
        raise UserError("dataset.hub.error.script", repo=name.repo, file=repository.scripts[0])
    if not files:
        raise UserError("dataset.hub.error.no_files", repo=name.repo)
    total = sum(file.bytes for file in files)
    if len(files) > MOST_FILES or total > MOST_BYTES:
        raise UserError("dataset.hub.error.too_large", repo=name.repo, files=len(files), gb=f"{total / 1e9:.1f}",
                        most_files=MOST_FILES, most_gb=f"{MOST_BYTES / 1e9:.0f}")


def _holds_rows(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    return name.endswith(SUFFIXES) and not name.endswith(".md") and name not in _NOT_ROWS


def _safe(path: str) -> bool:
    """Whether the path stays inside a folder on every system and is not hidden."""
    return all(part and not part.startswith(".") and not any(c in part for c in '\\:*?"<>|\0') and len(part) < 200
               for part in path.split("/"))


def _huggingface(client: Any, name: HubName, hub: Hub, token: Secret | None) -> Iterator[RemoteFile]:
    """https://huggingface.co/docs/hub/api: the listing has pages, the next one in the header Link."""
    url: str | None = f"{hub.endpoint}/api/datasets/{quote(name.repo)}/tree/main?recursive=true"
    seen = 0
    while url and seen < MOST_LISTED:
        reply = client.get(url)
        if reply.status_code != 200:
            raise refused(name, reply, token)
        for row in reply.json():
            seen += 1
            if row["type"] == "file":
                path, lfs = str(row["path"]), row.get("lfs") or {}
                yield RemoteFile(path, int(lfs.get("size", row["size"])),
                                 f"{hub.endpoint}/datasets/{quote(name.repo)}/resolve/main/{quote(path)}",
                                 str(lfs.get("oid", "")), "" if lfs else str(row.get("oid", "")))
        following = reply.links.get("next", {}).get("url")
        url = urljoin(url, following) if following else None
        if url and not url.startswith(hub.endpoint + "/"):
            url = None


def _modelscope(client: Any, name: HubName, hub: Hub, token: Secret | None) -> Iterator[RemoteFile]:
    """Pages of 100 until one is not full."""
    base = f"{hub.endpoint}/api/v1/datasets/{quote(name.repo)}/repo"
    for page in range(1, MOST_LISTED // _PAGE + 1):
        reply = client.get(f"{base}/tree", params={"Revision": "master", "Root": "/", "Recursive": "True",
                                                   "PageNumber": page, "PageSize": _PAGE})
        if reply.status_code != 200:
            raise refused(name, reply, token)
        rows = reply.json()["Data"]["Files"] or []
        for row in rows:
            if row["Type"] == "blob":
                path = str(row["Path"])
                yield RemoteFile(path, int(row["Size"]), f"{base}?Revision=master&FilePath={quote(path, safe='')}",
                                 str(row.get("Sha256") or ""))
        if len(rows) < _PAGE:
            return
