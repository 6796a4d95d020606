"""What a person hands over (files, archives, a folder of LLaMA-Factory) as a list of parts with rows."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.datasets.entries import mapping_of
from core.datasets.files import SUFFIXES, FileKind, kind_of
from core.datasets.mapping import Mapping
from core.datasets.registry import HELD_OUT
from core.errors import UserError
from core.storage import Workspace, read_json, require_space
from core.storage.archives import UNREADABLE
from core.storage.atomic import storage_error

REGISTRY = "dataset_info.json"
_ENTRIES, _UNPACKED, _RATIO, _RATIO_FROM = 5_000, 20 << 30, 200, 100 << 20


@dataclass(frozen=True)
class Part:
    """One file with rows.

    Attributes:
        label: what the person calls it: the name of the file, inside an archive with its folder.
        dataset: the dataset it belongs to; "" when the person's choice decides.
        held_out: it is the held-out part of that dataset.
        mapping: what the columns mean, when a registry says so.
    """

    path: Path
    label: str
    kind: FileKind
    dataset: str = ""
    held_out: bool = False
    mapping: Mapping | None = None


@dataclass(frozen=True)
class Skipped:
    """A file or entry that gives no rows, and why."""

    label: str
    error: dict[str, Any]


def expand(ws: Workspace, sources: Iterable[tuple[Path, str]]) -> tuple[list[Part], list[Skipped]]:
    """The parts of files, archives and folders. Archives are unpacked to a folder that is swept later.

    Raises UserError when a source cannot be opened at all.
    """
    parts: list[Part] = []
    skipped: list[Skipped] = []
    for path, label in sources:
        if path.is_dir():
            found = _folder(path, "")
        elif not path.is_file():
            raise UserError("dataset.error.no_file", name=label)
        elif (kind := kind_of(path, label)) == "zip":
            found = _folder(_unpack(ws, path, label), f"{label}/")
            if not found[0]:
                raise UserError("dataset.error.empty_archive", name=label)
        else:
            found = [Part(path, label, kind)], []
        parts += found[0]
        skipped += found[1]
    return parts, skipped


def _folder(folder: Path, prefix: str) -> tuple[list[Part], list[Skipped]]:
    info = next(iter(sorted(folder.rglob(REGISTRY), key=lambda path: len(path.parts))), None)
    if info is not None:
        return _registered(info, prefix)
    parts, skipped = [], []
    for path in sorted(folder.rglob("*")):
        label = prefix + path.relative_to(folder).as_posix()
        if path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith((".", "__")):
            try:
                kind = kind_of(path)
            except UserError as error:
                skipped.append(Skipped(label, error.as_dict()))
                continue
            if kind != "zip":  # an archive in an archive is not opened
                parts.append(Part(path, label, kind))
    return parts, skipped


def _registered(info: Path, prefix: str) -> tuple[list[Part], list[Skipped]]:
    """The datasets that a registry names and that lie beside it."""
    entries, folder = read_json(info), info.parent.resolve()
    if not isinstance(entries, dict):
        raise UserError("storage.error.damaged", name=REGISTRY)
    parts: list[Part] = []
    skipped: list[Skipped] = []
    for name, raw in entries.items():
        try:
            parts += _entry(folder, str(name), raw, prefix)
        except UserError as error:
            skipped.append(Skipped(prefix + str(name), error.as_dict()))
    names = {part.dataset for part in parts}
    owner = {name + HELD_OUT: name for name in names}
    joined = [replace(part, dataset=owner[part.dataset], held_out=True) if part.dataset in owner else part
              for part in parts]
    return joined, skipped


def _entry(folder: Path, name: str, raw: Any, prefix: str) -> list[Part]:
    file_name = raw.get("file_name") if isinstance(raw, dict) else None
    if not isinstance(file_name, str):
        raise UserError("dataset.error.not_local", name=name)
    path = (folder / file_name).resolve()
    if not path.is_relative_to(folder) or not path.exists():
        raise UserError("dataset.error.no_file", name=file_name)
    mapping = mapping_of(raw)
    if mapping is None:
        raise UserError("dataset.error.bad_entry", name=name)
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    labels = [prefix + file.relative_to(folder).as_posix() for file in files]
    return [Part(file, label, kind_of(file), name, mapping=None if kind_of(file) == "text" else mapping)
            for file, label in zip(files, labels, strict=True)]


def _unpack(ws: Workspace, path: Path, label: str) -> Path:
    """The members of an archive that may hold rows, under names of our own folder; bombs are refused unopened."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [e for e in archive.infolist() if not e.is_dir() and _safe(e.filename)]
            total, packed = sum(e.file_size for e in members), max(1, sum(e.compress_size for e in members))
            if (len(members) > _ENTRIES or total > _UNPACKED or total > _RATIO_FROM and total > _RATIO * packed):
                raise UserError("dataset.error.bomb", name=label)
            if any(e.flag_bits & 1 for e in members):
                raise UserError("dataset.error.locked", name=label)
            require_space(ws.saves, 2 * total)
            folder = ws.tmp_dir()
            for member in members:
                target = (folder / member.filename).resolve()
                if target.is_relative_to(folder.resolve()):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with archive.open(member) as source, target.open("wb") as file:
                        shutil.copyfileobj(source, file, 1 << 20)
            return folder
    except OSError as error:
        raise storage_error(error, path) from error
    except UNREADABLE as error:
        raise UserError("dataset.error.damaged", name=label) from error


def _safe(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    known = name.lower().endswith(SUFFIXES) and not name.lower().endswith(".zip")
    return known and not any(part in ("..", "") or part.startswith((".", "__MACOSX")) for part in parts)
