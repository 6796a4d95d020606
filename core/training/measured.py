"""What was measured of runs on this computer: seconds of their parts. `measuring` does it; nothing here needs torch."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from core import jobs
from core.errors import UserError
from core.jobs import JobState
from core.storage import Workspace
from core.training.settings import TrainSettings

KIND = "measure"
CHECKS = 7
"""About how often a run looks at its held-out rows, the end included (`arguments.arguments`)."""
_SAME_SPEED = {"epochs", "learning_rate", "scheduler", "warmup_share", "min_rate_share", "weight_decay",
               "max_grad_norm", "seed", "save_every", "evaluate_every", "early_stopping", "keep_best", "questions",
               "swanlab", "tensorboard", "wandb", "notice", "lora_alpha", "lora_plus_ratio", "preference_beta"}
"""Settings that a step takes no longer for."""


@dataclass(frozen=True)
class Measured:
    """Seconds of the parts of a run on this computer.

    Attributes:
        start_s: loading the model and making the rows.
        step_s: of an optimiser step of rows of usual length.
        row_s: of a held-out row in a check.
        held_out_rows: rows of a check.
    """

    start_s: float
    step_s: float
    row_s: float = 0.0
    held_out_rows: int = 0

    def seconds(self, steps: int) -> float:
        """Of a whole run of so many optimiser steps with its checks."""
        return self.start_s + steps * self.step_s + CHECKS * self.held_out_rows * self.row_s


def last_measured(ws: Workspace, settings: TrainSettings) -> Measured | None:
    """What was measured last of a run whose steps take as long as with these settings; None when nothing was."""
    wanted = _speed_of(settings)
    for job in jobs.list_jobs(ws, KIND):
        if job.state is JobState.DONE and job.result and _matches(job.params, wanted):
            return Measured(**{part.name: job.result[part.name] for part in fields(Measured)
                               if part.name in job.result})
    return None


def _matches(params: dict[str, Any], wanted: dict[str, Any]) -> bool:
    try:
        return _speed_of(TrainSettings.load(params)) == wanted
    except UserError:
        return False


def _speed_of(settings: TrainSettings) -> dict[str, Any]:
    values = settings.effective().model_dump()
    return {name: value for name, value in values.items() if name not in _SAME_SPEED}
