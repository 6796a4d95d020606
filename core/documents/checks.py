"""What must hold for every document folder; part of `core.storage.fsck`."""

from __future__ import annotations

from core.documents.record import fold, load_spec
from core.errors import UserError
from core.storage import Workspace, check_id, verify_dir
from core.storage.fsck import Problem
from core.storage.journal import journal_scan


def check_documents(ws: Workspace) -> list[Problem]:
    """Specs can be read, the given files are unchanged, journals are whole, and every finished page is there."""
    found: list[Problem] = []
    for folder in sorted(ws.documents.iterdir()) if ws.documents.is_dir() else ():
        if folder.name.startswith("."):
            continue
        where = folder.relative_to(ws.root).as_posix()
        try:
            paths = ws.document(check_id(folder.name))
            load_spec(paths)
            wrong = verify_dir(folder)
        except (UserError, OSError, AttributeError, TypeError, KeyError):
            found.append(Problem("error", where, "documents.fsck.damaged"))
            continue
        found += [Problem("error", f"{where}/{name}", "storage.fsck.differs") for name in wrong]
        if bad := journal_scan(paths.journal).bad:
            found.append(Problem("error", f"{where}/{paths.journal.name}", "documents.fsck.journal",
                                 {"count": len(bad)}))
        missing = [number for number in fold(paths).readable if not paths.markdown(number).is_file()]
        found += [Problem("error", f"{where}/pages", "documents.fsck.page", {"number": number}) for number in missing]
    return found
