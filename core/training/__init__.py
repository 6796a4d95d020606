"""Training: settings, runs and their files, loss curves. The trainer itself lives in a process of its own.

Nothing here imports torch at import time; `engine` and `rows` are imported by the trainer process only.
"""

from core.training.curves import Curves, curves
from core.training.machine import KINDS
from core.training.runs import (
    RunInfo,
    delete_run,
    list_runs,
    resume_run,
    reward_runs,
    run_settings,
    start_run,
    stop_run,
    train_from_yaml,
    tuned_runs,
)
from core.training.settings import TrainSettings
from core.training.spec import read_yaml, to_yaml

__all__ = ["KINDS", "Curves", "RunInfo", "TrainSettings", "curves", "delete_run", "list_runs", "read_yaml",
           "resume_run", "reward_runs", "run_settings", "start_run", "stop_run", "to_yaml", "train_from_yaml",
           "tuned_runs"]
