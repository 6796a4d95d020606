"""`app.py tune RUN.yaml`: trials from the command line, printed as they end; Ctrl+C stops and keeps them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from core import jobs
from core.errors import UserError
from core.jobs import JobState
from core.storage import Workspace, atomic_write
from core.training.spec import read_yaml, to_yaml
from core.training.trials import Trial, Tuning, settings_of, tuning
from core.training.tune_settings import TuneSettings
from core.training.tuning import start_tuning

POLL_S = 1.0


def tune_from_yaml(path: Path, minutes: int, output: Path | None, say: Callable[[str], None]) -> int:
    """Starts a tuning, follows it, and returns the exit code: 0 when there is a best trial.

    Args:
        output: where the settings of the best trial are written, as a file that `app.py train` reads.
        say: prints a line.

    Raises:
        UserError: as `read_yaml` and `start_tuning`.
    """
    ws = Workspace.default()
    tune = TuneSettings.load({"minutes": minutes})
    job = start_tuning(ws, read_yaml(path), tune, title=path.stem)
    say(str(ws.job(job.id).dir))
    found = _follow(ws, job.id, say)
    if found.view.error:
        say(UserError(found.view.error["key"], **found.view.error["params"]).text("en"))
    if found.best is None:
        return 1
    say(f"best: {_line(found.best)}")
    if output is not None:
        atomic_write(output, to_yaml(settings_of(found.view, found.best)))
        say(str(output))
    return 0 if found.view.state in (JobState.DONE, JobState.STOPPED) else 1


def _follow(ws: Workspace, job_id: str, say: Callable[[str], None]) -> Tuning:
    told: set[int] = set()
    while True:
        try:
            found = tuning(ws, job_id)
            for trial in found.trials:
                if trial.state != "running" and trial.number not in told:
                    told.add(trial.number)
                    say(_line(trial))
            if found.view.state.is_terminal:
                return found
            time.sleep(POLL_S)
        except KeyboardInterrupt:
            jobs.request_stop(ws, job_id)


def _line(trial: Trial) -> str:
    values = "  ".join(f"{name} {value:g}" for name, value in trial.values.items())
    loss = f"{trial.held_out:.4g}" if trial.held_out is not None else "–"
    return f"trial {trial.number}  {values}  held-out loss {loss}  {trial.seconds:.0f} s  {trial.state}"
