"""A message to an address of the person's own when a run has ended: one request, no redirects, a few seconds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.errors import UserError
from core.jobs import JobContext, JobStopped
from core.llm.errors import ProviderError
from core.llm.secrets import Secret, load_key, save_key
from core.llm.transport import http_client, wall_deadline
from core.llm.urls import parse_base_url
from core.storage import Workspace

ADDRESS, SWANLAB = "train-notice", "swanlab"
"""Names under which the address and the key of SwanLab lie among the secrets: whoever knows them can write there."""
SECONDS = 6.0


def keep_address(ws: Workspace, text: str) -> None:
    """Keeps the address as typed; an empty one removes it. Raises UserError when it cannot be one."""
    if text.strip():
        _target(text)
    save_key(ws, ADDRESS, text)


def address(ws: Workspace) -> Secret | None:
    """The address that was typed, if any."""
    return load_key(ws, ADDRESS)


def send(ws: Workspace, message: dict[str, Any]) -> None:
    """Posts a message as JSON. Raises UserError when there is no address, or it does not answer with success."""
    kept = address(ws)
    if kept is None:
        raise UserError("train.error.no_notice")
    target = _target(kept.reveal())
    query = kept.reveal().partition("?")[2]
    try:
        with wall_deadline(SECONDS), http_client(target, None, threading.Event()) as client:
            status = client.post(target.base + (f"?{query}" if query else ""), json=message).status_code
    except Exception as error:
        raise UserError("train.error.notice", host=target.host) from error
    if not 200 <= status < 300:
        raise UserError("train.error.notice", host=target.host)


@contextmanager
def told(job: JobContext, title: str, wanted: bool) -> Iterator[None]:
    """Sends a message when this ends, whichever way; a failure to send is a warning of the run and nothing more."""
    state = "failed"
    try:
        yield
        state = "done"
    except JobStopped:
        state = "stopped"
        raise
    finally:
        if wanted:
            try:
                send(job.ws, {"text": f"DocTune: {title or job.id}: {state}", "run": job.id, "title": title,
                              "state": state})
            except UserError as error:
                job.warn("train.warning.notice", reason=error.as_dict())


def _target(text: str) -> Any:
    try:
        return parse_base_url(text.partition("?")[0])
    except ProviderError as error:
        raise UserError("train.error.notice_address") from error
