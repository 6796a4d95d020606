"""The built-in helper's model: fetched by the build itself when it is not here, so that no page has to stay open."""

from __future__ import annotations

import time

from core import jobs, models
from core.errors import UserError
from core.jobs.context import JobContext

POLL_S = 0.5


def fetch_starter(job: JobContext) -> None:
    """Waits until the starter model is installed, downloading it when necessary.

    Raises UserError when it cannot be had, JobStopped when the build is asked to stop (the download stops too).
    """
    if models.installed(job.ws, models.STARTER_ID) is not None:
        return
    job.phase("download")
    view = _download(job)
    while not view.state.is_terminal:
        if job.should_stop():
            jobs.request_stop(job.ws, view.id)
        job.check_stop()
        job.progress(view.done, view.total, view.unit)
        time.sleep(POLL_S)
        view = jobs.view(job.ws, view.id)
    if models.installed(job.ws, models.STARTER_ID) is None:
        if view.error:
            raise UserError(view.error["key"], **view.error.get("params", {}))
        raise UserError("qa.error.starter_interrupted")


def _download(job: JobContext) -> jobs.JobView:
    """The download that runs already, else a new one."""
    for view in jobs.list_jobs(job.ws, "download"):
        if view.params.get("model") == models.STARTER_ID and not view.state.is_terminal:
            return view
    return models.start_download(job.ws, models.STARTER_ID)
