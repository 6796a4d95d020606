"""Starting, finding and stopping the model server from any process of the program."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from core import jobs
from core.errors import UserError
from core.jobs import JobState, JobView
from core.serving.alone import read_result
from core.serving.names import adapter_folder, base_folder, base_label
from core.serving.settings import ServeSettings
from core.storage import Workspace, read_json
from core.storage.locks import open_lock, wait_lock

KIND = "serve"
LEASE = "accelerator"
_START_S = 300.0
_STOP_S = 45.0
_ADAPTER_S = 120.0


@dataclass(frozen=True)
class Endpoint:
    """A model server that is ready.

    Attributes:
        base_url: ends with ``/v1``.
        api_key: the internal key; never to be shown or stored.
        model: name of the base model in requests; adapters go by their own names.
        source: the base model as it was asked for (catalogue id or folder).
    """

    base_url: str
    api_key: str = field(repr=False)
    job_id: str
    model: str
    source: str


def ensure(ws: Workspace, model: str, adapters: Sequence[str] = (), settings: ServeSettings | None = None) -> Endpoint:
    """The server of a base model with these adapters loaded, started when necessary; may take seconds.

    Args:
        model: catalogue id or local folder.
        adapters: run ids, or "question-writer".
        settings: for a server that has to be started; one that runs is used as it is.

    Raises:
        UserError: model or adapter missing or refused, another job has the machine, or another base model is busy.
    """
    base_folder(ws, model)
    for name in adapters:
        read_result(adapter_folder(ws, name))
    with _starting(ws):
        found = _usable(ws, model)
        if found is None:
            view = _start(ws, model, adapters, settings or ServeSettings())
            found = _wait_ready(ws, view.id)
    for name in adapters:
        _call(found, "POST", "adapters", {"name": name})
    return found


def running(ws: Workspace) -> Endpoint | None:
    """The server that is ready now, if any."""
    job = _active(ws)
    return _endpoint(ws, job) if job else None


def stop(ws: Workspace) -> None:
    """Ends the server and waits for it; does nothing when none runs."""
    job = _active(ws)
    if job is not None:
        jobs.request_stop(ws, job.id)
        jobs.wait(ws, job.id, _STOP_S)


def stats(endpoint: Endpoint) -> dict[str, Any]:
    """What the server does: `open`, `waiting`, `running`, `batches`, and `recent` (the adapters of recent batches)."""
    return _call(endpoint, "GET", "stats")


def serve_foreground(model: str, adapters: Sequence[str] = (), port: int = ServeSettings().port) -> None:
    """The command `app.py serve`: starts the server, prints its address, and ends it with Ctrl-C."""
    from core.serving.keys import create_api_key, list_api_keys

    ws = Workspace.default()
    stop(ws)
    endpoint = ensure(ws, model, adapters, ServeSettings(port=port, idle_minutes=0))
    print(f"{endpoint.base_url}  models: {', '.join([endpoint.model, *adapters])}", flush=True)
    if not list_api_keys(ws):
        print(f"API key (shown once): {create_api_key(ws, 'command line')}", flush=True)
    try:
        while not jobs.wait(ws, endpoint.job_id, 1.0).state.is_terminal:
            pass
    except KeyboardInterrupt:
        stop(ws)


def _active(ws: Workspace) -> JobView | None:
    for job in jobs.list_jobs(ws, kind=KIND):
        if not job.state.is_terminal:
            return job
    return None


def _endpoint(ws: Workspace, job: JobView) -> Endpoint | None:
    if job.state is JobState.STOPPING:
        return None
    try:
        facts = read_json(ws.job(job.id).endpoint)
    except FileNotFoundError:
        return None
    return Endpoint(facts["base_url"], facts["api_key"], job.id, facts["model"], str(job.params.get("model")))


def _usable(ws: Workspace, model: str) -> Endpoint | None:
    """The running server when it has this base model. Another one is ended, unless it is answering someone."""
    job = _active(ws)
    if job is None:
        return None
    if job.params.get("model") == model and job.state is not JobState.STOPPING:
        return _wait_ready(ws, job.id)
    found = _endpoint(ws, job)
    if found is not None and _is_busy(found):
        raise UserError("serving.error.other_model_busy", model=base_label(found.source))
    stop(ws)
    return None


def _start(ws: Workspace, model: str, adapters: Sequence[str], settings: ServeSettings) -> JobView:
    params = {"model": model, "adapters": list(adapters), "settings": settings.model_dump()}
    return jobs.start(ws, KIND, params, title=base_label(model), lease=LEASE, yields=True)


def _wait_ready(ws: Workspace, job_id: str) -> Endpoint:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        job = jobs.view(ws, job_id)
        if job.state.is_terminal:
            if job.error:
                raise UserError(job.error["key"], **job.error["params"])
            raise UserError("serving.error.not_started")
        found = _endpoint(ws, job)
        if found is not None:
            return found
        time.sleep(0.1)
    jobs.request_stop(ws, job_id, force=True)
    raise UserError("serving.error.not_started")


def _is_busy(endpoint: Endpoint) -> bool:
    try:
        return bool(stats(endpoint)["open"])
    except UserError:
        return False


def _call(endpoint: Endpoint, method: str, route: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    import httpx

    url = f"{endpoint.base_url.removesuffix('/v1')}/internal/{route}"
    headers = {"Authorization": f"Bearer {endpoint.api_key}"}
    try:
        with httpx.Client(trust_env=False, timeout=_ADAPTER_S) as client:
            response = client.request(method, url, json=body, headers=headers)
    except httpx.HTTPError:
        raise UserError("serving.error.not_reachable") from None
    if response.status_code != 200:
        key = str(response.json().get("error", {}).get("code") or "")
        name = str((body or {}).get("name", ""))
        raise UserError(key if key.startswith("serving.error.adapter") else "serving.error.not_reachable", name=name)
    return response.json()


@contextmanager
def _starting(ws: Workspace) -> Iterator[None]:
    """Only one process at a time looks for a server and starts one."""
    fd = open_lock(ws.serving.lock)
    try:
        wait_lock(fd)
        yield
    finally:
        os.close(fd)
