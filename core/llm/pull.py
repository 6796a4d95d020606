"""Fetching a model onto an Ollama server, as a job: closing the page changes nothing, a second call goes on."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from core import jobs
from core.errors import UserError
from core.jobs import JobView
from core.jobs.transfer import Transfer
from core.llm.errors import ProviderError
from core.llm.opening import helper_key
from core.llm.secrets import Secret, install_redaction, load_key, worker_environment
from core.llm.settings import HelperSettings
from core.llm.urls import parse_base_url
from core.storage.workspace import Workspace

if TYPE_CHECKING:
    from core.jobs.context import JobContext

KIND = "pull"
AGAIN = ("too_large", "timeout", "unreachable")
"""Faults after which the server is asked once more: it keeps what has arrived."""
MOST_TRIES = 5
DEADLINE_S = 6 * 3600.0


def start_pull(ws: Workspace, helper: HelperSettings, key: str | Secret | None = None) -> JobView:
    """Starts the job, or returns the one that fetches this model already.

    Raises UserError when the helper is not Ollama, or no model is named.
    """
    if helper.kind != "ollama":
        raise UserError("pull.error.not_ollama")
    secret = helper_key(ws, helper, key)
    given = {"address": helper.address, "model": helper.model}
    for view in jobs.list_jobs(ws, KIND):
        if not view.state.is_terminal and view.params == given:
            return view
    environment = worker_environment(parse_base_url(helper.address).origin, secret)
    return jobs.start(ws, KIND, given, title=helper.model, env=environment)


def run(job: JobContext) -> None:
    """Handler of the job kind "pull"; `job.params`: address, model."""
    install_redaction()
    address, model = job.params["address"], job.params["model"]
    job.phase("fetch")
    for tried in range(1, MOST_TRIES + 1):
        try:
            return _fetch(job, address, model)
        except ProviderError as fault:
            if fault.kind == "model_missing":
                raise UserError("pull.error.no_such_model", model=model) from None
            if fault.kind not in AGAIN or tried == MOST_TRIES:
                raise


def _fetch(job: JobContext, address: str, model: str) -> None:
    from core.llm.ollama_client import OllamaClient

    sizes: dict[str, int] = defaultdict(int)
    there: dict[str, int] = defaultdict(int)
    transfer = Transfer(job, 0)
    with OllamaClient(address, model, load_key(job.ws, parse_base_url(address).origin)) as client:
        for digest, done, total in client.pull(model, DEADLINE_S):
            job.check_stop()
            if total:
                sizes[digest], there[digest] = total, done
                transfer.total = sum(sizes.values())
                transfer(sum(there.values()))
        if model not in (names := client.check()) and f"{model}:latest" not in names:
            raise UserError("pull.error.no_such_model", model=model)
    job.result(model=model)
