"""The one table of training settings; form, validation, YAML and command line follow from it."""

from __future__ import annotations

from typing import ClassVar

from core.models.catalogue import STARTER_ID
from core.settings import Settings, setting

MOST_QUESTIONS = 3


class TrainSettings(Settings):
    """What a run is trained with. Labels and helps are `train.<field>.*` of the message catalogue.

    `save_every` and `evaluate_every` count optimiser steps; 0 means about six times in a run, at least five apart.
    """

    area: ClassVar[str] = "train"

    model: str = setting(STARTER_ID, widget="model", max_length=1000, engine="model")
    dataset: str = setting("", widget="dataset", max_length=200, engine="train_dataset")
    method: str = setting("lora", choices=("lora",), pattern="^lora$")
    epochs: int = setting(4, ge=1, le=100, step=1, engine="num_train_epochs")
    learning_rate: float = setting(1e-3, gt=0, le=0.1, engine="learning_rate")
    batch_size: int = setting(8, ge=1, le=256, step=1, unit="rows", engine="per_device_train_batch_size")
    cutoff_len: int = setting(1024, ge=16, le=131072, step=16, unit="tokens", advanced=True)
    lora_rank: int = setting(16, ge=1, le=512, step=1, advanced=True, engine="r")

    lora_alpha: int = setting(32, ge=1, le=1024, step=1, advanced=True, engine="lora_alpha")
    lora_dropout: float = setting(0.0, ge=0, le=0.5, step=0.05, advanced=True, engine="lora_dropout")
    gradient_accumulation: int = setting(1, ge=1, le=256, step=1, advanced=True, unit="batches",
                                         engine="gradient_accumulation_steps")
    scheduler: str = setting("linear", choices=("linear", "cosine", "constant"), pattern="^(linear|cosine|constant)$",
                             advanced=True, engine="lr_scheduler_type")
    warmup_share: float = setting(0.05, ge=0, le=0.5, step=0.01, advanced=True, engine="warmup_steps")
    weight_decay: float = setting(0.0, ge=0, le=1, step=0.01, advanced=True, engine="weight_decay")
    max_grad_norm: float = setting(1.0, gt=0, le=100, advanced=True, engine="max_grad_norm")
    prompt_loss_weight: float = setting(0.3, ge=0, le=1, step=0.05, advanced=True)
    key_word_share: float = setting(0.2, ge=0, le=1, step=0.05, advanced=True)
    general_share: float = setting(0.2, ge=0, le=0.5, step=0.05, advanced=True)
    evaluate_every: int = setting(0, ge=0, le=1_000_000, step=1, advanced=True, unit="steps", engine="eval_steps")
    save_every: int = setting(0, ge=0, le=1_000_000, step=1, advanced=True, unit="steps", engine="save_steps")
    seed: int = setting(42, ge=0, le=2**31 - 1, step=1, advanced=True, engine="seed")
    questions: str = setting("", widget="textarea", max_length=2000, advanced=True)
    swanlab: str = setting("off", choices=("off", "local", "offline", "cloud"), advanced=True,
                           pattern="^(off|local|offline|cloud)$")
    tensorboard: bool = setting(False, advanced=True)
    wandb: bool = setting(False, advanced=True)
    notice: bool = setting(False, advanced=True)


def questions_of(settings: TrainSettings) -> list[str]:
    """The questions that are asked at each checkpoint: the first few lines that are not empty."""
    return [line.strip() for line in settings.questions.splitlines() if line.strip()][:MOST_QUESTIONS]
