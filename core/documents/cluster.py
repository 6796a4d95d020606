"""Documents of the command line mapped over a Ray cluster that exists already. Ray is no requirement of the program.

A file travels to a worker as bytes and its Markdown comes back, so the machines need no common disk; the program has to
be installed on each. This computer writes the output folder, and a second call goes on where the first ended.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from typing import Any

from core.documents.loose import Task, convert_source
from core.documents.output import Converted
from core.documents.settings import ConvertSettings
from core.documents.slots import Slots
from core.errors import UserError
from core.storage import Workspace, atomic_write
from core.storage.workspace import CODE_ROOT, GivenPaths

IN_FLIGHT_A_CORE = 2
"""Files under way for each core of the cluster: enough that none waits, few enough for this computer's memory."""


def ray_mapper(address: str, ray: Any = None) -> Callable[[list[Task]], None]:
    """A mapper for `convert_files`.

    Args:
        ray: stands in for the package in tests.

    Raises UserError when Ray is not installed, or no cluster answers.
    """
    if ray is None:
        try:
            import ray  # type: ignore[import-not-found,no-redef]
        except ImportError:
            raise UserError("convert.error.no_ray") from None
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False,
                 runtime_env={"env_vars": {"PYTHONPATH": f"{CODE_ROOT}{os.pathsep}${{PYTHONPATH}}"}})  # theirs too
    except (ConnectionError, ValueError, RuntimeError, OSError):
        raise UserError("convert.error.ray_cluster", address=address) from None

    def map_tasks(tasks: list[Task]) -> None:
        try:
            _work(ray, tasks)
        finally:
            ray.shutdown()

    return map_tasks


def convert_remotely(name: str, content: bytes, settings: dict[str, Any], passwords: list[str],
                     skip: list[int]) -> list[Converted]:
    """Runs on a worker: converts one file in a folder that is removed again. One child: Ray knows of one core."""
    ws = Workspace.at(tempfile.mkdtemp(prefix="doctune-ray-"))
    found: list[Converted] = []
    try:
        path = GivenPaths(ws.root).file
        atomic_write(path, content)
        convert_source(ws, path, name, ConvertSettings.load(settings), found.append, passwords=passwords,
                       slots=Slots(1), skip=frozenset(skip))
        return found
    finally:
        shutil.rmtree(ws.root, ignore_errors=True)


def _work(ray: Any, tasks: list[Task]) -> None:
    remote = ray.remote(convert_remotely)
    most = max(1, int(IN_FLIGHT_A_CORE * ray.cluster_resources().get("CPU", 1)))
    under_way: dict[Any, Task] = {}
    for task in tasks:
        if not task.is_needed():
            continue
        if len(under_way) >= most:
            _collect(ray, under_way)
        call = task.call
        done = call.folder.done_members(task.source, task.checksum, call.settings.recipe)
        reference = remote.remote(task.path.name, task.path.read_bytes(), call.settings.model_dump(), call.passwords,
                                  sorted(done))
        under_way[reference] = task
    while under_way:
        _collect(ray, under_way)


def _collect(ray: Any, under_way: dict[Any, Task]) -> None:
    """Takes what one worker has ended; a file that the cluster gave up has failed, the others go on."""
    [ended], _ = ray.wait(list(under_way), num_returns=1)
    task = under_way.pop(ended)
    try:
        found = ray.get(ended)
    except Exception as error:  # Ray wraps whatever happened on the worker, the loss of its machine included
        task.call.log(f"{task.source}: {error}")
        found = [Converted(task.path.name, 1, "failed", messages=(UserError("convert.error.ray_task").as_dict(),))]
    for one in found:
        task.take(one)
    task.finish()
