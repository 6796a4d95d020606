"""What was asked for: written once into the job's folder, never changed, without secrets."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import Any

from core.errors import UserError
from core.storage import read_json
from core.storage.workspace import JobPaths


@dataclass(frozen=True)
class JobSpec:
    """One job.

    Args:
        params: what the handler gets; JSON values.
        lease: name of the resource that the job holds while it runs, or None.
        waits: whether the job waits for its lease, in the order in which such jobs were started.
        yields: whether the job may be stopped when another one wants its lease.
        argv: command that replaces the standard worker, or None.
        grace_s: seconds from the stop request to SIGTERM, and from there to SIGKILL.
        silence_s: seconds without any event or log output after which the job counts as hung; None for never.
    """

    id: str
    kind: str
    title: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    lease: str | None = None
    yields: bool = False
    waits: bool = False
    argv: list[str] | None = None
    grace_s: tuple[float, float] = (30.0, 10.0)
    silence_s: float | None = None
    created_at: float = field(default_factory=time.time)

    def as_dict(self) -> dict[str, Any]:
        """Form that is stored as ``spec.json``."""
        return asdict(self)


def load_spec(paths: JobPaths) -> JobSpec:
    """The spec of a job. Raises UserError when there is no such job or its spec is damaged."""
    try:
        values = read_json(paths.spec)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError("jobs.error.unknown", id=paths.id) from None
    try:
        values["grace_s"] = tuple(map(float, values["grace_s"]))
        spec = JobSpec(**values)
    except (TypeError, KeyError, ValueError):
        raise UserError("storage.error.damaged", name=f"{paths.id}/{paths.spec.name}") from None
    if spec.id != paths.id or not isinstance(spec.params, dict) or not isinstance(spec.created_at, int | float):
        raise UserError("storage.error.damaged", name=f"{paths.id}/{paths.spec.name}")
    return spec
