"""What the machine can do for training: device, number format, and whether memory suffices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_SHARE_OF_FREE = 0.7
_M_MMAP_THRESHOLD = -3
_OWN_MAPPING_BYTES = 1 << 20


@dataclass(frozen=True)
class Device:
    """Where and in which numbers a run is computed. `kind` is "cuda", "mps" or "cpu"; `dtype` a torch dtype's name."""

    kind: str
    dtype: str
    free_bytes: int


def find_device() -> Device:
    """The best device of this machine.

    Without a graphics card everything is single precision: most processors compute bfloat16 by emulation, about a
    hundred times slower, and those that do not still train small models as fast in single precision.
    """
    import psutil
    import torch

    if torch.cuda.is_available():
        free, _ = torch.cuda.mem_get_info()
        return Device("cuda", "bfloat16" if torch.cuda.is_bf16_supported() else "float32", free)
    free = psutil.virtual_memory().available
    if torch.backends.mps.is_available():
        return Device("mps", "float32", free)
    return Device("cpu", "float32", free)


def keep_heap_small() -> None:
    """Gives every large array a mapping of its own, so that the C library's heap keeps no holes between them.

    With checkpointing that takes a third of the memory, and a quarter more processor time (measured with glibc, see
    benchmarks/README.md; other libraries have no such switch).
    """
    import ctypes

    try:
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _OWN_MAPPING_BYTES)
    except (OSError, AttributeError, TypeError):
        return


def used_bytes() -> int:
    """Bytes that this process holds now: of the card that it uses, else of the machine."""
    import psutil
    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.memory_reserved())
    return int(psutil.Process().memory_info().rss)


def activation_bytes(config: Any, rows: int, tokens: int, bytes_per_number: int) -> int:
    """Memory that the backward pass keeps, about, for `rows` of `tokens` each.

    Per layer some 34 numbers of the hidden size and the attention scores a token (Korthikanti et al. 2022, "Reducing
    Activation Recomputation in Large Transformer Models", section 4.1), plus logits in single precision.
    """
    hidden, layers = config.hidden_size, config.num_hidden_layers
    inner = getattr(config, "intermediate_size", 4 * hidden) or 4 * hidden
    per_token = layers * (14 * hidden + 5 * inner) + layers * config.num_attention_heads * tokens
    return rows * tokens * (per_token * bytes_per_number + 3 * 4 * config.vocab_size)


def needs_checkpointing(config: Any, rows: int, tokens: int, device: Device) -> bool:
    """Whether activations must be computed twice (a third slower) to fit into memory."""
    numbers = 2 if device.dtype == "bfloat16" else 4
    return activation_bytes(config, rows, tokens, numbers) > _SHARE_OF_FREE * device.free_bytes
