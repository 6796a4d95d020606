"""Tokens of hubs, and what a hub's refusal means for a person."""

from __future__ import annotations

import os
from typing import Any

from core.datasets.hub_jobs import HUBS, TOKENS, HubName
from core.errors import UserError
from core.llm.errors import ProviderError
from core.llm.secrets import Secret, load_key, save_key
from core.llm.urls import is_public, parse_base_url, resolve
from core.models.hub import Hub, hub_of
from core.storage import Workspace


def keep_token(ws: Workspace, kind: str, token: str) -> None:
    """Stores the token of a hub with the other keys; an empty one removes it."""
    save_key(ws, parse_base_url(hub_of(kind).endpoint).origin, token)


def token_of(ws: Workspace, hub: Hub) -> Secret | None:
    """The token: from the environment, else the stored one."""
    given = os.environ.get(TOKENS[hub.kind], "")
    return Secret(given) if given.strip() else load_key(ws, parse_base_url(hub.endpoint).origin)


def headers(hub: Hub, token: Secret | None) -> dict[str, str]:
    """The header that shows the token. Raises UserError when it would travel unencrypted over the internet."""
    if not token:
        return {}
    target = parse_base_url(hub.endpoint)
    if target.scheme == "http" and any(map(is_public, resolve(target))):
        raise ProviderError("plain_http", host=target.host)
    return {"Authorization": f"Bearer {token.reveal()}"}


def refused(name: HubName, reply: Any, token: Secret | None) -> UserError:
    """The sentence for an HTTP reply that is a refusal.

    Hugging Face says 401 for what does not exist as for what is private; its header X-Error-Code tells more.
    """
    facts = {"hub": HUBS[name.hub], "repo": name.repo, "variable": TOKENS[name.hub]}
    code, status = reply.headers.get("X-Error-Code", ""), reply.status_code
    if code == "GatedRepo":
        return UserError("dataset.hub.error.gated", **facts)
    if status == 404 or code == "RepoNotFound" and not token:
        return UserError("dataset.hub.error.unknown", **facts)
    if status == 401:
        return UserError("dataset.hub.error.token" if token else "dataset.hub.error.unknown", **facts)
    if status == 403:
        return UserError("dataset.hub.error.gated", **facts)
    return UserError("dataset.hub.error.answer", **facts, reason=str(status))


def offline(name: HubName, hub: Hub) -> UserError:
    """The sentence for a hub that does not answer."""
    return UserError("dataset.hub.error.offline", hub=HUBS[name.hub], address=hub.endpoint,
                     variable="HF_ENDPOINT" if name.hub == "huggingface" else "MODELSCOPE_ENDPOINT")
