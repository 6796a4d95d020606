"""How quickly this computer trains a model, measured in earlier runs."""

from __future__ import annotations

from statistics import median

from core.storage import Workspace
from core.training.curves import curves
from core.training.runs import list_runs

_RUNS, _FEWEST = 5, 3


def measured_pace(ws: Workspace, model: str) -> float | None:
    """Tokens a second: the median over the steps of the newest run of this model that got some way; None for none.

    The first step of a run, in which everything is set up, does not count.
    """
    runs = [run for run in list_runs(ws) if run.settings is not None and run.settings.model == model][:_RUNS]
    for run in runs:
        speeds = [speed for _, speed in curves(ws, run.view.id).tokens_per_second[1:] if speed > 0]
        if len(speeds) >= _FEWEST:
            return median(speeds)
    return None
