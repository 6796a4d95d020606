"""Operations on datasets as jobs: which settings each has, what it gives, and how it is started."""

from __future__ import annotations

from typing import Any

from core import jobs
from core.datasets import combining, operations
from core.datasets.change_settings import (
    FilterSettings,
    MergeSettings,
    MixSettings,
    SampleSettings,
    SortSettings,
    SplitSettings,
)
from core.datasets.columns import OnRow
from core.datasets.store import DatasetInfo, get_dataset
from core.datasets.versions import changeable
from core.jobs import JobContext, JobView
from core.settings import Settings
from core.storage import Workspace

TABLES: dict[str, type[Settings]] = {"filter": FilterSettings, "sort": SortSettings, "sample": SampleSettings,
                                     "split": SplitSettings, "merge": MergeSettings, "mix": MixSettings}
NEW = ("merge", "mix")
"""Operations that make a new dataset; the others make a new version of the one they are given."""
Others = list[tuple[str, float]]
"""(id of a further dataset, its share); shares count for "mix" alone."""


def apply(ws: Workspace, do: str, dataset_id: str, given: Any, others: Others | None = None, share: float = 1.0,
          on_row: OnRow = lambda n: None) -> DatasetInfo:
    """Does one operation at once.

    Args:
        do: name in TABLES.
        given: its settings.
        others: further datasets for "merge" and "mix"; `share` is that of the first.

    Raises UserError when it cannot be done; then nothing has changed.
    """
    others = others or []
    if do == "filter":
        return operations.filter_rows(ws, dataset_id, given, on_row)
    if do == "sort":
        return operations.sort(ws, dataset_id, given.by, given.order == "down", given.seed, on_row)
    if do == "sample":
        return operations.sample(ws, dataset_id, given.rows, given.seed, on_row)
    if do == "split":
        return operations.split(ws, dataset_id, given.share, given.seed, given.group, given.stratify, on_row)
    if do == "merge":
        return combining.merge(ws, [dataset_id, *(id for id, _ in others)], given.title, given.copies, on_row)
    return combining.mix(ws, [(dataset_id, share), *others], given.title, given.rows, given.general, given.seed, on_row)


def start_change(ws: Workspace, do: str, dataset_id: str, given: Settings, others: Others | None = None,
                 share: float = 1.0) -> JobView:
    """Starts a job that does one operation; its result names the dataset that was made or changed: ``ids``.

    Raises UserError when it is clear beforehand that it cannot be done.
    """
    info = get_dataset(ws, dataset_id) if do in NEW else changeable(ws, dataset_id)
    if isinstance(given, FilterSettings):
        given.checked()
    params = {"op": "change", "do": do, "dataset": dataset_id, "settings": given.model_dump(),
              "others": [list(one) for one in others or []], "share": share}
    return jobs.start(ws, "dataset", params, title=info.title)


def run(job: JobContext) -> None:
    """Handler of the jobs that `start_change` starts."""
    given, done = job.params, 0
    job.phase("change")

    def report(number: int) -> None:
        nonlocal done
        done += 1
        if done % 500 == 0:
            job.check_stop()
            job.progress(done, None, "rows")

    made = apply(job.ws, given["do"], given["dataset"], TABLES[given["do"]].load(given["settings"]),
                 [(id, share) for id, share in given["others"]], given["share"], report)
    job.result(ids=[made.id], rows=made.rows, held_out=made.held_out_rows)
