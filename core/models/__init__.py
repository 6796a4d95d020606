"""Base models: the catalogue, their download and conversion, local folders, and chat templates.

Nothing here imports torch or transformers at import time; the download job and the trainer do so inside functions.
"""

from core.models.caches import CachedModel, cached_models
from core.models.catalogue import CATALOGUE, STARTER_ID, CatalogueModel, find, label
from core.models.local import LocalModel, check_folder, fingerprint
from core.models.store import ModelInfo, delete_model, installed, list_models, resolve, start_download

__all__ = ["CATALOGUE", "STARTER_ID", "CachedModel", "CatalogueModel", "LocalModel", "ModelInfo", "cached_models",
           "check_folder", "delete_model", "find", "fingerprint", "installed", "label", "list_models", "resolve",
           "start_download"]
