"""Which engine reads a document, where the other engine is, and what the children of each are given."""

from __future__ import annotations

import os
import shlex
import shutil
from dataclasses import dataclass, field
from typing import Any

from core.documents.detect import IMAGES
from core.documents.settings import ChildLimits, ConvertSettings, MinerUSettings
from core.errors import UserError
from core.storage import Workspace, read_json, write_json

CHILD = "core.documents.child:run"
MINERU = "core.documents.mineru:run"
MINERU_KINDS = frozenset({"pdf", *IMAGES})
"""Kinds that MinerU reads for us; all others have readers of their own here, which lose nothing."""
ADDRESS, COMMAND = "DOCTUNE_MINERU_URL", "DOCTUNE_MINERU_COMMAND"
_PAGES_A_REQUEST, _PAGES_A_COMMAND = 8, 60
_COMMAND_NAMES = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
_COMMAND_PREFIXES = ("MINERU_", "HF_", "MODELSCOPE_", "CUDA_", "NVIDIA_", "ROCM_", "HIP_", "ASCEND_", "TORCH_")


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


@dataclass(frozen=True)
class MinerU:
    """MinerU as it can be reached: by the address of its server, or by a command."""

    settings: MinerUSettings
    command: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The address or the command, for people."""
        return self.settings.address or (self.command[0] if self.command else "")


def mineru(ws: Workspace) -> MinerU | None:
    """MinerU on this computer or where the person said it is; None when there is none.

    The command comes from the environment or the search path alone, never from the web page: whoever may use the page
    must not choose which program runs.
    """
    settings = load_mineru(ws)
    if settings.address:
        return MinerU(settings)
    words = tuple(shlex.split(os.environ.get(COMMAND, ""), posix=os.name != "nt")) or ("mineru",)
    program = shutil.which(words[0])
    return MinerU(settings, (program, *words[1:])) if program else None


def load_mineru(ws: Workspace) -> MinerUSettings:
    """What the person chose; the address in the environment goes before the stored one."""
    stored = read_json(ws.settings_file).get("mineru", {}) if ws.settings_file.is_file() else {}
    address = os.environ.get(ADDRESS, "")
    return MinerUSettings.load({**stored, **({"address": address} if address else {})})


def save_mineru(ws: Workspace, settings: MinerUSettings, key: str = "") -> None:
    """Stores where MinerU is, and a key for that origin with the other keys. Raises ProviderError for a bad address."""
    from core.llm.secrets import save_key
    from core.llm.urls import parse_base_url

    if settings.address:
        target = parse_base_url(settings.address)
        if key.strip():
            save_key(ws, target.origin, key)
    stored = read_json(ws.settings_file) if ws.settings_file.is_file() else {}
    ws.settings_file.parent.mkdir(parents=True, exist_ok=True)
    write_json(ws.settings_file, {**stored, "mineru": settings.model_dump()})


def require_engine(ws: Workspace, settings: ConvertSettings) -> None:
    """Raises UserError when the chosen engine is not there, or its address is refused."""
    if settings.engine == "builtin":
        if settings.lang not in ("auto", "ch"):
            raise UserError("convert.error.language", lang=settings.lang)
        return
    found = mineru(ws)
    if found is None:
        raise UserError("convert.error.no_mineru")
    if found.settings.address:
        from core.llm.urls import parse_base_url

        parse_base_url(found.settings.address)


def engine_environment() -> dict[str, str]:
    """Variables that say where the other engine is, for a job."""
    return {name: value for name, value in os.environ.items()
            if name in (ADDRESS, COMMAND) or name.startswith("MINERU_")}


def plan_for(ws: Workspace, settings: ConvertSettings, kind: str, limits: ChildLimits) -> Plan:
    """The plan for a document of that kind. Raises UserError when the engine is not there."""
    if settings.engine == "builtin" or kind not in MINERU_KINDS:
        return Plan(CHILD, limits.page_s, limits.memory_bytes, limits.file_bytes)
    require_engine(ws, settings)
    found = mineru(ws)
    assert found is not None
    pages = _PAGES_A_COMMAND if found.command else _PAGES_A_REQUEST
    given = {"mineru": {**found.settings.model_dump(), "command": list(found.command), "pages": pages,
                        "lang": settings.lang}}
    if found.command:
        env = {name: value for name, value in os.environ.items()
               if name in _COMMAND_NAMES or name.startswith(_COMMAND_PREFIXES)}
        # The person's own program: it loads models of many gigabytes, so only its time is limited.
        return Plan(MINERU, found.settings.wait_s + limits.page_s, None, None, env, given)
    from core.llm.secrets import load_key, worker_environment
    from core.llm.urls import parse_base_url

    origin = parse_base_url(found.settings.address).origin
    waits = found.settings.wait_s * (pages + 1)  # when all pages together fail, each is tried alone
    return Plan(MINERU, waits + limits.page_s, limits.memory_bytes, limits.file_bytes,
                worker_environment(origin, load_key(ws, origin)), given)
