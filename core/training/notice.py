"""A message when a run has ended: by mail, or to an address of the person's own (one request, no redirects)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from core.errors import UserError
from core.jobs import JobContext, JobStopped
from core.llm.errors import ProviderError
from core.llm.secrets import Secret, load_key, save_key
from core.llm.transport import http_client, wall_deadline
from core.llm.urls import parse_base_url
from core.storage import Workspace
from core.training.bots import body_for, took
from core.training.mail import account_of, send_mail

ADDRESS, SWANLAB = "train-notice", "swanlab"
"""Names under which the address and the key of SwanLab lie among the secrets: whoever knows them can write there."""
SECONDS = 6.0
_MOST_BYTES = 65_536


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
            reply = client.post(target.base + (f"?{query}" if query else ""), json=body_for(target.host, message))
            taken = took(target.host, reply.status_code, _json(reply.content[:_MOST_BYTES]))
    except Exception as error:
        raise UserError("train.error.notice", host=target.host) from error
    if not taken:
        raise UserError("train.error.notice", host=target.host)


def is_possible(ws: Workspace) -> bool:
    """Whether there is an address or a mail account to send to."""
    return bool(address(ws)) or account_of(ws) is not None


def send_everywhere(ws: Workspace, message: dict[str, Any]) -> list[UserError]:
    """Sends a message by every way that is set up; returns what went wrong. With none set up that is the error."""
    ways: list[Callable[[], None]] = []
    if account_of(ws) is not None:
        ways.append(lambda: send_mail(ws, str(message["text"]), str(message["text"])))
    if address(ws) or not ways:
        ways.insert(0, lambda: send(ws, message))
    failed = []
    for way in ways:
        try:
            way()
        except UserError as error:
            failed.append(error)
    return failed


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
            for error in send_everywhere(job.ws, {"text": f"DocTune: {title or job.id}: {state}", "run": job.id,
                                                  "title": title, "state": state}):
                job.warn("train.warning.notice", reason=error.as_dict())


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _target(text: str) -> Any:
    try:
        return parse_base_url(text.partition("?")[0])
    except ProviderError as error:
        raise UserError("train.error.notice_address") from error
