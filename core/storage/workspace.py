"""The workspace: the only module that builds paths. Ids are generated; names that people type are never path parts."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from core.errors import UserError
from core.storage.owner import temporary_name

CODE_ROOT = Path(__file__).resolve().parents[2]
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}\Z")
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_DEVICES = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(1, 10))}


def new_id(prefix: str) -> str:
    """A fresh random id such as ``doc-k3f9x2ab7q``: valid as a file name on every system, at most 40 characters."""
    return check_id(f"{prefix}-" + "".join(secrets.choice(_ALPHABET) for _ in range(10)))


def check_id(id: str) -> str:
    """Returns `id` when it is one that may stand in a path. Raises UserError for anything else."""
    if not isinstance(id, str) or not _ID.match(id) or id in _DEVICES:
        raise UserError("storage.error.bad_id", id=ascii(id)[:60])
    return id


def user_path(text: str) -> Path:
    """A path that a person typed or passed on the command line, absolute, links resolved."""
    return Path(text).expanduser().resolve()


def markdown_beside(folder: Path, label: str) -> Path:
    """A path that does not exist yet for the Markdown of a file called `label`: its stem, made safe, and ``.md``."""
    stem = re.sub(r"[^\w .()+-]+", "_", label.rpartition(".")[0] or label).strip(" .-")[:120] or "document"
    stem = f"_{stem}" if stem.split(".")[0].lower() in _DEVICES else stem
    path, number = folder / f"{stem}.md", 2
    while path.exists():
        path, number = folder / f"{stem}-{number}.md", number + 1
    return path


@dataclass(frozen=True)
class DocumentPaths:
    """``data/documents/<id>/``: one imported document."""

    dir: Path

    @property
    def id(self) -> str:
        """The document's id: the name of its folder."""
        return self.dir.name

    @property
    def spec(self) -> Path:
        """Label, kind, size and checksum; written once."""
        return self.dir / "spec.json"

    @property
    def journal(self) -> Path:
        """What the conversions found, page by page."""
        return self.dir / "events.jsonl"

    @property
    def lock(self) -> Path:
        """Held by the conversion that works on the document."""
        return self.dir / "convert.lock"

    def source(self, kind: str) -> Path:
        """The file as it was given, with the suffix of its kind."""
        return self.dir / f"source.{check_id(kind)}"

    def markdown(self, number: int) -> Path:
        """Text of a page (1, 2, …) as converted."""
        return self.dir / "pages" / f"{int(number):05d}.md"

    def edited(self, number: int) -> Path:
        """Text of a page as corrected by hand; goes before the converted one."""
        return self.dir / "pages" / f"{int(number):05d}.edited.md"

    def image(self, number: int) -> Path:
        """Picture of a page, PNG."""
        return self.dir / "pages" / f"{int(number):05d}.png"


@dataclass(frozen=True)
class QAPaths:
    """``data/qa/<id>/``: one question-and-answer project."""

    dir: Path

    @property
    def ledger(self) -> Path:
        """SQLite file with chunks, calls and pairs."""
        return self.dir / "ledger.sqlite"


@dataclass(frozen=True)
class DatasetPaths:
    """``data/datasets/<id>/``: one dataset."""

    dir: Path


@dataclass(frozen=True)
class ModelPaths:
    """``saves/models/<id>/``: one complete model folder."""

    dir: Path

    @property
    def id(self) -> str:
        """The model's id: the name of its folder."""
        return self.dir.name

    @property
    def manifest(self) -> Path:
        """Written last: its existence says that the folder is complete."""
        return self.dir / "manifest.json"

    @property
    def facts(self) -> Path:
        """Where the model came from, and which licence was accepted when."""
        return self.dir / "doctune.json"

    @property
    def partial(self) -> Path:
        """Files of an unfinished download, kept so that the next one goes on from there."""
        return self.dir.parent / f".partial-{self.dir.name}"


@dataclass(frozen=True)
class RunPaths:
    """What a training run adds to its job folder ``saves/runs/<id>/``."""

    dir: Path

    @property
    def yaml(self) -> Path:
        """The settings of the run: what `app.py train` reads."""
        return self.dir / "run.yaml"

    @property
    def adapter(self) -> Path:
        """The trained adapter, a complete PEFT folder with a manifest."""
        return self.dir / "adapter"

    @property
    def checkpoints(self) -> Path:
        """Parent folder of the checkpoints."""
        return self.dir / "checkpoints"

    def checkpoint(self, step: int) -> Path:
        """Folder of the checkpoint after so many optimiser steps; complete when it has a manifest."""
        return self.checkpoints / f"checkpoint-{int(step)}"


@dataclass(frozen=True)
class JobPaths:
    """The folder of one job, ``saves/jobs/<id>/`` or, for training runs, ``saves/runs/<id>/``."""

    dir: Path

    @property
    def id(self) -> str:
        """The job's id: the name of its folder."""
        return self.dir.name

    @property
    def spec(self) -> Path:
        """What was asked for; written once, without secrets."""
        return self.dir / "spec.json"

    @property
    def events(self) -> Path:
        """Journal of everything that happened."""
        return self.dir / "events.jsonl"

    @property
    def log(self) -> Path:
        """Standard output and error of the job's processes."""
        return self.dir / "log.txt"

    @property
    def identity(self) -> Path:
        """Who the job's processes are (boot id, pid, start time, token)."""
        return self.dir / "identity.json"

    @property
    def stop(self) -> Path:
        """Request to stop; its existence is the request."""
        return self.dir / "stop"

    @property
    def endpoint(self) -> Path:
        """Address and internal key of a model server that is ready; readable by its owner only."""
        return self.dir / "endpoint.json"

    @property
    def lock(self) -> Path:
        """Held by the job's supervisor, so that there is only one."""
        return self.dir / "supervisor.lock"


@dataclass(frozen=True)
class ServingPaths:
    """``saves/serving/``: what outlives one start of the model server."""

    dir: Path

    @property
    def keys(self) -> Path:
        """Hashes of the keys that were made for other programs."""
        return self.dir / "keys.json"

    @property
    def lock(self) -> Path:
        """Held while someone starts the server, so that only one is started."""
        return self.dir / "start.lock"


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
    def models(self) -> Path:
        """Parent folder of all installed models."""
        return self.saves / "models"

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
