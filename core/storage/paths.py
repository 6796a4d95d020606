"""The folders that a workspace holds, one class for each kind; made by `Workspace` alone."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from core.storage.ids import check_id


@dataclass(frozen=True)
class PictureFolder:
    """A folder with Markdown, and the pictures that it shows beside it in ``images/``."""

    dir: Path

    def picture(self, name: str) -> Path:
        """A picture that the text shows; its name is made from its content. Raises ValueError for any other name."""
        if not re.fullmatch(r"[0-9a-f]{16}\.(?:png|jpg)", name):
            raise ValueError(f"no name of a picture: {name!r}")
        return self.dir / "images" / name


@dataclass(frozen=True)
class DocumentPaths(PictureFolder):
    """``data/documents/<id>/``: one imported document."""

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

    @property
    def pages(self) -> Path:
        """Folder of the pages' texts and pictures."""
        return self.dir / "pages"

    def markdown(self, number: int) -> Path:
        """Text of a page (1, 2, …) as converted."""
        return self.pages / f"{int(number):05d}.md"

    def edited(self, number: int) -> Path:
        """Text of a page as corrected by hand; goes before the converted one."""
        return self.pages / f"{int(number):05d}.edited.md"

    def image(self, number: int) -> Path:
        """Picture of a page, PNG."""
        return self.pages / f"{int(number):05d}.png"

    def words(self, number: int) -> Path:
        """Words of a page with their boxes on its picture."""
        return self.pages / f"{int(number):05d}.words.json"


@dataclass(frozen=True)
class ClaimPaths:
    """A throw-away folder in which the children that read one document mark the pages that they take."""

    dir: Path

    def page(self, number: int) -> Path:
        """Exists once the page is taken."""
        return self.dir / f"claim-{int(number)}"


@dataclass(frozen=True)
class OutputPaths:
    """A folder that the command line fills with Markdown."""

    dir: Path

    @property
    def hidden(self) -> Path:
        """What is kept so that a later call can go on."""
        return self.dir / ".doctune"

    @property
    def journal(self) -> Path:
        """What was written from which file."""
        return self.hidden / "convert.jsonl"

    @property
    def lock(self) -> Path:
        """Held by the one command that writes into the folder."""
        return self.hidden / "convert.lock"

    def work(self, key: str) -> Path:
        """Root of the workspace in which one given file is converted."""
        return self.hidden / hashlib.sha256(key.encode()).hexdigest()[:24]

    def markdown(self, name: str) -> Path:
        """A file that was written into the folder, by its name."""
        return self.dir / name.replace("/", "_").replace("\\", "_")


@dataclass(frozen=True)
class GivenPaths:
    """A throw-away folder with one file that came from another computer."""

    dir: Path

    @property
    def file(self) -> Path:
        """The file; its name is a label elsewhere."""
        return self.dir / "given"


@dataclass(frozen=True)
class MinerUPaths:
    """A throw-away folder in which MinerU's command reads some pages."""

    dir: Path

    @property
    def pages(self) -> Path:
        """What it reads."""
        return self.dir / "pages.pdf"

    @property
    def out(self) -> Path:
        """Where it writes, in folders that its versions name differently."""
        return self.dir / "out"

    def found(self, ending: str) -> Path | None:
        """The file that it wrote for the pages, by the ending of its name."""
        return next(iter(sorted(self.out.rglob(f"{self.pages.stem}{ending}"))), None)


@dataclass(frozen=True)
class OfficePaths:
    """A throw-away folder in which an office program converts one file."""

    dir: Path

    @property
    def profile(self) -> Path:
        """The program's own settings, made for this one use."""
        return self.dir / "office-profile"

    @property
    def settings(self) -> Path:
        """What the program may not do: macros, links."""
        return self.profile / "user" / "registrymodifications.xcu"

    @property
    def out(self) -> Path:
        """Where it writes."""
        return self.dir / "office-out"

    def converted(self, source: Path, kind: str) -> Path:
        """What it makes of `source`."""
        return self.out / f"{source.stem}.{check_id(kind)}"


@dataclass(frozen=True)
class ArchivePaths:
    """A throw-away folder with the members of an archive; their own names are never part of paths."""

    dir: Path

    def member(self, number: int) -> Path:
        """The member of that number (1, 2, …)."""
        return self.dir / f"{int(number):05d}"


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

    @property
    def info(self) -> Path:
        """Title, name in the registry, format, counts."""
        return self.dir / "info.json"

    @property
    def train(self) -> Path:
        """Rows to train on, one JSON object a line."""
        return self.dir / "train.jsonl"

    @property
    def held_out(self) -> Path:
        """Other wordings of facts that are trained on."""
        return self.dir / "held_out.jsonl"

    @property
    def provenance(self) -> Path:
        """Where each row comes from: pair, document, page, quote."""
        return self.dir / "provenance.jsonl"

    @property
    def faults(self) -> Path:
        """Rows of imported files that could not be used: file, line, column and why."""
        return self.dir / "faults.jsonl"

    @property
    def labels(self) -> Path:
        """What people may change at any time: title, notes, tags. Not part of the manifest."""
        return self.dir / "labels.json"

    def rewriting(self, path: Path) -> Path:
        """Where a file of this folder is written anew before it takes the old one's place."""
        return path.with_name(f"{path.name}.part")


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
    def first_batch(self) -> Path:
        """The rows of the first step as the model got them, for people to look at."""
        return self.dir / "first-batch.json"

    @property
    def monitors(self) -> Path:
        """Parent folder of what monitors write about the run."""
        return self.dir / "monitors"

    @property
    def notes(self) -> Path:
        """What the person wrote about the run."""
        return self.dir / "notes.json"

    @property
    def adapter(self) -> Path:
        """The trained adapter, a complete PEFT folder with a manifest."""
        return self.dir / "adapter"

    @property
    def model(self) -> Path:
        """The trained model of a run that changes the model's own weights, a complete folder with a manifest."""
        return self.dir / "model"

    @property
    def result(self) -> Path:
        """What the run left, adapter or model; the adapter's place while there is neither."""
        return self.model if (self.model / "manifest.json").is_file() else self.adapter

    @property
    def best(self) -> Path:
        """The result at the lowest held-out loss so far, for runs that keep it."""
        return self.dir / "best"

    @property
    def start(self) -> Path:
        """What PiSSA's adapter began with; its result is the difference to it."""
        return self.dir / "start"

    @property
    def ranks(self) -> Path:
        """Folder where the processes of a run tell how they ended, each in `<number>.json`."""
        return self.dir / "ranks"

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
    def result_file(self) -> Path:
        """What a job found, where that is more than facts of its result."""
        return self.dir / "found.json"

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
