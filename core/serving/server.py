"""The process of the model server: loads, listens on the loopback address, and ends when it is idle or asked to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import time
from collections.abc import Iterator
from typing import Any

from core.errors import UserError
from core.jobs import JobContext, JobStopped
from core.serving.alone import read_result
from core.serving.keys import KeyRing
from core.serving.names import adapter_folder, base_folder, base_name
from core.serving.settings import ServeSettings
from core.storage.atomic import write_json

_HOST = "127.0.0.1"
_WATCH_S = 0.2
_BACKLOG = 256


def run(job: JobContext) -> None:
    """Handler of the job kind "serve".

    Parameters of the job: `model` (catalogue id or folder), `adapters` (names), `settings` (ServeSettings).
    """
    from core.serving.engine import Engine
    from core.serving.work import WorkQueue

    settings = ServeSettings.load(job.params.get("settings") or {})
    model = str(job.params["model"])
    job.phase("load")
    with _listen(settings.port) as listener:
        address = listener.getsockname()
        if settings.port and address[1] != settings.port:
            job.warn("serving.warning.port_taken", wanted=settings.port, port=address[1])
        engine = Engine.load(base_folder(job.ws, model), WorkQueue(settings.max_waiting, settings.max_batch))
        for name in job.params.get("adapters") or []:
            engine.add_adapter(name, read_result(adapter_folder(job.ws, name)))
        job.check_stop()
        stopped = asyncio.run(_serve(job, engine, settings, model, listener))
    if stopped:
        raise JobStopped


async def _serve(job: JobContext, engine: Any, settings: ServeSettings, model: str, listener: socket.socket) -> bool:
    """Serves until there is a reason to end; returns whether that was a request to stop."""
    import uvicorn

    from core.serving.api import Service, create_app

    def load_adapter(name: str) -> None:
        if name not in engine.adapters:
            engine.add_adapter(name, read_result(adapter_folder(job.ws, name)))

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield  # the job's own handler of SIGTERM stays in place

    key = secrets.token_urlsafe(32)
    service = Service(engine, (base_name(model), model), settings, load_adapter)
    config = uvicorn.Config(create_app(service, KeyRing(job.ws.serving.keys, key)), log_level="warning",
                            access_log=False, lifespan="off", ws="none", server_header=False, proxy_headers=False,
                            timeout_graceful_shutdown=5, limit_concurrency=None)
    server = Server(config)
    engine.start()
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    if serving.done():
        await serving
        raise UserError("serving.error.not_started")
    base_url = f"http://{_HOST}:{listener.getsockname()[1]}/v1"
    write_json(job.paths.endpoint, {"base_url": base_url, "api_key": key, "model": base_name(model)})
    job.phase("ready")
    try:
        stopped = await _watch(job, service, settings.idle_minutes * 60, serving)
    finally:
        job.paths.endpoint.unlink(missing_ok=True)
        await asyncio.to_thread(engine.stop)
        server.should_exit = True
        await serving
    return stopped


async def _watch(job: JobContext, service: Any, idle_s: float, serving: asyncio.Task[None]) -> bool:
    while not serving.done():
        if job.should_stop():
            return True
        if idle_s and not service.open_requests and time.monotonic() - service.last_use > idle_s:
            return False
        await asyncio.sleep(_WATCH_S)
    return False


def _listen(port: int) -> socket.socket:
    """A listening socket on the wished port, or on any free one when that is taken."""
    for wanted in (port, 0):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if os.name != "nt":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, wanted))
            listener.listen(_BACKLOG)
            return listener
        except OSError:
            listener.close()
    raise UserError("serving.error.not_started")
