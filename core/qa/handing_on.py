"""From reviewed pairs to the next step: a dataset."""

from __future__ import annotations

from core import datasets
from core.datasets import DatasetInfo, DatasetSettings
from core.qa.pairs import all_accepted
from core.storage import Workspace


def make_dataset(ws: Workspace, title: str, settings: DatasetSettings | None = None) -> DatasetInfo:
    """Makes a dataset of all accepted pairs. Raises UserError when there are none or the disk is full."""
    return datasets.create_from_pairs(ws, title, all_accepted(ws), settings)
