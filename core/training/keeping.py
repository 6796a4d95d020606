"""What all our trainers share: checkpoints through our storage, the rates of LoRA+, and the best model so far.

Imports torch; only the trainer process imports this module.
"""

from __future__ import annotations

import math
from contextlib import nullcontext
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import TrainerCallback

from core.jobs import JobContext
from core.storage import publish_dir, read_json, remove_dir, write_json
from core.storage.workspace import RunPaths, user_path
from core.training import checkpoints, low_rank, ranks, results, sharding
from core.training.settings import TrainSettings

_TRAINED = "trained.safetensors"


class Kept:
    """Goes before a trainer of TRL. Takes two further arguments, the job and the run's settings."""

    args: Any
    model: Any
    state: Any
    optimizer: Any
    lr_scheduler: Any
    processing_class: Any
    _mixed_mesh_grads: Any

    def __init__(self, *args: Any, job: JobContext, settings: TrainSettings, **kwargs: Any) -> None:
        self.job, self.settings, self.run = job, settings, job.ws.run(job.id)
        super().__init__(*args, **kwargs)
        if not self.args.bf16:  # TRL makes adapters of a quantized model bfloat16, which processors emulate
            for weight in self.model.parameters():
                if weight.requires_grad and weight.dtype == torch.bfloat16:
                    weight.data = weight.data.float()
        if settings.is_sharded:
            # The library's words for a model that no wrapper of its own may divide or copy.
            self.is_distributed_loading_by_transformers = self._mixed_mesh_grads = True

    def create_model_card(self, *args: Any, **kwargs: Any) -> None:
        """TRL's card describes a hub upload; checkpoints need none."""

    def create_optimizer(self, *args: Any, **kwargs: Any) -> Any:
        """As the library does; with LoRA+ (Hayou et al. 2024) the second matrix learns faster than the first.

        A model that is divided among processes is divided here: its checkpoint has been read, nothing else has begun.
        """
        if self.settings.is_sharded and self.optimizer is None:
            sharding.shard(self.model, self.settings, self.args.device.type)
        if self.optimizer is None and self.settings.lora_plus_ratio > 1:
            from peft.optimizers import create_loraplus_optimizer

            kind, given = self.get_optimizer_cls_and_kwargs(self.args, self.model)
            self.optimizer = create_loraplus_optimizer(self.model, kind, loraplus_weight_decay=self.args.weight_decay,
                                                       loraplus_lr_ratio=self.settings.lora_plus_ratio, **given)
        made = super().create_optimizer(*args, **kwargs)
        if self.settings.optimizer in low_rank.PACKAGES:
            low_rank.keep_plain(made, self.settings.optimizer)
        if self.settings.is_sharded:
            made.register_load_state_dict_pre_hook(lambda optimizer, state: sharding.divided_state(state, optimizer))
        return made

    def _defer_fsdp_gradient_reduction(self) -> Any:
        return nullcontext()  # between the parts of a step gradients stay divided, as there may be no room for all

    def _move_model_to_device(self, model: Any, device: Any) -> None:
        if not self.settings.is_sharded:  # no card may have room for all of it
            super()._move_model_to_device(model, device)

    def _get_output_dir(self, trial: Any) -> str:
        return str(self._staging.checkpoints)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Written aside, then moved into place with its manifest last; what a full disk cut short is taken away."""
        self._staging = RunPaths(user_path(ranks.share(lambda: str(self.job.ws.tmp_dir()))))
        try:
            super()._save_checkpoint(model, trial)
            ranks.wait()
            if ranks.leads():
                self._publish(self.state.global_step)
        except BaseException:
            remove_dir(self._staging.dir)
            raise

    def _publish(self, step: int) -> None:
        if self.settings.trains_prompt:
            # The library saves what a prompt encoder gives, not the encoder that goes on learning.
            save_file(self._trained(), self._staging.checkpoint(step) / _TRAINED)
        checkpoints.publish(self._staging.checkpoint(step), self.run, step)
        remove_dir(self._staging.dir)
        self.job.item(checkpoint=step)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        if self.settings.is_sharded:
            state_dict = sharding.whole_weights(self.model, not self.settings.trains_whole)
        if ranks.leads():
            super()._save(output_dir, state_dict)

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        if not self.settings.is_sharded:
            return super()._save_optimizer_and_scheduler(output_dir)
        state, folder = sharding.whole_state(self.optimizer), self._staging.checkpoint(self.state.global_step)
        if ranks.leads():
            torch.save(state, folder / "optimizer.pt")
            torch.save(self.lr_scheduler.state_dict(), folder / "scheduler.pt")

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        saved = self.run.dir / resume_from_checkpoint / _TRAINED  # the given path is absolute
        if saved.is_file():
            with torch.no_grad():
                for name, value in load_file(saved).items():
                    self.model.get_parameter(name).copy_(value)

    def _trained(self) -> dict[str, torch.Tensor]:
        return {name: weight.detach().cpu().contiguous() for name, weight in self.model.named_parameters()
                if weight.requires_grad}


class Best(TrainerCallback):
    """Keeps the model of the lowest held-out loss, and ends a run whose loss has stopped falling.

    Both are told by the checks in the trainer's own state, which a checkpoint holds: a resumed run decides alike.
    """

    def __init__(self, job: JobContext, settings: TrainSettings, tokenizer: Any) -> None:
        self.job, self.settings, self.tokenizer = job, settings, tokenizer
        self.run = job.ws.run(job.id)

    def on_evaluate(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        """After each check on the held-out rows."""
        losses = [entry["eval_loss"] for entry in state.log_history if "eval_loss" in entry]
        numbers = [loss if math.isfinite(loss) else math.inf for loss in losses]
        best = numbers.index(min(numbers))
        if self.settings.keep_best and best == len(numbers) - 1 and math.isfinite(numbers[best]):
            self._keep(model, state.global_step, numbers[best])
        patience = self.settings.early_stopping
        if patience and len(numbers) - 1 - best >= patience and state.global_step < state.max_steps:
            self.job.warn("train.warning.early_stop", step=state.global_step, checks=patience)
            control.should_save = True
            control.should_training_stop = True

    def _keep(self, model: Any, step: int, loss: float) -> None:
        state = results.gathered(model, self.settings)
        if not ranks.leads():
            return
        temp = self.job.ws.tmp_dir()
        results.write(model, self.tokenizer, self.settings, temp, self.run, state)
        write_json(temp / results.BEST, {"step": step, "held_out_loss": loss})
        remove_dir(self.run.best)
        publish_dir(temp, self.run.best)
        self.job.item(best=step)


def best_step(run: RunPaths) -> int | None:
    """The step of the best model that is kept; None when there is none."""
    complete = (run.best / "manifest.json").is_file() and (run.best / results.BEST).is_file()
    return int(read_json(run.best / results.BEST)["step"]) if complete else None
