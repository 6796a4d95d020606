"""What this machine has for a run right now, asked without torch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from core import jobs
from core.errors import UserError
from core.jobs.capacity import free_memory
from core.storage import Workspace, read_json
from core.storage.space import RESERVE_BYTES as DISK_RESERVE
from core.training.curves import curves
from core.training.runs import LEASE

__all__ = ["DISK_RESERVE", "KINDS", "Machine", "cards", "gigabytes", "has_template", "hidden_card", "last_speed",
           "look"]

KINDS = ("train", "tune", "measure")
"""Kinds of jobs that train, and do not make way for each other."""
PROGRAM, PROGRAM_CARD = 700_000_000, 600_000_000
"""Bytes of the program before a model is loaded: its libraries, or the context of a graphics card."""


@dataclass(frozen=True)
class Machine:
    """Free bytes where the model will be, of the card or the machine; what the program takes there; free disk."""

    free: int
    program: int
    disk_free: int
    card: bool


def look(ws: Workspace) -> Machine:
    """The machine now. Memory of a model server that makes way for training counts as free."""
    import psutil

    disk = psutil.disk_usage(str(ws.root)).free
    card = _card()
    if card is not None and torch_has_cuda():
        return Machine(card + _given_back_on_card(ws), PROGRAM_CARD, disk, True)
    return Machine(free_memory() + _given_back(ws), PROGRAM, disk, False)


def has_card() -> bool:
    """Whether training will run on an NVIDIA card."""
    return _card() is not None and torch_has_cuda()


def hidden_card() -> str:
    """Key of the sentence for a graphics card that training will not use; "" when there is none or it is used."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1") and _card() is not None:
        return "train.preflight.card_hidden"
    if _card() is None:
        return ""
    return "" if torch_has_cuda() else "train.preflight.card_unused"


def torch_has_cuda() -> bool:
    """Whether the installed torch was built for NVIDIA cards, as its version file says."""
    spec = find_spec("torch")
    places = spec.submodule_search_locations if spec else None
    if not places:
        return False
    lines = _version_lines(places[0])
    return any(line.startswith("cuda") and not line.rstrip().endswith("None") for line in lines)


def has_template(folder: Path) -> bool:
    """Whether a model folder brings a chat template, in any of the places where libraries look for one."""
    if (folder / "chat_template.jinja").is_file() or (folder / "chat_template.json").is_file():
        return True
    try:
        return bool(read_json(folder / "tokenizer_config.json").get("chat_template"))
    except (OSError, UserError, AttributeError):
        return False


def last_speed(ws: Workspace, model: str) -> float | None:
    """Tokens a second of the newest run with this model that reported any: the median of its steps."""
    for job in jobs.list_jobs(ws, "train"):
        if job.params.get("model") == model:
            speeds = sorted(speed for _, speed in curves(ws, job.id).tokens_per_second)
            if len(speeds) > 2:
                return speeds[len(speeds) // 2]
    return None


def gigabytes(count: float) -> str:
    """A size in GB with two digits that matter."""
    value = count / 1e9
    return f"{value:.1f} GB" if value < 10 else f"{value:.0f} GB"


def cards() -> int:
    """How many NVIDIA cards training may use: those that CUDA_VISIBLE_DEVICES leaves."""
    there = len(_free_of_cards())
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return there if visible is None else min(there, len([name for name in visible.split(",") if name.strip()]))


def _card() -> int | None:
    """Free bytes of the first NVIDIA card; None without one."""
    return next(iter(_free_of_cards()), None)


def _free_of_cards() -> list[int]:
    """Free bytes of each NVIDIA card."""
    try:
        import pynvml
    except ImportError:
        return []
    try:
        pynvml.nvmlInit()
        try:
            return [int(pynvml.nvmlDeviceGetMemoryInfo(pynvml.nvmlDeviceGetHandleByIndex(number)).free)
                    for number in range(pynvml.nvmlDeviceGetCount())]
        finally:
            pynvml.nvmlShutdown()
    except pynvml.NVMLError:
        return []


def _given_back(ws: Workspace) -> int:
    """Bytes of the process that lets go of the machine when a run wants it."""
    import psutil

    pid = _making_way(ws)
    try:
        return int(psutil.Process(pid).memory_info().rss) if pid else 0
    except psutil.Error:
        return 0


def _given_back_on_card(ws: Workspace) -> int:
    """The same on the first card, as far as the driver tells what each process holds."""
    pid = _making_way(ws)
    if not pid:
        return 0
    import pynvml

    try:
        pynvml.nvmlInit()
        try:
            running = pynvml.nvmlDeviceGetComputeRunningProcesses(pynvml.nvmlDeviceGetHandleByIndex(0))
            return sum(int(one.usedGpuMemory or 0) for one in running if one.pid == pid)
        finally:
            pynvml.nvmlShutdown()
    except pynvml.NVMLError:
        return 0


def _making_way(ws: Workspace) -> int | None:
    """The process that lets go of the machine when a run wants it; None when nobody would."""
    holder = jobs.holder(ws, LEASE)
    return None if holder is None or holder.kind in KINDS else holder.pid


def _version_lines(folder: str) -> list[str]:
    from core.storage.workspace import user_path

    try:
        return (user_path(folder) / "version.py").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
