"""The helper of a job: asked to stop, the job soon breaks off what it still waits for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core.jobs.context import JobContext
from core.llm.opening import open_client
from core.llm.settings import HelperSettings
from core.llm.types import ChatClient

GRACE_S = 5.0


@contextmanager
def helper_of(job: JobContext, helper: HelperSettings) -> Iterator[ChatClient]:
    """The helper's client, see `stoppable`."""
    with stoppable(job, open_client(job.ws, helper)) as client:
        yield client


@contextmanager
def stoppable(job: JobContext, client: ChatClient) -> Iterator[ChatClient]:
    """A client whose requests are broken off `GRACE_S` seconds after the job was asked to stop; closed at the end."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            if job.should_stop():
                if not over.wait(GRACE_S):
                    client.cancel()
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield client
    finally:
        over.set()
        watcher.join()
        client.close()
