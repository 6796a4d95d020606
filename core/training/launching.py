"""A run in several processes: `accelerate launch …` around the command of one, and what their ends mean."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.jobs import JobContext, JobStopped
from core.jobs.capacity import usable_cores
from core.storage import Workspace, load_or_set_aside, remove_dir
from core.storage.workspace import CODE_ROOT
from core.training import ranks, scale
from core.training.settings import TrainSettings

_UNFORESEEN = "jobs.error.unexpected"


def arguments(settings: TrainSettings, yaml: Path, machine: int = 0) -> list[str]:
    """What `accelerate launch` is given on one machine.

    Args:
        machine: number of the machine; 0 is the one whose address the others know.
    """
    several = settings.machines > 1
    threads = os.environ.get("OMP_NUM_THREADS") or max(1, usable_cores() // settings.processes)
    given = ["--num_processes", settings.world, "--num_machines", settings.machines, "--machine_rank", machine,
             "--main_process_port", settings.main_port if several else 0, "--num_cpu_threads_per_process", threads,
             "--mixed_precision", "no", "--dynamo_backend", "no"]
    if several:
        given += ["--main_process_ip", settings.main_address, "--same_network"]
    return [*map(str, given), *_strategy(settings), str(CODE_ROOT / "app.py"), "train", str(yaml)]


def _strategy(settings: TrainSettings) -> list[str]:
    """DeepSpeed is set up by the launcher; with FSDP the trainer divides the model itself (`sharding`)."""
    if not settings.strategy.startswith("zero"):
        return ["--multi_gpu"]
    stage, _, offload = settings.strategy.removeprefix("zero").partition("_")
    place = "cpu" if offload else "none"
    return ["--use_deepspeed", "--zero_stage", stage, "--offload_optimizer_device", place,
            "--offload_param_device", place if stage == "3" else "none", "--gradient_accumulation_steps",
            str(settings.gradient_accumulation), "--gradient_clipping", str(settings.max_grad_norm),
            "--zero3_init_flag", "false", "--zero3_save_16bit_model", "true",
            "--deepspeed_multinode_launcher", "standard"]


def commands(ws: Workspace, run_id: str, settings: TrainSettings) -> list[str]:
    """The command to type on each further machine of a run, in their order; the first machine starts by itself.

    It is `accelerate launch` with the program's own Python, which the machines share as they share the workspace.
    """
    import shlex

    return [f"DOCTUNE_HOME={shlex.quote(str(ws.root))} "
            + shlex.join([sys.executable, "-m", "accelerate.commands.launch",
                          *arguments(settings, ws.run(run_id).yaml, machine)])
            for machine in range(1, settings.machines)]


def launch(job: JobContext, settings: TrainSettings) -> None:
    """Starts the processes of this machine, waits for them, and ends as they did.

    Raises:
        JobStopped: they were asked to stop; checkpoint and result are saved.
        UserError: what one of them told.
    """
    from core.training.notice import told

    settings = settings.effective()
    scale.check(settings)
    run = job.ws.run(job.id)
    remove_dir(run.ranks)
    run.ranks.mkdir(parents=True)
    with told(job, settings.dataset, settings.notice):
        exits = _run(arguments(settings, run.yaml))
        ends = [load_or_set_aside(ranks.note(job.ws, job.id, n), {}) for n in range(settings.world)]
        judge([end if isinstance(end, dict) else {} for end in ends], exits)


def _run(given: list[str]) -> list[int]:
    """Runs the launcher in this process, which is the one that the job's supervisor watches; the exit codes of the
    processes that failed, negative for a signal."""
    from accelerate.commands.launch import launch_command, launch_command_parser
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    os.environ[ranks.LAUNCHER] = str(os.getpid())
    try:
        launch_command(launch_command_parser().parse_args(given))
    except ChildFailedError as error:
        return [failure.exitcode for failure in error.failures.values()]
    except SignalException as error:
        raise JobStopped from error
    return []


def judge(ends: list[dict[str, Any]], exits: list[int]) -> None:
    """Returns when all is done; otherwise ends as the run did.

    A cause that a process told comes first. Then a process that was killed: the others only lost their partner.

    Args:
        ends: the note of each process, empty without one.
        exits: codes of those that failed.

    Raises:
        JobStopped, UserError: see `launch`. Without a note of a killed process this one ends with the same signal's
            status, and the supervisor tells what it means.
    """
    errors = [end["error"] for end in ends if end.get("error")]
    plain = [error for error in errors if error["key"] != _UNFORESEEN]
    if plain:
        raise UserError(plain[0]["key"], **plain[0]["params"])
    if ends[0].get("state") == "stopped":
        raise JobStopped
    killed = [-code for code in exits if code < 0]
    if killed:
        sys.stderr.flush()
        os._exit(128 + killed[0])
    if errors:
        raise UserError(errors[0]["key"], **errors[0]["params"])
    if exits or ends[0].get("state") != "done":
        raise UserError("train.error.process_lost")
