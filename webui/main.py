"""Starts the web server of one workspace: environment, bind policy, one server only, log file, page."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import threading
import time
from logging.handlers import RotatingFileHandler

from core.errors import UserError
from core.storage.folders import sweep_uploads
from core.storage.locks import open_lock, try_lock
from core.storage.workspace import Workspace
from webui.bind import decide
from webui.security import clean_environment, launch, refuse

REFUSED = 2
SECOND_SERVER = 3
TIDY_S = 3600.0


def serve(host: str, port: int | None, *, open_browser: bool = False, extra_hosts: tuple[str, ...] = ()) -> None:
    """Serves until interrupted. Exits with 2 when the address is not allowed, 3 when a server already runs here."""
    ws = Workspace.default()
    try:
        policy = decide(host, port, extra_hosts)
    except UserError as error:
        refuse(error, REFUSED)
    lock = _only_server(ws)
    _prepare(ws)
    clean_environment(ws)
    threading.Thread(target=_tidy, args=(ws,), daemon=True).start()
    gc.disable()  # importing makes a million objects that all stay: looking through them again and again finds nothing
    from webui.layout import build

    try:
        launch(build(ws), policy, open_browser=open_browser, on_ready=_collect_from_now)
    finally:
        os.close(lock)


def _tidy(ws: Workspace) -> None:
    """Once an hour, what uploads and downloads left behind goes."""
    while True:
        time.sleep(TIDY_S)
        try:
            sweep_uploads(ws)
        except OSError:
            logging.getLogger("doctune.web").exception("tidying")


def _collect_from_now() -> None:
    """What the start made is kept for good; garbage that comes later is collected as ever."""
    gc.freeze()
    gc.enable()


def _only_server(ws: Workspace) -> int:
    """Holds the workspace's server lock for as long as this process lives."""
    lock = open_lock(ws.web_lock)
    if not try_lock(lock):
        os.lseek(lock, 0, os.SEEK_SET)
        refuse(UserError("web.error.second_server", pid=os.read(lock, 20).decode(errors="replace").strip() or "?"),
               SECOND_SERVER)
    os.ftruncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    return lock


def _prepare(ws: Workspace) -> None:
    from core.storage import sweep

    sweep(ws)
    shutil.rmtree(ws.upload_cache, ignore_errors=True)
    ws.upload_cache.mkdir(parents=True, mode=0o700)
    log = RotatingFileHandler(ws.web_log, maxBytes=2**20, backupCount=2, encoding="utf-8")
    log.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger = logging.getLogger("doctune")
    logger.addHandler(log)
    logger.setLevel(logging.INFO)
    logger.propagate = False
