"""Datasets: rows for training and held-out wordings, registered as LLaMA-Factory reads them."""

from core.datasets.formats import Entry
from core.datasets.making import create_from_pairs
from core.datasets.reading import conversations, preview
from core.datasets.settings import DatasetSettings
from core.datasets.store import DatasetInfo, delete_dataset, get_dataset, list_datasets

__all__ = [
    "DatasetInfo",
    "DatasetSettings",
    "Entry",
    "conversations",
    "create_from_pairs",
    "delete_dataset",
    "get_dataset",
    "list_datasets",
    "preview",
]
