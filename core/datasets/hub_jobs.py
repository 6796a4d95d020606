"""Datasets on hubs: how people name them, and starting the jobs that bring or send them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from core import jobs
from core.datasets.sharing import check_licence, share_plan
from core.datasets.store import clean_title
from core.errors import UserError
from core.jobs import JobView
from core.storage import Workspace

HUBS = {"huggingface": "Hugging Face", "modelscope": "ModelScope"}
_SHORT = {"hf": "huggingface", "ms": "modelscope"}
_SITES = {"huggingface.co": "huggingface", "hf.co": "huggingface", "hf-mirror.com": "huggingface",
          "modelscope.cn": "modelscope", "modelscope.ai": "modelscope"}
_ID = re.compile(r"(?=[^/]{1,96}/[^/]{1,96}\Z)[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*\Z", re.ASCII)
TOKENS = {"huggingface": "HF_TOKEN", "modelscope": "MODELSCOPE_API_TOKEN"}
"""Variables that may hold the token of a hub."""


@dataclass(frozen=True)
class HubName:
    """A dataset on a hub: `hub` is a key of HUBS, `repo` has the form ``owner/name``."""

    hub: str
    repo: str


def is_hub_name(text: str) -> bool:
    """Whether the command line means a hub: ``hf:…`` or ``ms:…``, or the address of a page."""
    return text.partition(":")[0] in (*_SHORT, "http", "https")


def parse(text: str, hub: str = "huggingface") -> HubName:
    """What a person typed: ``owner/name``, ``hf:owner/name``, ``ms:owner/name``, or the address of its page.

    Args:
        hub: where to look when the text does not say.

    Raises UserError when it names no dataset.
    """
    text = text.strip()
    head, _, rest = text.partition(":")
    if head in _SHORT:
        hub, text = _SHORT[head], rest.strip()
    elif head in ("http", "https"):
        parts = urlsplit(text)
        site = (parts.hostname or "").removeprefix("www.")
        words = parts.path.strip("/").split("/")
        if site not in _SITES or words[0] != "datasets":
            raise UserError("dataset.hub.error.name", name=text[:200])
        hub, text = _SITES[site], "/".join(words[1:3])
    if not _ID.match(text) or ".." in text or hub not in HUBS:
        raise UserError("dataset.hub.error.name", name=text[:200])
    return HubName(hub, text)


def start_pull(ws: Workspace, name: HubName, title: str = "", lang: str = "en") -> JobView:
    """Starts a job that downloads and imports a dataset, or returns the one that is under way.

    Its result names the datasets made: ``ids``, ``rows``, ``faults``. What has arrived stays when it is stopped, and
    the next one goes on from there.

    Args:
        lang: language of the note about where the rows are from.
    """
    for job in jobs.list_jobs(ws, "hub"):
        if not job.state.is_terminal and (job.params["op"], job.params["repo"], job.params["hub"]) == (
                "pull", name.repo, name.hub):
            return job
    given = {"op": "pull", "hub": name.hub, "repo": name.repo, "title": clean_title(title), "lang": lang}
    return jobs.start(ws, "hub", given, title=name.repo, env=_tokens())


def start_push(ws: Workspace, dataset_id: str, name: HubName, fmt: str = "", private: bool = True,
               lang: str = "en") -> JobView:
    """Starts a job that sends a dataset to a hub. Its result: ``rows``, ``files``, ``url``.

    Args:
        fmt: see `sharing.share_plan`, which also tells what will go out.
        lang: language of the card.

    Raises UserError when its licence forbids it, no row fits, or the hub takes nothing from other programs.
    """
    if name.hub != "huggingface":
        raise UserError("dataset.push.error.hub", hub=HUBS[name.hub])
    check_licence(ws, dataset_id, private)
    share = share_plan(ws, dataset_id, fmt)
    given = {"op": "push", "hub": name.hub, "repo": name.repo, "dataset": dataset_id, "format": share.fmt,
             "private": private, "lang": lang}
    return jobs.start(ws, "hub", given, title=name.repo, env=_tokens())


def _tokens() -> dict[str, str]:
    return {name: os.environ[name] for name in TOKENS.values() if os.environ.get(name)}
