"""What must hold for every dataset; part of `core.storage.fsck`."""

from __future__ import annotations

from core.datasets import registry
from core.datasets.reading import conversations
from core.datasets.similar import bare
from core.datasets.store import DatasetInfo, entries_of, list_datasets, without_dangling
from core.errors import UserError
from core.storage import Workspace
from core.storage.folders import verify_dir
from core.storage.fsck import Problem


def check_datasets(ws: Workspace) -> list[Problem]:
    """Folders are complete, counts are true, no held-out question is trained on; the registry names what is there."""
    found: list[Problem] = []
    own = {d.id: d for d in list_datasets(ws) if d.own}
    for folder in sorted(ws.datasets.iterdir()) if ws.datasets.is_dir() else ():
        if folder.name.startswith("."):
            continue
        where = folder.relative_to(ws.root).as_posix()
        try:
            wrong = verify_dir(folder, deep=True)
        except (FileNotFoundError, UserError, NotADirectoryError):
            found.append(Problem("error", where, "storage.fsck.damaged"))
            continue
        found += [Problem("error", f"{where}/{name}", "storage.fsck.differs") for name in wrong]
        if not wrong and folder.name in own:
            found += _check_rows(ws, own[folder.name], where)
    return found + _check_registry(ws, list(own.values()))


def _check_rows(ws: Workspace, info: DatasetInfo, where: str) -> list[Problem]:
    train, test = conversations(ws, info.id, "train"), conversations(ws, info.id, "held_out")
    found = []
    for rows, listed in ((train, info.rows), (test, info.held_out_rows)):
        if len(rows) != listed:
            found.append(Problem("error", where, "dataset.fsck.rows", {"found": len(rows), "listed": listed}))
    trained = {bare(c[-2]["content"]) for c in train}
    if any(bare(c[-2]["content"]) in trained for c in test):
        found.append(Problem("error", where, "dataset.fsck.leak"))
    return found


def _check_registry(ws: Workspace, own: list[DatasetInfo]) -> list[Problem]:
    try:
        entries = registry.read(ws)
    except UserError:
        return []  # named by check_files
    where = ws.dataset_info.relative_to(ws.root).as_posix()
    gone = sorted(set(entries) - set(without_dangling(ws, entries)))
    found = [Problem("note", where, "dataset.fsck.dangling", {"name": name}) for name in gone]
    return found + [
        Problem("note", f"{ws.datasets.relative_to(ws.root).as_posix()}/{info.id}", "dataset.fsck.unregistered")
        for info in own
        if any(entries.get(name) != raw for name, raw in entries_of(info).items())
    ]
