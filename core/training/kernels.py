"""Faster kernels for graphics cards: when they can be used, and why not otherwise. Nothing here needs torch.

Liger's (Hsu et al. 2024, arXiv:2410.10989) replace norms, rotary positions and feed-forward parts of a model; losses
stay ours. Unsloth replaces attention and trainers as a whole and pins other versions of the libraries, so it cannot
work inside this trainer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.errors import UserError
from core.storage import read_json
from core.training.monitors import installed
from core.training.settings import TrainSettings

PACKAGE = "liger_kernel"
FAMILIES = frozenset({"gemma", "gemma2", "gemma3_text", "glm4", "granite", "llama", "ministral", "mistral", "nemotron",
                      "olmo2", "olmo3", "phi3", "qwen2", "qwen3", "smollm3"})
"""Model types of config.json for which liger-kernel 0.7 and later have kernels, as far as they are text models."""
STAGES = ("sft", "pt")


def why_not(settings: TrainSettings, model_type: str, card: bool) -> UserError | None:
    """Why the kernels that the settings ask for are not used; None when they are, or none are asked for.

    Args:
        card: training runs on an NVIDIA card.
    """
    if settings.kernels == "none":
        return None
    if settings.kernels == "unsloth":
        return UserError("train.kernels.unsloth")
    if not card:
        return UserError("train.kernels.no_card")
    if not installed(PACKAGE):
        return UserError("train.kernels.no_package")
    if settings.stage not in STAGES:
        return UserError("train.kernels.stage")
    if model_type not in FAMILIES:
        return UserError("train.kernels.family", kind=model_type or "?")
    return None


def arguments(settings: TrainSettings, model_type: str, card: bool) -> dict[str, Any]:
    """What the trainer's arguments get: kernels are put into the model by the library when it can be done."""
    used = settings.kernels == "liger" and why_not(settings, model_type, card) is None
    return {"use_liger_kernel": True} if used else {}


def type_of(folder: Path) -> str:
    """The model type that a folder's config.json names; "" without one."""
    try:
        config = read_json(folder / "config.json")
        return str((config.get("text_config") or config).get("model_type") or "")
    except (OSError, UserError, AttributeError):
        return ""
