"""Models that other programs left on this computer: caches of Hugging Face and ModelScope, folders of LM Studio."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import UserError
from core.models.local import check_folder
from core.storage import read_json
from core.storage.workspace import user_path

_CHAT = ("ForCausalLM", "LMHeadModel")
_MOST = 200


@dataclass(frozen=True)
class CachedModel:
    """A model folder that was found.

    Attributes:
        name: as its publisher calls it, ``owner/name``.
        source: the program whose folder it is: huggingface, modelscope or lmstudio.
        bytes: of its weights; 0 when it cannot be used.
        refused: why it cannot be trained; None when it can.
    """

    name: str
    source: str
    path: Path
    bytes: int = 0
    refused: UserError | None = None


def cached_models() -> list[CachedModel]:
    """All language models in these places, those that can be trained first. Reads names and small JSON files only."""
    found: dict[Path, CachedModel] = {}
    for source, name, folder in _candidates():
        if len(found) >= _MOST:
            break
        if folder not in found and _is_language_model(folder):
            found[folder] = _checked(source, name, folder)
    return sorted(found.values(), key=lambda one: (one.refused is not None, one.name.lower()))


def _checked(source: str, name: str, folder: Path) -> CachedModel:
    try:
        return CachedModel(name, source, folder, check_folder(str(folder)).bytes)
    except UserError as error:
        return CachedModel(name, source, folder, refused=error)
    except OSError:
        return CachedModel(name, source, folder, refused=UserError("models.error.no_folder", folder=str(folder)))


def _is_language_model(folder: Path) -> bool:
    """By its architecture; a folder of GGUF files counts, so that it can be said why it is of no use here."""
    try:
        if (folder / "config.json").is_file():
            config = read_json(folder / "config.json")
            kinds = config.get("architectures") if isinstance(config, dict) else None
            return isinstance(kinds, list) and any(str(kind).endswith(_CHAT) for kind in kinds)
        return any(folder.glob("*.gguf"))
    except (OSError, UserError):
        return False


def _candidates() -> Iterator[tuple[str, str, Path]]:
    """(source, name, folder) of everything that may be a model."""
    for parent in _places(("HF_HUB_CACHE", ""), ("HUGGINGFACE_HUB_CACHE", ""), ("HF_HOME", "hub"),
                          default="~/.cache/huggingface/hub"):
        for repo in _folders(parent, "models--*--*"):
            _, owner, name = repo.name.split("--", 2)
            snapshot = _snapshot(repo)
            if snapshot is not None:
                yield "huggingface", f"{owner}/{name}", snapshot
    for base in _places(("MODELSCOPE_CACHE", ""), default="~/.cache/modelscope/hub"):
        for parent in (base / "models", base):
            for folder in _folders(parent, "*/*"):
                yield "modelscope", f"{folder.parent.name}/{folder.name.replace('___', '.')}", folder
    for text in ("~/.lmstudio/models", "~/.cache/lm-studio/models"):
        for folder in _folders(user_path(text), "*/*"):
            yield "lmstudio", f"{folder.parent.name}/{folder.name}", folder


def _places(*variables: tuple[str, str], default: str) -> list[Path]:
    """The folders that variables name, each with what comes below it, and the usual one."""
    named = [user_path(os.environ[name]) / below for name, below in variables if os.environ.get(name)]
    return list(dict.fromkeys([*named, user_path(default)]))


def _folders(parent: Path, pattern: str) -> list[Path]:
    try:
        return sorted(path for path in parent.glob(pattern) if path.is_dir() and not path.name.startswith("."))
    except OSError:
        return []


def _snapshot(repo: Path) -> Path | None:
    """The version that ``main`` names, else the newest one; None without any."""
    try:
        main = (repo / "refs" / "main").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        main = ""
    found = {path.name: path for path in _folders(repo / "snapshots", "*")}
    return found.get(main) or max(found.values(), key=lambda path: path.stat().st_mtime, default=None)
