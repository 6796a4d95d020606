"""What this computer has: processors, memory, disk, graphics card. Asked without torch, so a page can show it."""

from __future__ import annotations

from dataclasses import dataclass

from core.storage.workspace import Workspace


@dataclass(frozen=True)
class Hardware:
    """Facts about the machine; sizes in bytes. `gpus` names each card with its memory and what of it is free."""

    cores: int
    memory: int
    memory_free: int
    disk_free: int
    gpus: tuple[tuple[str, int, int], ...]


def hardware(ws: Workspace) -> Hardware:
    """Reads the facts now."""
    import psutil

    memory = psutil.virtual_memory()
    return Hardware(psutil.cpu_count(logical=False) or psutil.cpu_count() or 1, memory.total, memory.available,
                    psutil.disk_usage(str(ws.root)).free, _gpus())


def _gpus() -> tuple[tuple[str, int, int], ...]:
    try:
        import pynvml
    except ImportError:
        return ()
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return ()
    found = []
    for index in range(pynvml.nvmlDeviceGetCount()):
        handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        found.append((str(pynvml.nvmlDeviceGetName(handle)), int(memory.total), int(memory.free)))
    pynvml.nvmlShutdown()
    return tuple(found)
