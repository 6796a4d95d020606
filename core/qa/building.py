"""Starting a build of pairs as a job."""

from __future__ import annotations

from core import jobs
from core.errors import UserError
from core.jobs import JobView
from core.llm.opening import helper_key
from core.llm.secrets import Secret, worker_environment
from core.llm.urls import parse_base_url
from core.models.store import network_environment
from core.qa.material import material, ready_documents
from core.qa.settings import BuildSettings
from core.storage.workspace import Workspace


def start_build(ws: Workspace, settings: BuildSettings, key: str | Secret | None = None, title: str = "") -> JobView:
    """Starts a build; the key reaches the worker in its environment only.

    Raises UserError when the helper is not set up, another build is running, or everything should be written again
    though nothing has changed since.
    """
    if settings.scope == "all" and not _anything_new(ws, settings):
        raise UserError("qa.error.same_again")
    return jobs.start(
        ws,
        "build",
        {"settings": settings.model_dump(mode="json")},
        title=title,
        lease="qa-main",
        env=_environment(ws, settings, key),
    )


def _anything_new(ws: Workspace, settings: BuildSettings) -> bool:
    """Whether a chunk of these documents was last written by another recipe, or has not been written yet, or a
    document is not what it was then."""
    from core.qa.generate import recipe
    from core.qa.ledger import Ledger

    wanted = {d.id for d in ready_documents(ws, settings.documents)}
    with Ledger(ws) as ledger:
        known = {row["id"]: row["sha256"] for row in ledger.query("SELECT id, sha256 FROM documents")}
        changed = any(known.get(id) != material(ws, id).digest for id in wanted)
        return changed or bool(ledger.spans(wanted, missing_only=False, recipe=recipe(settings)))


def resume_build(ws: Workspace, job_id: str, key: str | Secret | None = None) -> JobView:
    """Continues a stopped, failed or interrupted build; nothing that was answered is asked again."""
    settings = BuildSettings.load(jobs.view(ws, job_id).params["settings"])
    return jobs.resume(ws, job_id, env=_environment(ws, settings, key))


def _environment(ws: Workspace, settings: BuildSettings, key: str | Secret | None) -> dict[str, str]:
    if settings.helper.kind == "builtin":
        return network_environment()
    secret = helper_key(ws, settings.helper, key)
    return worker_environment(parse_base_url(settings.helper.address).origin, secret)
