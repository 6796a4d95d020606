"""What several processes can and cannot do, told in words; asked by the page, so torch is never imported."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from core.errors import UserError
from core.jobs.capacity import usable_cores
from core.training.settings import TrainSettings

STAGES = {"ddp": ("sft", "pt", "dpo", "kto", "reward"), "fsdp": ("sft", "pt"), "zero": ("sft", "pt")}
"""Strategy → stages whose loss over several processes is that of one (measured; see benchmarks/README.md). KTO compares
the rows of each process by themselves, and other stages than sft and pt repeat rows to fill their last batch."""
_SHARDED_METHODS = ("lora", "freeze", "full")


def family(settings: TrainSettings) -> str:
    """The strategy without its details: ddp, fsdp or zero."""
    return settings.strategy.partition("_")[0].rstrip("23")


def check(settings: TrainSettings) -> None:
    """Raises UserError for a strategy that does not go with the other settings, or whose package is missing."""
    settings = settings.effective()
    if not settings.is_launched:
        return
    kind = family(settings)
    if settings.stage not in STAGES[kind]:
        raise UserError(f"train.error.strategy_stage_{'ddp' if kind == 'ddp' else 'sharded'}")
    if settings.machines > 1 and not settings.main_address:
        raise UserError("train.error.no_address")
    if kind == "zero" and not deepspeed():
        raise UserError("train.error.no_deepspeed")
    if kind == "ddp":
        return
    if settings.quantization != "none":
        raise UserError("train.error.strategy_quantized")
    if settings.method not in _SHARDED_METHODS or settings.lora_variant in ("pissa", "dora"):
        raise UserError("train.error.strategy_method")
    if settings.optimizer != "adamw":
        raise UserError("train.error.strategy_optimizer")


def deepspeed() -> bool:
    """Whether DeepSpeed is installed; nothing is imported."""
    return find_spec("deepspeed") is not None


def concerns(settings: TrainSettings, cards: int) -> list[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """(grade, key of a sentence, its parameters, settings that mend it) of what the machine has for a strategy.

    Args:
        cards: graphics cards of this machine that training can use.
    """
    if not settings.is_launched:
        return []
    found: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = []
    asked, alone = settings.processes, {"strategy": "single"}
    if cards and asked > cards:
        few = {"processes": cards} if cards * settings.machines > 1 else alone
        found.append(("blocker", "train.preflight.few_cards", {"asked": asked, "found": cards}, few))
    elif not cards and asked > usable_cores():
        found.append(("blocker", "train.preflight.few_cores", {"asked": asked, "found": usable_cores()}, alone))
    elif not cards:
        found.append(("doubt", "train.preflight.no_cards", {}, alone))
    if settings.machines > 1:
        found.append(("doubt", "train.preflight.machines", {"count": settings.machines - 1}, {}))
    if settings.questions.strip() and family(settings) != "ddp":
        found.append(("doubt", "train.preflight.no_answers", {}, {}))
    return found
