"""Which engine reads a document, and what its children are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.documents.settings import ChildLimits, ConvertSettings
from core.storage import Workspace

CHILD = "core.documents.child:run"


@dataclass(frozen=True)
class Plan:
    """How a child is run.

    Args:
        target: the function that it runs.
        page_s, memory_bytes, file_bytes: see `ChildLimits`; None for no limit.
        env, input: further variables and input.
    """

    target: str
    page_s: float
    memory_bytes: int | None
    file_bytes: int | None
    env: dict[str, str] = field(default_factory=dict)
    input: dict[str, Any] = field(default_factory=dict)


def plan_for(ws: Workspace, settings: ConvertSettings, kind: str, limits: ChildLimits) -> Plan:
    """The plan for a document of that kind."""
    return Plan(CHILD, limits.page_s, limits.memory_bytes, limits.file_bytes)
