"""The one table of training settings; form, validation, YAML and command line follow from it."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import field_validator

from core.models.catalogue import STARTER_ID
from core.settings import Settings, setting

MOST_QUESTIONS = 3
MOST_FURTHER = 6
"""Datasets that a run can learn from beside its own."""
STAGES = ("sft", "pt", "dpo", "kto", "reward", "rlhf")
METHODS = ("lora", "freeze", "full", "prompt", "prefix", "p_tuning", "ia3", "oft")
SCHEDULERS = ("linear", "cosine", "constant", "constant_with_warmup", "cosine_with_restarts", "cosine_with_min_lr",
              "polynomial", "inverse_sqrt", "warmup_stable_decay", "reduce_lr_on_plateau")
_LORA = "method=lora"
_TALKS = "stage=sft"
_LANGUAGE = "stage=sft|pt"
_LOW_RANK = "optimizer=galore|apollo"
STRATEGIES = ("single", "ddp", "fsdp", "fsdp_offload", "zero2", "zero2_offload", "zero3", "zero3_offload")
_SEVERAL = f"strategy={'|'.join(STRATEGIES[1:])}"


def _choice(default: str, choices: tuple[str, ...], **more: Any) -> Any:
    return setting(default, choices=choices, pattern=f"^({'|'.join(choices)})$", **more)


class Share(Settings):
    """A further dataset of a run. `weight`: how many times its rows are seen in each pass over the run's own dataset,
    whose rows are seen once; of a part of a time a random part of the rows."""

    area: ClassVar[str] = "train.also"

    dataset: str = setting(..., min_length=1, max_length=200)
    weight: float = setting(1.0, ge=0.05, le=10, step=0.5)


class TrainSettings(Settings):
    """What a run is trained with. Labels and helps are `train.<field>.*` of the message catalogue.

    `save_every` and `evaluate_every` count optimiser steps; 0 means about six times in a run, at least five apart.
    """

    area: ClassVar[str] = "train"

    model: str = setting(STARTER_ID, widget="model", max_length=1000, engine="model")
    dataset: str = setting("", widget="dataset", max_length=200, engine="train_dataset")
    also: tuple[Share, ...] = setting((), widget="hidden", max_length=MOST_FURTHER)
    stage: str = _choice("sft", STAGES)
    method: str = _choice("lora", METHODS)
    epochs: int = setting(4, ge=1, le=100, step=1, engine="num_train_epochs")
    learning_rate: float = setting(1e-3, gt=0, le=0.1, advanced=True, engine="learning_rate")
    batch_size: int = setting(8, ge=1, le=256, step=1, unit="rows", advanced=True,
                              engine="per_device_train_batch_size")

    preference_loss: str = _choice("sigmoid", ("sigmoid", "ipo", "orpo", "simpo"), advanced=True, when="stage=dpo",
                                   engine="loss_type")
    preference_beta: float = setting(0.1, gt=0, le=10, step=0.05, advanced=True, when="stage=dpo|kto|rlhf",
                                     engine="beta")
    rlhf_method: str = _choice("grpo", ("grpo", "rloo"), advanced=True, when="stage=rlhf")
    reward: str = _choice("match", ("match", "json", "model"), advanced=True, when="stage=rlhf")
    reward_run: str = setting("", widget="menu", max_length=100, advanced=True, when="reward=model")
    answers_per_question: int = setting(4, ge=2, le=64, step=1, advanced=True, when="stage=rlhf",
                                        engine="num_generations")
    answer_len: int = setting(128, ge=4, le=8192, step=8, unit="tokens", advanced=True, when="stage=rlhf",
                              engine="max_completion_length")

    quantization: str = _choice("none", ("none", "8bit", "4bit"), advanced=True, when="method=lora|ia3|oft")
    lora_variant: str = _choice("plain", ("plain", "dora", "rslora", "pissa"), advanced=True, when=_LORA)
    cutoff_len: int = setting(1024, ge=16, le=131072, step=16, unit="tokens", advanced=True)
    lora_rank: int = setting(16, ge=1, le=512, step=1, advanced=True, engine="r", when=_LORA)
    lora_alpha: int = setting(32, ge=1, le=1024, step=1, advanced=True, engine="lora_alpha", when=_LORA)
    lora_dropout: float = setting(0.0, ge=0, le=0.5, step=0.05, advanced=True, engine="lora_dropout", when=_LORA)
    lora_plus_ratio: float = setting(1.0, ge=1, le=64, step=1, advanced=True, engine="loraplus_lr_ratio", when=_LORA)
    trained_layers: int = setting(2, ge=1, le=1000, step=1, advanced=True, unit="layers", when="method=freeze")
    trained_side: str = _choice("last", ("last", "first"), advanced=True, when="method=freeze")
    virtual_tokens: int = setting(20, ge=1, le=1000, step=1, advanced=True, unit="tokens",
                                  when="method=prompt|prefix|p_tuning", engine="num_virtual_tokens")
    oft_block_size: int = setting(32, ge=2, le=1024, step=2, advanced=True, when="method=oft", engine="oft_block_size")

    gradient_accumulation: int = setting(1, ge=1, le=256, step=1, advanced=True, unit="batches",
                                         engine="gradient_accumulation_steps")
    optimizer: str = _choice("adamw", ("adamw", "adamw_8bit", "paged_adamw_8bit", "adafactor", "galore", "apollo"),
                             advanced=True, engine="optim")
    projection_rank: int = setting(128, ge=1, le=8192, step=1, advanced=True, when=_LOW_RANK)
    projection_gap: int = setting(200, ge=1, le=100_000, step=1, advanced=True, unit="steps", when=_LOW_RANK)
    kernels: str = _choice("none", ("none", "liger", "unsloth"), advanced=True)
    scheduler: str = _choice("linear", SCHEDULERS, advanced=True, engine="lr_scheduler_type")
    warmup_share: float = setting(0.05, ge=0, le=0.5, step=0.01, advanced=True, engine="warmup_steps")
    min_rate_share: float = setting(0.1, ge=0, le=1, step=0.05, advanced=True,
                                    when="scheduler=cosine_with_min_lr|warmup_stable_decay")
    weight_decay: float = setting(0.0, ge=0, le=1, step=0.01, advanced=True, engine="weight_decay")
    max_grad_norm: float = setting(1.0, gt=0, le=100, advanced=True, engine="max_grad_norm")
    neftune_alpha: float = setting(0.0, ge=0, le=100, step=1, advanced=True, when=_LANGUAGE,
                                   engine="neftune_noise_alpha")
    prompt_loss_weight: float = setting(0.3, ge=0, le=1, step=0.05, advanced=True, when=_TALKS)
    packing: bool = setting(True, advanced=True, when="stage=pt")
    mask_history: bool = setting(False, advanced=True, when=_TALKS)
    key_word_share: float = setting(0.2, ge=0, le=1, step=0.05, advanced=True, when=_TALKS)
    general_share: float = setting(0.2, ge=0, le=0.5, step=0.05, advanced=True, when=_TALKS)
    evaluate_every: int = setting(0, ge=0, le=1_000_000, step=1, advanced=True, unit="steps", engine="eval_steps",
                                  when="stage=sft|pt|dpo|kto|reward")
    early_stopping: int = setting(0, ge=0, le=1000, step=1, advanced=True, unit="checks",
                                  when="stage=sft|pt|dpo|kto|reward")
    keep_best: bool = setting(False, advanced=True, when="stage=sft|pt|dpo|kto|reward", engine="load_best_model_at_end")
    save_every: int = setting(0, ge=0, le=1_000_000, step=1, advanced=True, unit="steps", engine="save_steps")
    seed: int = setting(42, ge=0, le=2**31 - 1, step=1, advanced=True, engine="seed")
    questions: str = setting("", widget="textarea", max_length=2000, advanced=True, when=_LANGUAGE)
    swanlab: str = _choice("off", ("off", "local", "offline", "cloud"), advanced=True)
    tensorboard: bool = setting(False, advanced=True)
    wandb: bool = setting(False, advanced=True)
    notice: bool = setting(False, advanced=True)
    strategy: str = _choice("single", STRATEGIES, advanced=True)
    processes: int = setting(2, ge=1, le=64, step=1, advanced=True, when=_SEVERAL, engine="num_processes")
    machines: int = setting(1, ge=1, le=256, step=1, advanced=True, when=_SEVERAL, engine="num_machines")
    main_address: str = setting("", max_length=253, advanced=True, when=_SEVERAL, engine="main_process_ip",
                                pattern=r"^([A-Za-z0-9:][A-Za-z0-9.:-]*)?$")
    main_port: int = setting(29500, ge=1024, le=65535, step=1, advanced=True, when=_SEVERAL, engine="main_process_port")

    @field_validator("also")
    @classmethod
    def _in_one_order(cls, also: tuple[Share, ...]) -> tuple[Share, ...]:
        """The order says nothing, so runs that differ in it alone are the same."""
        return tuple(sorted(also, key=lambda one: one.dataset))

    @property
    def datasets(self) -> list[str]:
        """All datasets that are learned from, the run's own first."""
        return [self.dataset, *(one.dataset for one in self.also)]

    @property
    def trains_whole(self) -> bool:
        """Whether the result is a whole model, not an adapter beside it."""
        return self.method in ("full", "freeze")

    @property
    def trains_prompt(self) -> bool:
        """Whether what is learned stands before every text, and the model stays as it is."""
        return self.method in ("prompt", "prefix", "p_tuning")

    @property
    def world(self) -> int:
        """Processes that train together, on all machines; each takes `batch_size` rows at once."""
        return 1 if self.strategy == "single" else self.processes * self.machines

    @property
    def is_launched(self) -> bool:
        """Whether `accelerate launch` starts the processes; one process alone needs it for DeepSpeed only."""
        return self.world > 1 or self.strategy.startswith("zero")

    @property
    def is_sharded(self) -> bool:
        """Whether each process keeps a part of the model by torch's FSDP."""
        return self.world > 1 and self.strategy.startswith("fsdp")


def questions_of(settings: TrainSettings) -> list[str]:
    """The questions that are asked at each checkpoint: the first few lines that are not empty."""
    return [line.strip() for line in settings.questions.splitlines() if line.strip()][:MOST_QUESTIONS]
