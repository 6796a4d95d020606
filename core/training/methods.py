"""How a model is changed: adapters by PEFT, or some or all of its own weights.

Libraries are loaded by the functions that need them: the page asks `check` without them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.errors import UserError
from core.training import low_rank, ranks, scale
from core.training.hardware import Device
from core.training.settings import TrainSettings


def check(settings: TrainSettings) -> None:
    """Raises UserError for settings that cannot work together; it names them and what to do."""
    settings = settings.effective()
    scale.check(settings)
    low_rank.check(settings)
    if settings.lora_variant == "pissa" and settings.quantization != "none":
        raise UserError("train.error.pissa_quantized")
    without_reference = settings.stage == "dpo" and settings.preference_loss in ("orpo", "simpo")
    if settings.trains_prompt and (settings.stage in ("reward", "rlhf") or without_reference):
        raise UserError("train.error.prompt_stage")
    if settings.stage == "kto" and settings.batch_size < 2:
        raise UserError("train.error.kto_batch")
    if settings.stage == "rlhf" and settings.reward == "model" and not settings.reward_run:
        raise UserError("train.error.no_reward_run")


def load_model(folder: Path, settings: TrainSettings, device: Device) -> Any:
    """The base model as the stage and method need it: with a score for rewards, quantized for QLoRA.

    Whole models are kept in single precision and computed in mixed precision: steps of half a millionth would be lost
    in bfloat16.

    Raises:
        UserError: the weights cannot be quantized on this machine.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, set_seed

    dtype = torch.float32 if settings.trains_whole else getattr(torch, device.dtype)
    given: dict[str, Any] = {"dtype": dtype, "use_safetensors": True, "local_files_only": True}
    if settings.stage == "reward":
        set_seed(settings.seed)  # the score begins at random
        kind: Any = AutoModelForSequenceClassification
        given["num_labels"] = 1
    else:
        kind = AutoModelForCausalLM
    if settings.quantization == "none":
        return kind.from_pretrained(str(folder), **given)
    try:
        given |= {"quantization_config": _quantization(settings.quantization, dtype),
                  "device_map": {"": ranks.place(device.kind)}}
        model = kind.from_pretrained(str(folder), **given)
    except (ImportError, OSError, RuntimeError, ValueError, NotImplementedError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise UserError("train.error.no_quantization", reason=reason) from error
    for layer in model.modules():
        # On some processors a check on held-out rows would repack the weights, and what is trained after it differs.
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            layer.support_avx512bf16_for_cpu = False
    return model


def _quantization(bits: str, dtype: Any) -> Any:
    """4 bits as in Dettmers et al. 2023, "QLoRA": normal floats, the scales quantized again."""
    import bitsandbytes  # noqa: F401  (fails here with its own reason, not deep inside a loader)
    from transformers import BitsAndBytesConfig

    if bits == "8bit":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
                              bnb_4bit_compute_dtype=dtype)


def peft_config(settings: TrainSettings, model: Any) -> Any | None:
    """PEFT's configuration of an adapter; None when the model's own weights are trained.

    Raises:
        UserError: the method does not know this kind of model.
    """
    import peft

    task = "SEQ_CLS" if settings.stage == "reward" else "CAUSAL_LM"
    tokens: dict[str, Any] = {"task_type": task, "num_virtual_tokens": settings.virtual_tokens}
    if settings.method == "lora":
        start: Any = "pissa" if settings.lora_variant == "pissa" else True
        return peft.LoraConfig(r=settings.lora_rank, lora_alpha=settings.lora_alpha, init_lora_weights=start,
                               lora_dropout=settings.lora_dropout, target_modules="all-linear", task_type=task,
                               use_dora=settings.lora_variant == "dora", use_rslora=settings.lora_variant == "rslora")
    if settings.method == "prompt":
        return peft.PromptTuningConfig(**tokens)
    if settings.method == "prefix":
        return peft.PrefixTuningConfig(**tokens)
    if settings.method == "p_tuning":
        hidden = model.config.get_text_config().hidden_size
        return peft.PromptEncoderConfig(**tokens, encoder_hidden_size=hidden)
    if settings.method == "ia3":
        return _ia3(model, task)
    if settings.method == "oft":
        return peft.OFTConfig(r=0, oft_block_size=settings.oft_block_size, target_modules="all-linear", task_type=task)
    return None


def _ia3(model: Any, task: str) -> Any:
    from peft import IA3Config
    from peft.utils import (
        TRANSFORMERS_MODELS_TO_IA3_FEEDFORWARD_MODULES_MAPPING,
        TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING,
    )

    kind = model.config.get_text_config().model_type
    # The libraries' table lags behind new models; most have a Llama's layers.
    targets = TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING.get(kind, ["k_proj", "v_proj", "down_proj"])
    forward = TRANSFORMERS_MODELS_TO_IA3_FEEDFORWARD_MODULES_MAPPING.get(kind, ["down_proj"])
    present = {name.rsplit(".", 1)[-1] for name, _ in model.named_modules()}
    if not set(targets) <= present:
        raise UserError("train.error.method_model", kind=kind)
    return IA3Config(target_modules=targets, feedforward_modules=forward, task_type=task)


def choose_weights(model: Any, settings: TrainSettings) -> None:
    """Says which of the model's own weights are trained; does nothing for adapters."""
    if settings.method == "freeze":
        layers = layers_of(model)
        count = min(settings.trained_layers, len(layers))
        model.requires_grad_(False)
        for layer in layers[-count:] if settings.trained_side == "last" else layers[:count]:
            layer.requires_grad_(True)
        if hasattr(model, "score"):
            model.score.requires_grad_(True)


def layers_of(model: Any) -> Any:
    """The decoder's layers in their order. Raises UserError for a model that has no such list."""
    from torch.nn import ModuleList

    config = model.config.get_text_config()
    for module in model.base_model.modules():
        if isinstance(module, ModuleList) and len(module) == config.num_hidden_layers:
            return module
    raise UserError("train.error.method_model", kind=config.model_type)


def rows_may_share(settings: TrainSettings) -> bool:
    """Whether rows side by side in one sequence give the loss of padded rows.

    Dropout and NEFTune draw anew for every row, so a shared opening would be another model; 8-bit products look for
    outliers among all tokens that they get at once; virtual tokens stand before each row.
    """
    draws = settings.lora_dropout > 0 or settings.neftune_alpha > 0
    return not (draws or settings.trains_prompt or settings.quantization == "8bit")
