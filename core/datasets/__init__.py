"""Datasets: rows for training and held-out wordings, registered as LLaMA-Factory reads them; import and export."""

from core.datasets.making import create_from_pairs
from core.datasets.reading import conversations, preview
from core.datasets.settings import DatasetSettings
from core.datasets.store import DatasetInfo, delete_dataset, find_dataset, get_dataset, list_all, list_datasets

__all__ = [
    "DatasetInfo",
    "DatasetSettings",
    "conversations",
    "create_from_pairs",
    "delete_dataset",
    "find_dataset",
    "get_dataset",
    "list_all",
    "list_datasets",
    "preview",
]
