"""A folder of Markdown files made by the command line: what was written there from which file, so that a second call
converts only what is missing or has changed."""

from __future__ import annotations

import os
import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.documents.picture_files import put_beside
from core.documents.types import LOCKED, Message
from core.errors import UserError
from core.storage import Workspace, atomic_write, journal_append, journal_read
from core.storage.folders import sha256
from core.storage.locks import open_lock, try_lock
from core.storage.workspace import OutputPaths, PictureFolder, markdown_beside


@dataclass(frozen=True)
class Converted:
    """What became of one document: a given file, or a member of a given archive.

    Args:
        member: its number in the archive; 1 for a file that is no archive.
        state: "done", "partial", "failed" or "stopped".
        text: its Markdown; None when it failed or was stopped.
        pages, done: all pages, and those that can be read.
        messages: reasons and warnings.
        pictures: those that the text shows, by name.
    """

    label: str
    member: int
    state: str
    text: str | None = None
    pages: int = 0
    done: int = 0
    messages: tuple[Message, ...] = ()
    pictures: dict[str, bytes] = field(default_factory=dict)

    @property
    def locked(self) -> bool:
        """Whether it waits for a password."""
        return any(m["key"] in LOCKED for m in self.messages)


@dataclass
class OutputFolder:
    """The folder, held by this process from `open` to `close`."""

    paths: OutputPaths
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _held: int = -1
    _written: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    _whole: dict[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path) -> OutputFolder:
        """Makes the folder where it is missing. Raises UserError while another command writes there."""
        paths = OutputPaths(folder)
        paths.hidden.mkdir(parents=True, exist_ok=True)
        held = open_lock(paths.lock)
        if not try_lock(held):
            os.close(held)
            raise UserError("convert.error.folder_busy", folder=str(folder))
        opened = cls(paths, _held=held)
        for line in journal_read(paths.journal)[0]:
            opened._fold(line)
        return opened

    def close(self) -> None:
        """Lets go of the folder."""
        os.close(self._held)

    def is_done(self, source: str, checksum: str, recipe: str) -> bool:
        """Whether everything in this file was converted by this recipe, and is still there."""
        mine = [line for (name, _), line in self._written.items() if name == source]
        return (self._whole.get(source) == (checksum, recipe)
                and all(self.paths.markdown(line["output"]).is_file() for line in mine if line["of"] == checksum))

    def done_members(self, source: str, checksum: str, recipe: str) -> set[int]:
        """The members of an archive that need not be converted again."""
        return {member for (name, member), line in self._written.items()
                if name == source and (line["of"], line["recipe"], line["state"]) == (checksum, recipe, "done")
                and self.paths.markdown(line["output"]).is_file()}

    def write(self, source: str, checksum: str, recipe: str, found: Converted) -> tuple[Path, bool]:
        """Writes the Markdown, over that of the last time; beside it when that was changed by hand (then True)."""
        with self._lock:
            before, path, kept = self._written.get((source, found.member)), None, False
            if before:
                path = self.paths.markdown(before["output"])
                kept = path.is_file() and sha256(path) != before["sha256"]
            if path is None or kept:
                path = markdown_beside(self.paths.dir, found.label)
            put_beside(PictureFolder(self.paths.dir), found.pictures)
            atomic_write(path, found.text or "")
            self._append(type="written", source=source, member=found.member, of=checksum, recipe=recipe,
                         state=found.state, output=path.name, sha256=sha256(path))
            return path, kept

    def finish(self, source: str, checksum: str, recipe: str, all: list[Converted]) -> None:
        """Notes that the file is whole, when it is, and removes what was kept for going on."""
        states = {found.state for found in all}
        if states <= {"done"}:
            with self._lock:
                self._append(type="whole", source=source, of=checksum, recipe=recipe)
        if not states & {"stopped", "partial"}:
            shutil.rmtree(self.workspace(source, checksum).root, ignore_errors=True)

    def workspace(self, source: str, checksum: str) -> Workspace:
        """Where the file is converted, page by page; it stays until the file is whole."""
        return Workspace.at(self.paths.work(f"{source}\0{checksum}"))

    def _append(self, **line: Any) -> None:
        journal_append(self.paths.journal, line)
        self._fold(line)

    def _fold(self, line: dict[str, Any]) -> None:
        if line.get("type") == "written":
            self._written[line["source"], line["member"]] = line
        elif line.get("type") == "whole":
            self._whole[line["source"]] = (line["of"], line["recipe"])
