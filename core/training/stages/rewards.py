"""Rewards for answers: rules that compare with the dataset's answer, or the score of a reward model."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from core.errors import UserError
from core.jobs import JobContext
from core.models import resolve
from core.models.chat_template import Message, encode
from core.models.local import check_adapter, check_folder
from core.training.hardware import Device
from core.training.settings import TrainSettings

Reward = Callable[..., list[float]]
_LONGEST = 3


def reward_of(job: JobContext, settings: TrainSettings, device: Device) -> Reward:
    """The reward that the settings name, as TRL calls it. Raises UserError when the reward model is missing."""
    if settings.reward == "match":
        return match_reward
    if settings.reward == "json":
        return json_reward
    return _model_reward(job, settings, device)


def match_reward(completions: list[list[Message]], answer: list[str], **_: Any) -> list[float]:
    """How much an answer has in common with the dataset's, 0 to 1."""
    return [likeness(made[0]["content"], wanted) for made, wanted in zip(completions, answer, strict=True)]


def json_reward(completions: list[list[Message]], **_: Any) -> list[float]:
    """1 for an answer that is one JSON object or list, otherwise 0."""
    return [float(_is_json(made[0]["content"])) for made in completions]


def likeness(text: str, wanted: str) -> float:
    """Mean F1 over character n-grams of one to three, without spaces and case: chrF (Popović 2015) with beta 1."""
    one, other = ("".join(words.casefold().split()) for words in (text, wanted))
    scores = []
    for size in range(1, _LONGEST + 1):
        mine, theirs = (Counter(part[n:n + size] for n in range(len(part) - size + 1)) for part in (one, other))
        if theirs:
            scores.append(2 * (mine & theirs).total() / (mine.total() + theirs.total()))
    return sum(scores) / len(scores) if scores else 0.0


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def _model_reward(job: JobContext, settings: TrainSettings, device: Device) -> Reward:
    import torch
    from transformers import AutoTokenizer

    model = load_reward_model(job, settings.reward_run, device)
    tokenizer = AutoTokenizer.from_pretrained(str(model.name_or_path), local_files_only=True)

    def reward_model(prompts: list[list[Message]], completions: list[list[Message]], **_: Any) -> list[float]:
        """The score of each conversation with its answer."""
        scores = []
        for prompt, made in zip(prompts, completions, strict=True):
            ids = encode([*prompt, *made], tokenizer).ids
            with torch.inference_mode():
                seen = torch.tensor([ids], device=model.device)
                scores.append(float(model(input_ids=seen, attention_mask=torch.ones_like(seen)).logits[0, 0]))
        return scores

    return reward_model


def load_reward_model(job: JobContext, run_id: str, device: Device) -> Any:
    """The finished reward model of a run, with its score. Raises UserError: missing, no reward model, or pickled."""
    import torch
    from peft import PeftModelForSequenceClassification
    from transformers import AutoModelForSequenceClassification

    from core.training.results import folder_of
    from core.training.runs import run_settings

    settings = run_settings(job.ws, run_id)
    run = job.ws.run(run_id)
    result = folder_of(run, settings)
    if settings.stage != "reward" or not (result / "manifest.json").is_file():
        raise UserError("train.error.no_reward_run")
    if settings.trains_whole:
        folder = check_folder(str(result)).path
    else:
        check_adapter(result)
        folder = resolve(job.ws, settings.model)
    model = AutoModelForSequenceClassification.from_pretrained(
        str(folder), num_labels=1, dtype=getattr(torch, device.dtype), use_safetensors=True, local_files_only=True)
    if not settings.trains_whole:
        model = PeftModelForSequenceClassification.from_pretrained(model, str(result))
    return model.to(device.kind).eval().requires_grad_(False)
