"""Conversion without the person's workspace, for the command line: files in, one .md file each out."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from core.documents import library
from core.documents.output import Converted, OutputFolder
from core.documents.picture_files import shown_pictures
from core.documents.settings import ConvertSettings
from core.documents.slots import Slots
from core.documents.types import LOCKED, ImportResult
from core.errors import UserError
from core.i18n import t
from core.storage import Workspace
from core.storage.folders import sha256
from core.storage.workspace import user_path

DEFAULTS = ConvertSettings()
TRIES = 3
_JOB = "job-command-line"
Report = Callable[[str, int, int, float | None], None]
"""Told of (name of the file, finished pages, all pages, seconds left or None)."""


def convert_files(files: Sequence[str | Path], out_dir: str | Path, settings: ConvertSettings = DEFAULTS, *,
                  password: str = "", passwords: Sequence[str] = (), ask: Callable[[str], str] | None = None,
                  say: Callable[[str], None] = lambda text: None, report: Report = lambda *_: None,
                  mapper: Callable[[list[Task]], None] | None = None) -> int:
    """Converts files, archives, and all files in folders, into `out_dir`; returns how many failed or lack pages.

    What is there already from an unchanged file is kept. An interrupted call is gone on with by the next one.

    Args:
        passwords: tried on encrypted files, after `password`.
        ask: asked for the password of a file by its name; an empty answer leaves the file out.
        say: receives one line a file, and a summary with a sentence for each file that failed.
        mapper: works the tasks off; by default as many at a time as this computer can.

    Raises KeyboardInterrupt after everything has been stopped in good order.
    """
    call = _Call(OutputFolder.open(user_path(str(out_dir))), settings, say, report,
                 [word for word in (password, *passwords) if word])
    try:
        given = [path for one in files for path in files_at(user_path(str(one)))]
        tasks = [Task(call, path) for path in dict.fromkeys(given)]
        (mapper or call.work)(tasks)
        if ask:
            call.ask_for_passwords(tasks, ask)
        return call.summary(tasks)
    except KeyboardInterrupt:
        call.stopped.set()
        say(t("convert.cli.stopped", "en"))
        raise
    finally:
        call.folder.close()


def files_at(path: Path) -> list[Path]:
    """The file itself, or the files below a folder, hidden ones left out, in order."""
    if not path.is_dir():
        return [path]
    return [found for found in sorted(path.rglob("*")) if found.is_file() and not found.is_symlink()
            and not any(part.startswith(".") for part in found.relative_to(path).parts)]


@dataclass
class _Call:
    """One call of the command."""

    folder: OutputFolder
    settings: ConvertSettings
    say: Callable[[str], None]
    report: Report
    passwords: list[str]
    log: Callable[[str], None] = lambda text: print(text, file=sys.stderr)
    slots: Slots = field(default_factory=Slots)
    stopped: threading.Event = field(default_factory=threading.Event)

    def work(self, tasks: list[Task]) -> None:
        """Works the tasks off, so many at a time as there are slots."""
        with ThreadPoolExecutor(self.slots.most) as pool:
            try:
                pending: set[Future[None]] = {pool.submit(task.run) for task in tasks}
                while pending:
                    ended, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
                    for one in ended:
                        one.result()
            except BaseException:
                self.stopped.set()
                pool.shutdown(cancel_futures=True)
                raise

    def ask_for_passwords(self, tasks: list[Task], ask: Callable[[str], str]) -> None:
        """Asks for each file that is still locked, and converts it."""
        for task in tasks:
            for _ in range(TRIES):
                open = [found for found in task.found if not found.locked]
                word = ask(task.path.name) if len(open) < len(task.found) else ""
                if not word:
                    break
                self.passwords = [word]
                task.run()
                task.found = [found for found in open if found.state == "done"] + task.found

    def summary(self, tasks: list[Task]) -> int:
        """Says how it went in all, one sentence for each failed file; returns their number."""
        found = [one for task in tasks for one in task.found]
        bad = [one for one in found if one.state != "done"]
        counts = {"done": len(found) - len(bad), "failed": len(bad), "unchanged": sum(task.unchanged for task in tasks)}
        self.say(t("convert.cli.summary", "en", **counts))
        for one in bad:
            self.say(f"  {one.label}: {' '.join(words(one, message) for message in one.messages)}")
        return len(bad)


@dataclass
class Task:
    """One given file, which may be an archive. `found` is what became of the documents in it."""

    call: _Call
    path: Path
    found: list[Converted] = field(default_factory=list)
    unchanged: bool = False
    checksum: str = ""

    @property
    def source(self) -> str:
        """The file's name in the journal of the folder."""
        return str(self.path).encode("utf-8", "replace").decode()

    def is_needed(self) -> bool:
        """Whether there is anything to do; a file that cannot be read has failed."""
        call, self.found = self.call, []
        try:
            self.checksum = sha256(self.path)
        except OSError:
            self.take(Converted(self.path.name, 1, "failed", messages=(_unreadable(),)))
            return False
        self.unchanged = call.folder.is_done(self.source, self.checksum, call.settings.recipe)
        return not self.unchanged

    def run(self) -> None:
        """Converts the file on this computer."""
        call = self.call
        if call.stopped.is_set() or not self.is_needed():
            return
        source, recipe = self.source, call.settings.recipe
        ws = call.folder.workspace(source, self.checksum)
        try:
            convert_source(ws, self.path, self.path.name, call.settings, self.take,
                           passwords=call.passwords, slots=call.slots, should_stop=call.stopped.is_set,
                           report=call.report, skip=call.folder.done_members(source, self.checksum, recipe))
        except Exception:  # a fault of the program costs this file, not those after it
            call.log(traceback.format_exc())
            self.take(Converted(self.path.name, 1, "failed", messages=(UserError("documents.error.crash").as_dict(),)))
        self.finish()

    def take(self, one: Converted) -> None:
        """Writes what was converted and says so."""
        call = self.call
        self.found.append(one)
        if one.text is not None:
            path, kept = call.folder.write(self.source, self.checksum, call.settings.recipe, one)
            call.say(f"{one.label}: {one.done}/{one.pages} → {path}")
            if kept:
                call.say(t("convert.cli.kept", "en", name=one.label, path=path))
        for message in one.messages:
            call.say(f"{one.label}: {words(one, message)}")

    def finish(self) -> None:
        """All documents of the file have been taken."""
        self.call.folder.finish(self.source, self.checksum, self.call.settings.recipe, self.found)


