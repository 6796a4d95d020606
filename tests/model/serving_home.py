"""A workspace with a tiny model and adapters that visibly change its answers."""

from __future__ import annotations

from pathlib import Path

from core.storage import Workspace, write_json
from tests.fakes.tiny_model import make_model


def make_adapter(model: Path, folder: Path, seed: int, scale: float = 0.3) -> Path:
    """Writes a LoRA adapter with random weights, as PEFT saves it."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    config = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"], task_type="CAUSAL_LM")
    peft = get_peft_model(AutoModelForCausalLM.from_pretrained(model), config)
    with torch.no_grad():
        for name, weight in peft.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=scale)
    peft.save_pretrained(str(folder))
    return folder


def _enliven(model: Path) -> None:
    """Larger weights, so that answers vary; control tokens score zero, so that greedy answers never end early."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    loaded = AutoModelForCausalLM.from_pretrained(model)
    torch.manual_seed(4)
    with torch.no_grad():
        for name, weight in loaded.named_parameters():
            if "norm" not in name:
                weight.normal_(std=0.3)
        loaded.get_input_embeddings().weight[AutoTokenizer.from_pretrained(model).all_special_ids] = 0.0
    loaded.save_pretrained(str(model))


def make_home(root: Path, runs: tuple[str, ...] = ("run-one", "run-two")) -> tuple[Workspace, Path]:
    """A workspace with runs that have adapters, and the folder of their base model."""
    model = make_model(root / "tiny-llama")
    _enliven(model)
    ws = Workspace.at(root / "home")
    for seed, run in enumerate(runs, start=1):
        make_adapter(model, ws.run(run).adapter, seed)
    write_json(ws.settings_file, {})
    return ws, model
