"""What a run leaves: an adapter, or a whole model, as a complete folder with a manifest."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from core.jobs import JobContext
from core.storage import publish_dir, remove_dir, write_json
from core.storage.workspace import RunPaths
from core.training import ranks
from core.training.settings import TrainSettings

BEST = "best.json"


def folder_of(run: RunPaths, settings: TrainSettings) -> Path:
    """Where the result of a run with these settings stands."""
    return run.model if settings.trains_whole else run.adapter


def keep_start(model: Any, settings: TrainSettings, run: RunPaths) -> None:
    """Notes what PiSSA began with: the base model is changed in memory, and only the difference can be handed on."""
    if settings.lora_variant == "pissa" and ranks.leads() and not (run.start / "adapter_model.safetensors").is_file():
        model.save_pretrained(str(run.start), safe_serialization=True, save_embedding_layers=False)


def gathered(model: Any, settings: TrainSettings) -> dict[str, Any] | None:
    """Whole weights of a model that is divided among processes, all of which must ask; None for any other."""
    if not settings.is_sharded and not settings.strategy.startswith("zero3"):
        return None
    from core.training.sharding import whole_weights

    return whole_weights(model, not settings.trains_whole)


def write(model: Any, tokenizer: Any, settings: TrainSettings, target: Path, run: RunPaths,
          state: dict[str, Any] | None = None) -> None:
    """Writes a model as it is now into an empty folder, as safetensors; an adapter names its base by the settings.

    Args:
        state: its weights, where they are not in the model itself; see `gathered`.
    """
    if settings.trains_whole:
        model.save_pretrained(str(target), state_dict=state)
        tokenizer.save_pretrained(str(target))
        return
    model.peft_config["default"].base_model_name_or_path = settings.model
    more: dict[str, Any] = {"state_dict": state} if state is not None else {}
    if settings.lora_variant == "pissa":
        more["path_initial_model_for_weight_conversion"] = str(run.start)
    model.save_pretrained(str(target), safe_serialization=True, save_embedding_layers=False, **more)


def publish(job: JobContext, settings: TrainSettings, model: Any, tokenizer: Any, best: bool) -> None:
    """Puts the result in its place, complete; that of an earlier sitting is replaced.

    Args:
        best: take the model of the lowest held-out loss, not the one at the end.
    """
    state = None if best else gathered(model, settings)
    if not ranks.leads():
        return
    run, temp = job.ws.run(job.id), job.ws.tmp_dir()
    if best:
        shutil.copytree(run.best, temp, dirs_exist_ok=True, ignore=shutil.ignore_patterns("manifest.json", BEST))
    else:
        write(model, tokenizer, settings, temp, run, state)
    write_json(temp / "doctune.json", {"run": job.id, "base_model": settings.model, "stage": settings.stage})
    target = folder_of(run, settings)
    remove_dir(target)
    publish_dir(temp, target)