def convert_source(ws: Workspace, path: Path, label: str, settings: ConvertSettings,
                   take: Callable[[Converted], None], *, passwords: Sequence[str] = (), slots: Slots | None = None,
                   should_stop: Callable[[], bool] = lambda: False, report: Report = lambda *_: None,
                   skip: set[int] | frozenset[int] = frozenset()) -> None:
    """Converts a file, or the members of an archive, and hands over what became of each, in this thread.

    Args:
        ws: a workspace for this file alone; pages that an earlier call left there are kept.
        skip: members of the archive that are left out.
    """
    slots = slots or Slots()
    try:
        results = library.import_files(ws, [(path, label)])
    except UserError as error:
        results = [ImportResult(None, label, error.as_dict())]
    wanted = [(number, result) for number, result in enumerate(results, 1) if number not in skip]
    unique = {result.document_id: result.label for _, result in wanted if result.document_id}
    with ThreadPoolExecutor(slots.most) as pool:
        ended = {id: pool.submit(_convert, ws, id, name, settings, passwords, slots, should_stop, report)
                 for id, name in unique.items()}
        for number, result in wanted:
            take(ended[result.document_id].result()(number, result) if result.document_id
                 else Converted(result.label, number, "failed", messages=(result.error or _unreadable(),)))


def _convert(ws: Workspace, id: str, label: str, settings: ConvertSettings, passwords: Sequence[str], slots: Slots,
             should_stop: Callable[[], bool], report: Report) -> Callable[[int, ImportResult], Converted]:
    """Converts a document; returns what makes a `Converted` of it for each member that holds it."""
    from core.documents.conversion import Conversion
    from core.documents.crew import Stopped
    from core.documents.record import info

    began, first = time.monotonic(), -1

    def tell(done: int, total: int) -> None:
        nonlocal first
        first = done - 1 if first < 0 else first
        pace = (time.monotonic() - began) / max(1, done - first)
        report(label, done, total, pace * (total - done) if done - first > 1 else None)

    state = "stopped"
    for word in passwords or ("",):
        if should_stop():
            break
        try:
            state = Conversion(ws, id, settings, _JOB, password=word, slots=slots, should_stop=should_stop,
                               report=tell).run()
        except Stopped:
            state = "stopped"
        except UserError as error:
            return lambda number, result, error=error: Converted(  # type: ignore[misc]
                result.label, number, "failed", messages=(error.as_dict(),))
        if state != "failed" or (info(ws, id).error or {}).get("key") not in LOCKED:
            break
    found = info(ws, id)
    if state == "stopped":
        return lambda number, result: Converted(result.label, number, state)
    text = library.document_markdown(ws, id) if state != "failed" else None
    messages = tuple(message for message in (found.error, *found.warnings) if message)
    pictures = shown_pictures(ws.document(id), text or "")
    return lambda number, result: Converted(result.label, number, state, text, found.pages or 0, found.done_pages,
                                            messages, pictures)


def words(one: Converted, message: dict) -> str:
    """A message for the person at the command line."""
    if message["key"] == "documents.error.locked":
        return t("convert.cli.locked", "en")
    return UserError(message["key"], **message["params"]).text()


def _unreadable() -> dict:
    return UserError("documents.error.unreadable").as_dict()
