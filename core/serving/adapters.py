"""Adapters from disk: what is refused before anything is loaded, and how one joins the model in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.storage.atomic import read_json

BASE = "__base__"
_CONFIG = "adapter_config.json"
_WEIGHTS = "adapter_model.safetensors"
# Everything else in an adapter's configuration concerns training, other engines, or where its base came from.
_USED = ("r", "lora_alpha", "target_modules", "exclude_modules", "rank_pattern", "alpha_pattern", "use_rslora",
         "use_dora", "fan_in_fan_out", "modules_to_save", "layers_to_transform", "layers_pattern")
# These change the weights that all adapters share, or need another forward pass.
_REFUSED = ("layer_replication", "trainable_token_indices", "target_parameters", "alora_invocation_tokens", "lora_bias",
            "megatron_config", "auto_mapping")
_PLAIN_STARTS = (True, False, None, "gaussian", "orthogonal")


@dataclass(frozen=True)
class AdapterFiles:
    """A checked adapter folder: the settings that matter for answering, and the safetensors file."""

    config: dict[str, Any]
    weights: Path


def read_adapter(folder: Path) -> AdapterFiles:
    """Checks a LoRA adapter folder without loading it.

    Raises:
        UserError: weights are missing or not safetensors, it is not LoRA, or it changes the shared base weights.
    """
    return adapter_files(folder, *adapter_parts(folder))


def adapter_parts(folder: Path) -> tuple[dict[str, Any], Path]:
    """Configuration and weights of an adapter of any kind. Raises UserError: missing, or not safetensors."""
    files = {path.name: path for path in folder.iterdir()} if folder.is_dir() else {}
    if _CONFIG not in files:
        raise UserError("serving.error.adapter_missing", name=folder.name)
    if _WEIGHTS not in files:
        raise UserError("serving.error.adapter_not_safetensors", name=folder.name)
    config = read_json(files[_CONFIG])
    return config if isinstance(config, dict) else {}, files[_WEIGHTS]


def adapter_files(folder: Path, config: dict[str, Any], weights: Path) -> AdapterFiles:
    """A LoRA adapter that leaves the base weights as they are. Raises UserError for any other."""
    if config.get("peft_type") != "LORA":
        raise UserError("serving.error.adapter_kind", name=folder.name)
    wrong = [key for key in _REFUSED if config.get(key)]
    if config.get("init_lora_weights", True) not in _PLAIN_STARTS:
        wrong.append("init_lora_weights")
    if config.get("bias", "none") != "none":
        wrong.append("bias")
    if wrong:
        raise UserError("serving.error.adapter_changes_base", name=folder.name, settings=", ".join(wrong))
    return AdapterFiles({key: config[key] for key in _USED if config.get(key) is not None}, weights)


def attach(model: Any, name: str, files: AdapterFiles) -> Any:
    """Adds an adapter to a model in memory and returns the model that now carries it.

    Raises:
        UserError: the adapter does not fit this base model; the model is then as before.
    """
    from peft import LoraConfig, PeftModelForCausalLM, set_peft_model_state_dict
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    peft = model if isinstance(model, PeftModelForCausalLM) else None
    try:
        weights = load_file(files.weights, device=str(model.device))
        config = LoraConfig(task_type="CAUSAL_LM", inference_mode=True, init_lora_weights=False, **files.config)
        if peft is None:
            peft = PeftModelForCausalLM(model, config, adapter_name=name)
        else:
            peft.add_adapter(name, config)
        outcome: Any = set_peft_model_state_dict(peft, weights, adapter_name=name)
    except (ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
        _forget(peft, name)
        raise UserError("serving.error.adapter_mismatch", name=name) from error
    missing = [key for key in outcome.missing_keys if "lora_" in key and name in key.split(".")]
    if missing or outcome.unexpected_keys:
        _forget(peft, name)
        raise UserError("serving.error.adapter_mismatch", name=name)
    peft.eval()
    peft.requires_grad_(False)
    return peft


@contextmanager
def rows_use(model: Any, names: Sequence[str]) -> Iterator[None]:
    """While open, row i of every forward pass goes through adapter `names[i]` (`BASE` for none).

    PEFT's own `generate(adapter_names=…)` leaves its hooks behind when a forward pass fails, and with them the rows
    of that batch; this one always takes them off.
    """
    from peft import PeftModel
    from peft.tuners.lora import LoraLayer
    from peft.utils.other import AuxiliaryTrainingWrapper

    def hook(_module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return args, {**kwargs, "adapter_names": list(names)}

    layers = [] if not isinstance(model, PeftModel) else [
        layer for layer in model.modules() if isinstance(layer, LoraLayer | AuxiliaryTrainingWrapper)]
    handles = [layer.register_forward_pre_hook(hook, with_kwargs=True) for layer in layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _forget(peft: Any, name: str) -> None:
    if peft is not None and name in peft.peft_config:
        peft.delete_adapter(name)
