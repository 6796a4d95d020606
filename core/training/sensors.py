"""How warm the machine is and what its graphics card holds, as far as it tells; asked at most every few seconds."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

EVERY_S = 3.0
_OF_PROCESSORS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu-thermal", "soc_thermal", "acpitz")
"""Names of sensors that sit in processors, the best first (Linux, psutil)."""
_LIKELY = (1.0, 130.0)


@dataclass
class Sensors:
    """The last readings: °C and bytes; what the machine does not tell is not among them."""

    read_at: float = float("-inf")
    last: dict[str, float] = field(default_factory=dict)
    card: bool = True

    def now(self) -> dict[str, float]:
        """`cpu_temperature`, and of a graphics card `gpu_temperature`, `gpu_used` and `gpu_total`. Never fails."""
        moment = time.monotonic()
        if moment - self.read_at >= EVERY_S:
            found = _card() if self.card else {}
            self.card = self.card and bool(found)
            self.last, self.read_at = {**_processor(), **found}, moment
        return dict(self.last)


def _processor() -> dict[str, float]:
    """The warmest reading of the processor's own sensor."""
    import psutil

    try:
        found = psutil.sensors_temperatures() if hasattr(psutil, "sensors_temperatures") else {}
    except (OSError, ValueError, RuntimeError):
        return {}
    for name in _OF_PROCESSORS:
        values = [one.current for one in found.get(name, ()) if one.current and _LIKELY[0] < one.current < _LIKELY[1]]
        if values:
            return {"cpu_temperature": round(max(values), 1)}
    return {}


def _card() -> dict[str, float]:
    """Of the first NVIDIA card."""
    try:
        import pynvml
    except ImportError:
        return {}
    try:
        pynvml.nvmlInit()
        try:
            card = pynvml.nvmlDeviceGetHandleByIndex(0)
            memory = pynvml.nvmlDeviceGetMemoryInfo(card)
            warmth = pynvml.nvmlDeviceGetTemperature(card, pynvml.NVML_TEMPERATURE_GPU)
            return {"gpu_temperature": float(warmth), "gpu_used": float(memory.used), "gpu_total": float(memory.total)}
        finally:
            pynvml.nvmlShutdown()
    except pynvml.NVMLError:
        return {}
