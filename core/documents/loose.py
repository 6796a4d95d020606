"""Conversion without a workspace, for the command line: files in, one .md file each out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from core.documents import library
from core.documents.picture_files import copy_pictures
from core.documents.settings import ConvertSettings
from core.documents.types import DocumentInfo, ImportResult
from core.errors import UserError
from core.storage import Workspace, atomic_write
from core.storage.workspace import PictureFolder, markdown_beside, user_path

DEFAULTS = ConvertSettings()


def convert_files(files: Sequence[str | Path], out_dir: str | Path, settings: ConvertSettings = DEFAULTS, *,
                  password: str = "", say: Callable[[str], None] = lambda text: None) -> int:
    """Converts files, and all files in folders, into `out_dir` and returns how many failed or lack pages.

    Args:
        say: receives one line a file.
    """
    target = user_path(str(out_dir))
    target.mkdir(parents=True, exist_ok=True)
    ws = Workspace.at(tempfile.mkdtemp(prefix="doctune-convert-"))
    try:
        given = [(path, path.name) for given in files for path in _files_at(user_path(str(given)))]
        results = [result for one in given for result in library.import_files(ws, [one])]
        return sum(not _convert_one(ws, result, target, settings, password, say) for result in results)
    finally:
        shutil.rmtree(ws.root, ignore_errors=True)


def _files_at(path: Path) -> list[Path]:
    """The file itself, or the files below a folder, hidden ones left out, in order."""
    if not path.is_dir():
        return [path]
    return [found for found in sorted(path.rglob("*")) if found.is_file() and not found.is_symlink()
            and not any(part.startswith(".") for part in found.relative_to(path).parts)]


def _convert_one(ws: Workspace, result: ImportResult, target: Path, settings: ConvertSettings, password: str,
                 say: Callable[[str], None]) -> bool:
    from core.documents.conversion import Conversion
    from core.documents.record import info

    if result.document_id is None:
        say(f"{result.label}: {_words(result.error)}")
        return False
    state = Conversion(ws, result.document_id, settings, "job-command-line", password=password).run()
    found: DocumentInfo = info(ws, result.document_id)
    if state != "failed":
        path = markdown_beside(target, result.label)
        text = library.document_markdown(ws, result.document_id)
        copy_pictures(ws.document(result.document_id), PictureFolder(target), text)
        atomic_write(path, text)
        say(f"{result.label}: {found.done_pages}/{found.pages} → {path}")
    for message in [found.error, *found.warnings]:
        if message:
            say(f"{result.label}: {_words(message)}")
    return state == "done"


def _words(message: dict | None) -> str:
    return UserError(message["key"], **message["params"]).text() if message else ""
