"""Handler of the job kind "hub"."""

from __future__ import annotations

from core.hubs.pull import pull
from core.hubs.push import push
from core.jobs import JobContext
from core.llm.secrets import install_redaction


def run(job: JobContext) -> None:
    """Params: op and what it needs; never a token."""
    install_redaction()
    {"pull": pull, "push": push}[job.params["op"]](job)
