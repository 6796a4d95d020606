"""Results of training that cannot share a batch with others: whole models, and adapters of other kinds than LoRA.

Adapters that change weights (DoRA, IA³, OFT) are merged into a copy of the base model, one copy in memory at a time.
Virtual tokens (prompt, prefix and P-tuning) leave the base model as it is: they stand in its cache before each prompt.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from core.errors import UserError
from core.models.local import check_folder
from core.serving.adapters import AdapterFiles, adapter_files, adapter_parts

Kind = Literal["model", "merged", "tokens", "prefix"]
_KINDS: dict[str, Kind] = {"LORA": "merged", "IA3": "merged", "OFT": "merged", "PROMPT_TUNING": "tokens",
                           "P_TUNING": "tokens", "PREFIX_TUNING": "prefix"}
_USED = {"IA3": ("target_modules", "feedforward_modules", "fan_in_fan_out"),
         "OFT": ("r", "oft_block_size", "target_modules", "fan_in_fan_out", "coft", "eps", "block_share",
                 "use_cayley_neumann", "num_cayley_neumann_terms")}


@dataclass(frozen=True)
class AloneFiles:
    """A checked result that is answered by itself.

    Attributes:
        folder: of the model, or of the adapter.
        config: the adapter's settings that matter for answering.
    """

    kind: Kind
    folder: Path
    config: dict[str, Any]


def read_result(folder: Path) -> AdapterFiles | AloneFiles:
    """Checks the result of a run without loading it. Raises UserError when it is missing or must not be loaded."""
    if (folder / "config.json").is_file() and not (folder / "adapter_config.json").is_file():
        found = check_folder(str(folder))
        if found.architecture.endswith("ForSequenceClassification"):
            raise UserError("serving.error.adapter_kind", name=folder.name)
        return AloneFiles("model", found.path, {})
    config, weights = adapter_parts(folder)
    kind = config.get("peft_type")
    if kind not in _KINDS or config.get("task_type") == "SEQ_CLS" or config.get("auto_mapping"):
        raise UserError("serving.error.adapter_kind", name=folder.name)
    if kind == "LORA":
        files = adapter_files(folder, config, weights)
        if not files.config.get("use_dora"):
            return files
        return AloneFiles("merged", folder, {"peft_type": kind, **files.config})
    used = {key: config[key] for key in _USED.get(kind, ("num_virtual_tokens",)) if config.get(key) is not None}
    return AloneFiles(_KINDS[kind], folder, {"peft_type": kind, **used})


def load_model(files: AloneFiles, base: Path, dtype: Any, device: str, name: str) -> Any:
    """A plain model with what was trained in its own weights. Raises UserError when that does not fit the base."""
    from transformers import AutoModelForCausalLM

    folder = files.folder if files.kind == "model" else base
    model = AutoModelForCausalLM.from_pretrained(str(folder), dtype=dtype, local_files_only=True, use_safetensors=True)
    if files.kind == "merged":
        model = _merged(model, files, name)
    return model.to(device=device).eval().requires_grad_(False)


def _merged(model: Any, files: AloneFiles, name: str) -> Any:
    from peft import IA3Config, LoraConfig, OFTConfig, PeftModelForCausalLM, set_peft_model_state_dict
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    given = {key: value for key, value in files.config.items() if key != "peft_type"}
    kinds: dict[str, Any] = {"LORA": LoraConfig, "IA3": IA3Config, "OFT": OFTConfig}
    kind = files.config["peft_type"]
    given |= {"LORA": {"init_lora_weights": False}, "IA3": {}, "OFT": {}}[kind]
    try:
        peft = PeftModelForCausalLM(model, kinds[kind](task_type="CAUSAL_LM", inference_mode=True, **given))
        outcome: Any = set_peft_model_state_dict(peft, load_file(files.folder / "adapter_model.safetensors"))
        ours = [key for key in outcome.missing_keys if "default" in key.split(".")]
        if ours or outcome.unexpected_keys:
            raise ValueError(f"{len(ours)} missing, {len(outcome.unexpected_keys)} unexpected weights")
        return peft.merge_and_unload()
    except (ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
        raise UserError("serving.error.adapter_mismatch", name=name) from error


class VirtualTokens:
    """What a prompt, prefix or P-tuning learned: it fills the cache that generation begins with.

    Raises:
        UserError: it does not fit the base model.
    """

    def __init__(self, files: AloneFiles, base: Any, name: str) -> None:
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        self._prefix = files.kind == "prefix"
        config = base.config.get_text_config()
        self._layers, self._heads = config.num_hidden_layers, config.num_key_value_heads
        try:
            learned = load_file(files.folder / "adapter_model.safetensors")["prompt_embeddings"]
            width = 2 * self._layers * self._heads * _head_size(config) if self._prefix else config.hidden_size
            self.count, found = learned.shape
            if found != width:
                raise ValueError(f"{found} features instead of {width}")
        except (ValueError, KeyError, SafetensorError) as error:
            raise UserError("serving.error.adapter_mismatch", name=name) from error
        self._learned = learned.to(device=base.device, dtype=base.dtype)

    def cache(self, base: Any, rows: int) -> Any:
        """A new cache of so many rows that holds the virtual tokens."""
        from transformers import DynamicCache

        cache = DynamicCache(config=base.config)
        if not self._prefix:
            base(inputs_embeds=self._learned.expand(rows, -1, -1), past_key_values=cache, use_cache=True,
                 logits_to_keep=1)
            return cache
        # (tokens, layers × [key, value], heads, size) → one key and one value (rows, heads, tokens, size) a layer
        parts = self._learned.view(self.count, 2 * self._layers, self._heads, -1).permute(1, 2, 0, 3)
        for layer in range(self._layers):
            key, value = (parts[2 * layer + n].expand(rows, -1, -1, -1).contiguous() for n in (0, 1))
            cache.update(key, value, layer)
        return cache


def _head_size(config: Any) -> int:
    return getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
