"""The workspace: the only module that builds paths. Ids are generated; names that people type are never path parts."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from core.storage.ids import DEVICES, check_id, new_id
from core.storage.owner import temporary_name
from core.storage.paths import (
    ArchivePaths,
    ClaimPaths,
    DatasetPaths,
    DocumentPaths,
    GivenPaths,
    JobPaths,
    MinerUPaths,
    ModelPaths,
    OfficePaths,
    OutputPaths,
    PictureFolder,
    QAPaths,
    RunPaths,
    ServingPaths,
)

__all__ = ["ArchivePaths", "CODE_ROOT", "ClaimPaths", "DatasetPaths", "DocumentPaths", "GivenPaths", "JobPaths",
           "MinerUPaths", "ModelPaths", "OfficePaths", "OutputPaths", "PictureFolder", "QAPaths", "RunPaths",
           "ServingPaths", "Workspace", "check_id", "markdown_beside", "new_id", "user_path"]

CODE_ROOT = Path(__file__).resolve().parents[2]


def user_path(text: str) -> Path:
    """A path that a person typed or passed on the command line, absolute, links resolved."""
    return Path(text).expanduser().resolve()


def markdown_beside(folder: Path, label: str) -> Path:
    """A path that does not exist yet for the Markdown of a file called `label`: its stem, made safe, and ``.md``."""
    stem = re.sub(r"[^\w .()+-]+", "_", label.rpartition(".")[0] or label).strip(" .-")[:120] or "document"
    stem = f"_{stem}" if stem.split(".")[0].lower() in DEVICES else stem
    path, number = folder / f"{stem}.md", 2
    while path.exists():
        path, number = folder / f"{stem}-{number}.md", number + 1
    return path


@dataclass(frozen=True)
class Workspace:
    """All of a person's data: ``data/`` (documents, pairs, datasets) and ``saves/`` (runs, jobs, models)."""

    root: Path

    @classmethod
    def default(cls) -> Workspace:
        """The folder named by the variable DOCTUNE_HOME, else the folder of app.py."""
        return cls.at(os.environ.get("DOCTUNE_HOME") or CODE_ROOT)

    @classmethod
    def at(cls, root: str | Path) -> Workspace:
        """The workspace at a folder given as text."""
        return cls(Path(root).expanduser().resolve())

    @property
    def data(self) -> Path:
        """What the user put in and what was made from it."""
        return self.root / "data"

    @property
    def saves(self) -> Path:
        """What jobs made: runs, models, exports."""
        return self.root / "saves"

    @property
    def documents(self) -> Path:
        """Parent folder of all documents."""
        return self.data / "documents"

    @property
    def documents_lock(self) -> Path:
        """Held while files are imported, so that equal files become one document."""
        return self.saves / "leases" / "documents.lock"

    @property
    def datasets(self) -> Path:
        """Parent folder of all datasets."""
        return self.data / "datasets"

    @property
    def dataset_info(self) -> Path:
        """The registry that LLaMA-Factory reads."""
        return self.data / "dataset_info.json"

    @property
    def dataset_info_backup(self) -> Path:
        """The registry as it was before the last change."""
        return self.data / "dataset_info.json.bak"

    def registered_file(self, name: str) -> Path | None:
        """A file that the registry names, relative to `data`; None when it lies outside or is not there."""
        path = (self.data / name).resolve()
        return path if path.is_relative_to(self.data) and path.is_file() else None

    @property
    def models(self) -> Path:
        """Parent folder of all installed models."""
        return self.saves / "models"

    @property
    def hub_downloads(self) -> Path:
        """Parent folder of files of datasets that are on their way from a hub."""
        return self.saves / "hub"

    def hub_download(self, key: str) -> Path:
        """Files of one dataset on a hub; kept when a download ends early, so that the next one goes on from there."""
        return self.hub_downloads / check_id(key)

    @property
    def runs(self) -> Path:
        """Parent folder of all training runs."""
        return self.saves / "runs"

    @property
    def jobs(self) -> Path:
        """Parent folder of all jobs that are not training runs."""
        return self.saves / "jobs"

    @property
    def examples(self) -> Path:
        """The examples shipped with the program (not in the user's root)."""
        return CODE_ROOT / "data" / "examples"

    @property
    def settings_file(self) -> Path:
        """The user's choices; no secrets."""
        return self.saves / "settings.json"

    @property
    def upload_cache(self) -> Path:
        """Where the web server receives uploads before they are imported, and keeps copies for download."""
        return self.saves / "tmp" / "web"

    @property
    def web_log(self) -> Path:
        """Log of the web server: its own faults, with their ids."""
        return self.saves / "web.log"

    @property
    def web_lock(self) -> Path:
        """Held by the one web server of this workspace; names its process."""
        return self.saves / "web.lock"

    @property
    def secrets_file(self) -> Path:
        """Keys and passwords, outside the workspace: variable DOCTUNE_SECRETS or the user's configuration folder."""
        if os.environ.get("DOCTUNE_SECRETS"):
            return Path(os.environ["DOCTUNE_SECRETS"])
        base = os.environ.get("APPDATA") if os.name == "nt" else os.environ.get("XDG_CONFIG_HOME")
        return (Path(base) if base else Path.home() / ".config") / "doctune" / "secrets.json"

    @property
    def capabilities_file(self) -> Path:
        """What helper services were found to understand; may be deleted."""
        return self.saves / "helper-capabilities.json"

    def web_copy(self, key: str, suffix: str) -> Path:
        """Where the web server keeps its copy of a file it shows; `key` tells versions apart."""
        return self.upload_cache / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}{suffix}"

    def web_folder(self, id: str) -> Path:
        """Where a file lies that the web server offers for download under its own name."""
        return self.upload_cache / check_id(id)

    @property
    def serving(self) -> ServingPaths:
        """Paths of the model server that do not belong to one of its sittings."""
        return ServingPaths(self.saves / "serving")

    @property
    def question_writer(self) -> Path:
        """The adapter that writes questions, shipped with the program."""
        return CODE_ROOT / "core" / "qa" / "question_writer"

    def document(self, id: str) -> DocumentPaths:
        """Paths of one document."""
        return DocumentPaths(self.documents / check_id(id))

    def qa(self, id: str = "main") -> QAPaths:
        """Paths of one question-and-answer project."""
        return QAPaths(self.data / "qa" / check_id(id))

    def dataset(self, id: str) -> DatasetPaths:
        """Paths of one dataset."""
        return DatasetPaths(self.datasets / check_id(id))

    def dataset_versions(self, id: str) -> Path:
        """Parent of the earlier versions of a dataset, whole folders named by their number; newest has the highest."""
        return self.datasets / ".versions" / check_id(id)

    def job(self, id: str) -> JobPaths:
        """Paths of one job; ids that begin with ``run-`` are training runs and live in ``saves/runs``."""
        return JobPaths((self.runs if check_id(id).startswith("run-") else self.jobs) / id)

    def run(self, id: str) -> RunPaths:
        """Paths of one training run's own files, beside those of its job."""
        return RunPaths(self.job(id).dir)

    def model(self, id: str) -> ModelPaths:
        """Paths of one installed model."""
        return ModelPaths(self.models / check_id(id))

    def lease(self, name: str) -> Path:
        """Lock file of a resource that jobs take turns on, such as ``accelerator``."""
        return self.saves / "leases" / f"{check_id(name)}.lock"

    def tmp_dir(self, near: Path | None = None) -> Path:
        """A fresh, empty folder, swept when its process is gone.

        Args:
            near: a path in `data` when the folder will be published there (data and saves may be different disks).
        """
        base = self.data if near is not None and near.is_relative_to(self.data) else self.saves
        folder = base / "tmp" / temporary_name()
        folder.mkdir(parents=True, mode=0o700)
        return folder
