"""Starting a build of pairs as a job."""

from __future__ import annotations

from core import jobs
from core.jobs import JobView
from core.llm.opening import helper_key
from core.llm.secrets import Secret, worker_environment
from core.llm.urls import parse_base_url
from core.models.store import network_environment
from core.qa.settings import BuildSettings
from core.storage.workspace import Workspace


def start_build(ws: Workspace, settings: BuildSettings, key: str | Secret | None = None, title: str = "") -> JobView:
    """Starts a build; the key reaches the worker in its environment only.

    Raises UserError when the helper is not set up, or another build is running.
    """
    return jobs.start(
        ws,
        "build",
        {"settings": settings.model_dump(mode="json")},
        title=title,
        lease="qa-main",
        env=_environment(ws, settings, key),
    )


def resume_build(ws: Workspace, job_id: str, key: str | Secret | None = None) -> JobView:
    """Continues a stopped, failed or interrupted build; nothing that was answered is asked again."""
    settings = BuildSettings.load(jobs.view(ws, job_id).params["settings"])
    return jobs.resume(ws, job_id, env=_environment(ws, settings, key))


def _environment(ws: Workspace, settings: BuildSettings, key: str | Secret | None) -> dict[str, str]:
    if settings.helper.kind == "builtin":
        return network_environment()
    secret = helper_key(ws, settings.helper, key)
    return worker_environment(parse_base_url(settings.helper.address).origin, secret)
