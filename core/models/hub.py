"""Model hubs over plain HTTP: Hugging Face and ModelScope. Listing with sizes and checksums; transfer with resume."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.errors import UserError
from core.storage.folders import sha256

PROBE_SECONDS = 2.5
_WANTED_SUFFIXES = (".safetensors", ".json", ".jinja", ".txt", ".model")
_WANTED_NAMES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "NOTICE")


@dataclass(frozen=True)
class RemoteFile:
    """One file of a repository. `sha256` of the content, or `git_sha1` of the Git blob, where the hub tells them."""

    name: str
    bytes: int
    url: str
    sha256: str = ""
    git_sha1: str = ""


@dataclass(frozen=True)
class Hub:
    """A hub and how to talk to it. `kind` is "huggingface" or "modelscope"; `endpoint` has no slash at its end."""

    kind: str
    endpoint: str

    def listing_url(self, repo: str) -> str:
        """Address that lists a repository's files as JSON."""
        if self.kind == "huggingface":
            return f"{self.endpoint}/api/models/{quote(repo)}/tree/main?recursive=false"
        return f"{self.endpoint}/api/v1/models/{quote(repo)}/repo/files?Revision=master&Recursive=false"

    def file_url(self, repo: str, name: str) -> str:
        """Address of one file."""
        if self.kind == "huggingface":
            return f"{self.endpoint}/{quote(repo)}/resolve/main/{quote(name)}"
        return f"{self.endpoint}/models/{quote(repo)}/resolve/master/{quote(name)}"


def hubs() -> list[Hub]:
    """The hubs in order of preference; HF_ENDPOINT and MODELSCOPE_ENDPOINT name mirrors."""
    return [Hub("huggingface", os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")),
            Hub("modelscope", os.environ.get("MODELSCOPE_ENDPOINT", "https://modelscope.cn").rstrip("/"))]


def first_reachable(choices: list[tuple[Hub, str]], seconds: float = PROBE_SECONDS) -> tuple[Hub, str] | None:
    """The first (hub, repository) in order that lists its files within `seconds`; all are asked at once.

    A name server that hangs cannot hold the caller: late answers are dropped.
    """
    answers: dict[int, bool] = {}

    def ask(n: int, hub: Hub, repo: str) -> None:
        import httpx

        try:
            with httpx.Client(timeout=seconds, follow_redirects=True) as client:
                answers[n] = client.get(hub.listing_url(repo)).status_code == 200
        except httpx.HTTPError:
            answers[n] = False

    threads = [threading.Thread(target=ask, args=(n, *choice), daemon=True) for n, choice in enumerate(choices)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds + 0.5)
    return next((choice for n, choice in enumerate(choices) if answers.get(n)), None)


def list_files(hub: Hub, repo: str) -> list[RemoteFile]:
    """The files that a model needs: weights as safetensors, configuration, tokenizer, licence.

    Raises:
        UserError: the hub does not answer, or the repository holds no safetensors weights.
    """
    import httpx

    try:
        with httpx.Client(timeout=30, follow_redirects=True) as client:
            reply = client.get(hub.listing_url(repo))
            reply.raise_for_status()
            rows = _rows(reply.json(), hub)
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise UserError("models.error.hub", hub=hub.endpoint, reason=type(error).__name__) from error
    files = [_remote(row, hub, repo) for row in rows]
    # Mistral's "consolidated" files are the weights a second time, in a layout of its own.
    files = [f for f in files if "/" not in f.name and not f.name.startswith("consolidated")
             and (f.name.endswith(_WANTED_SUFFIXES) or f.name in _WANTED_NAMES)]
    if not any(f.name.endswith(".safetensors") for f in files):
        raise UserError("models.error.no_safetensors", folder=repo)
    return sorted(files, key=lambda f: f.bytes)


def _rows(body: Any, hub: Hub) -> list[dict[str, Any]]:
    rows = body if hub.kind == "huggingface" else body["Data"]["Files"]
    return [row for row in rows if row.get("type", row.get("Type")) in ("file", "blob")]


def _remote(row: dict[str, Any], hub: Hub, repo: str) -> RemoteFile:
    if hub.kind == "huggingface":
        name, lfs = str(row["path"]), row.get("lfs") or {}
        return RemoteFile(name, int(lfs.get("size", row["size"])), hub.file_url(repo, name), str(lfs.get("oid", "")),
                          "" if lfs else str(row.get("oid", "")))
    name = str(row["Path"])
    return RemoteFile(name, int(row["Size"]), hub.file_url(repo, name), str(row.get("Sha256") or ""))


def hub_of(kind: str) -> Hub:
    """The hub of that kind."""
    return next(hub for hub in hubs() if hub.kind == kind)


def fetch(file: RemoteFile, target: Path, on_bytes: Callable[[int], None], should_stop: Callable[[], bool],
          headers: dict[str, str] | None = None) -> None:
    """Transfers one file, going on where an earlier transfer ended, and checks its size and checksum.

    Args:
        target: where it goes; what is there already counts as its beginning.
        on_bytes: called with the bytes that are there so far.
        should_stop: asked for every block; when it says yes, the transfer ends and what is there stays.
        headers: such as a token; another origin to which the hub redirects does not get it.

    Raises:
        UserError: the connection fails or is cut, or the content is not what the hub lists (then it is removed).
    """
    import httpx

    have = target.stat().st_size if target.exists() else 0
    if have > file.bytes:
        target.unlink()
        have = 0
    try:
        if have < file.bytes or not target.exists():
            with httpx.Client(timeout=httpx.Timeout(30, connect=10), follow_redirects=True,
                              headers=headers) as client:
                have = _transfer(client, file, target, have, on_bytes, should_stop)
    except httpx.HTTPError as error:
        raise UserError("models.error.transfer", file=file.name, reason=type(error).__name__) from error
    on_bytes(have)
    if should_stop() and have < file.bytes:
        return
    if have < file.bytes:
        raise UserError("models.error.transfer", file=file.name, reason=f"{have} < {file.bytes}")
    _verify(file, target)


def _transfer(client: Any, file: RemoteFile, target: Path, have: int, on_bytes: Callable[[int], None],
              should_stop: Callable[[], bool]) -> int:
    # Without compression, so that byte ranges mean bytes of the file.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with client.stream("GET", file.url, headers=headers) as reply:
        reply.raise_for_status()
        if have and reply.status_code != 206:
            have = 0
        with target.open("ab" if have else "wb") as out:
            for block in reply.iter_bytes():
                have += len(block)
                if have > file.bytes:
                    break
                out.write(block)
                on_bytes(have)
                if should_stop():
                    break
    return have


def _verify(file: RemoteFile, target: Path) -> None:
    good = target.stat().st_size == file.bytes
    if good and file.sha256:
        good = sha256(target) == file.sha256
    elif good and file.git_sha1:
        content = target.read_bytes()
        good = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest() == file.git_sha1
    if not good:
        target.unlink()
        raise UserError("models.error.checksum", file=file.name)
