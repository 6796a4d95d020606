"""Local model folders: what may be loaded, checked from names and JSON alone, before any library opens the weights."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.storage import read_json
from core.storage.workspace import user_path

_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model", "sentencepiece.bpe.model")
_EDGE = 1 << 16
_JSONS = ("config.json", "tokenizer_config.json", "generation_config.json", "adapter_config.json")


@dataclass(frozen=True)
class LocalModel:
    """A folder on this computer that can be trained.

    Attributes:
        path: the folder.
        architecture: class name from its configuration, such as "LlamaForCausalLM".
        bytes: size of its weights.
        chat: it has a chat template.
    """

    path: Path
    architecture: str
    bytes: int
    chat: bool


def check_folder(text: str) -> LocalModel:
    """Checks a folder that a person named. Reads names and JSON files only.

    Raises:
        UserError: not a folder; no weights as safetensors (pickled ones are named), or packed for MLX; code of its
            own (`auto_map`); no tokenizer; an adapter instead of a model or beside it; a configuration without
            architecture or damaged.
    """
    if not text.strip() or "\0" in text:
        raise UserError("models.error.no_folder", folder=text)
    folder = user_path(text.strip())
    if not folder.is_dir():
        raise UserError("models.error.no_folder", folder=text.strip()[:200])
    names = {path.name for path in folder.iterdir()}
    if "adapter_config.json" in names:
        # Beside a model the library would quietly load the adapter too, even from pickled weights.
        key = "models.error.adapter_inside" if "config.json" in names else "models.error.is_adapter"
        raise UserError(key, folder=folder.name)
    config = _config(folder, names)
    if isinstance(config.get("quantization"), dict):  # only MLX writes that
        raise UserError("models.error.mlx", folder=folder.name)
    refuse_code(folder)
    if not any(name.endswith(".safetensors") for name in names):
        # Pickled weights beside safetensors are never opened: loading is always told to use safetensors.
        refuse_pickles(folder)
        raise UserError("models.error.no_safetensors", folder=folder.name)
    _check_index(folder, names)
    if not names & set(_TOKENIZERS):
        raise UserError("models.error.no_tokenizer", folder=folder.name)
    return LocalModel(folder, config["architectures"][0],
                      sum(p.stat().st_size for p in folder.glob("*.safetensors")), _has_template(folder, names))


def fingerprint(folder: Path) -> str:
    """Equal for folders with equal weights, tokenizer and chat template, wherever they lie; read in no time.

    Of each file of weights the size, beginning and end count: training changes all of them.
    """
    found = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix == ".safetensors":
            with path.open("rb") as file:
                found.update(f"{path.name} {path.stat().st_size}".encode() + file.read(_EDGE))
                file.seek(max(0, path.stat().st_size - _EDGE))
                found.update(file.read(_EDGE))
        elif path.name in (*_TOKENIZERS, "config.json", "tokenizer_config.json", "chat_template.jinja"):
            found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()[:20]


def check_adapter(folder: Path) -> None:
    """Raises UserError unless a folder holds a LoRA adapter as safetensors and nothing that could run code."""
    if not (folder / "adapter_config.json").is_file() or not (folder / "adapter_model.safetensors").is_file():
        raise UserError("models.error.no_adapter", folder=folder.name)
    refuse_pickles(folder)
    refuse_code(folder)


def refuse_pickles(folder: Path) -> None:
    """Raises UserError, naming the first, when a folder holds pickled files: loading one can run any program."""
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in _PICKLES)
    if pickles:
        raise UserError("models.error.pickle", folder=folder.name, file=pickles[0])


def refuse_code(folder: Path) -> None:
    """Raises UserError when a configuration names code of its own, which would have to be run to load the model."""
    for name in _JSONS:
        if (folder / name).is_file():
            values = read_json(folder / name)
            if isinstance(values, dict) and _names_code(values):
                raise UserError("models.error.remote_code", folder=folder.name, file=name)


def _names_code(values: dict[str, Any]) -> bool:
    return any(key in ("auto_map", "custom_pipelines", "auto_mapping") and value
               or isinstance(value, dict) and _names_code(value) for key, value in values.items())


def _config(folder: Path, names: set[str]) -> dict[str, Any]:
    if "config.json" not in names:
        gguf = any(name.endswith(".gguf") for name in names)
        raise UserError("models.error.gguf" if gguf else "models.error.no_config", folder=folder.name)
    config = read_json(folder / "config.json")
    architectures = config.get("architectures") if isinstance(config, dict) else None
    if not isinstance(architectures, list) or not architectures or not isinstance(architectures[0], str):
        raise UserError("models.error.no_architecture", folder=folder.name)
    return config


def _check_index(folder: Path, names: set[str]) -> None:
    """All shards that the index lists are there, and inside the folder."""
    if "model.safetensors.index.json" not in names:
        return
    index = read_json(folder / "model.safetensors.index.json")
    shards = set((index.get("weight_map") or {}).values())
    missing = sorted(str(shard) for shard in shards if shard not in names)
    if missing:
        raise UserError("models.error.shard_missing", folder=folder.name, file=missing[0])


def _has_template(folder: Path, names: set[str]) -> bool:
    if "chat_template.jinja" in names:
        return True
    return "tokenizer_config.json" in names and bool(read_json(folder / "tokenizer_config.json").get("chat_template"))
