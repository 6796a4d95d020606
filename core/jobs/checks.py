"""What must hold for every job folder; part of `core.storage.fsck`."""

from __future__ import annotations

from core.errors import UserError
from core.jobs.spec import load_spec
from core.jobs.state import view
from core.storage import Workspace, check_id
from core.storage.fsck import Problem
from core.storage.journal import journal_scan


def check_jobs(ws: Workspace) -> list[Problem]:
    """Specs can be read, journals begin with a sitting and have no damaged lines, sequence numbers have no gap."""
    found: list[Problem] = []
    for parent in (ws.jobs, ws.runs):
        for folder in sorted(parent.iterdir()) if parent.is_dir() else ():
            if folder.name.startswith("."):
                continue
            where = folder.relative_to(ws.root).as_posix()
            try:
                paths = ws.job(check_id(folder.name))
                load_spec(paths)
                view(ws, paths.id)
            except UserError as error:
                found.append(Problem("error", where, error.key, error.params))
                continue
            journal = journal_scan(paths.events)
            name = f"{where}/{paths.events.name}"
            if not journal.lines or journal.lines[0].get("type") != "sitting":
                found.append(Problem("error", name, "jobs.fsck.no_sitting"))
            numbers = [line.get("seq") for line in journal.lines]
            if journal.bad:
                found.append(Problem("error", name, "jobs.warning.journal_damaged", {"count": len(journal.bad)}))
            elif numbers != list(range(1, len(numbers) + 1)):
                found.append(Problem("error", name, "jobs.fsck.gap"))
    return found
