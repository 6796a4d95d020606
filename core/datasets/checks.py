"""What must hold for every dataset; part of `core.storage.fsck`."""

from __future__ import annotations

from core.datasets import registry
from core.datasets.reading import typed_rows
from core.datasets.similar import bare
from core.datasets.store import DatasetInfo, entries_of, list_all, without_dangling
from core.errors import UserError
from core.storage import Workspace
from core.storage.folders import verify_dir
from core.storage.fsck import Problem


def check_datasets(ws: Workspace) -> list[Problem]:
    """Folders are complete, counts are true, no held-out question is trained on; the registry names what is there."""
    found: list[Problem] = []
    own = {d.id: d for d in list_all(ws) if d.own}
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
    found = []
    questions: dict[str, list[str]] = {}
    for split, listed in (("train", info.rows), ("held_out", info.held_out_rows)):
        asked = [bare(row.question) for row in typed_rows(ws, info.id, "train" if split == "train" else "held_out")]
        questions[split] = asked
        if len(asked) != listed:
            found.append(Problem("error", where, "dataset.fsck.rows", {"found": len(asked), "listed": listed}))
    # What people bring may overlap; the doctor tells them. Ours never does.
    if info.fmt != "rows" and set(questions["train"]) & set(questions["held_out"]):
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
