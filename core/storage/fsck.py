"""Checks every invariant of a workspace: ``python -m core.storage.fsck [ROOT]``. Support tool and test oracle at once.

Changes nothing. Exit code 0: no errors (notes are allowed), 1: errors.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from core.errors import UserError
from core.i18n import t
from core.storage.atomic import read_json
from core.storage.folders import MANIFEST, leftovers, verify_dir
from core.storage.workspace import Workspace, check_id

# Each entry is a function `check(ws) -> list[Problem]`; areas add theirs here.
CHECKS = [
    "core.storage.fsck:check_files",
    "core.storage.fsck:check_models",
    "core.jobs.checks:check_jobs",
    "core.documents.checks:check_documents",
    "core.qa.checks:check_qa",
    "core.datasets.checks:check_datasets",
]


@dataclass(frozen=True)
class Problem:
    """One finding.

    Args:
        level: "error" for a broken invariant, "note" for what the next start puts right by itself.
        where: path relative to the workspace.
        key: entry of the message catalogue, with `params`.
    """

    level: str
    where: str
    key: str
    params: dict[str, Any] = field(default_factory=dict)

    def text(self, lang: str = "en") -> str:
        """One line for people."""
        return f"{self.where}: {t(self.key, lang, **self.params)}"


def fsck(ws: Workspace) -> list[Problem]:
    """All problems of a workspace, errors first."""
    found: list[Problem] = []
    for name in CHECKS:
        module, _, function = name.partition(":")
        check: Callable[[Workspace], list[Problem]] = getattr(import_module(module), function)
        found += check(ws)
    return sorted(found, key=lambda problem: (problem.level != "error", problem.where))


def check_files(ws: Workspace) -> list[Problem]:
    """The files that every part relies on can be read; leftovers of dead processes are noted."""
    found = [Problem("note", path.relative_to(ws.root).as_posix(), "storage.fsck.leftover") for path in leftovers(ws)]
    for path in (ws.settings_file, ws.dataset_info):
        try:
            if path.exists() and not isinstance(read_json(path), dict):
                found.append(Problem("error", path.relative_to(ws.root).as_posix(), "storage.fsck.damaged"))
        except UserError:
            found.append(Problem("error", path.relative_to(ws.root).as_posix(), "storage.fsck.damaged"))
    return found


def check_models(ws: Workspace) -> list[Problem]:
    """Every installed model has a manifest, and its files have the sizes listed there."""
    found: list[Problem] = []
    for folder in sorted(ws.models.iterdir()) if ws.models.is_dir() else ():
        if folder.name.startswith("."):
            continue
        where = folder.relative_to(ws.root).as_posix()
        try:
            check_id(folder.name)
            wrong = verify_dir(folder)
        except FileNotFoundError:
            found.append(Problem("error", where, "storage.fsck.no_manifest", {"name": MANIFEST}))
        except (UserError, NotADirectoryError, AttributeError, TypeError, KeyError):
            found.append(Problem("error", where, "storage.fsck.damaged"))
        else:
            found += [Problem("error", f"{where}/{name}", "storage.fsck.differs") for name in wrong]
    return found


def main(argv: list[str]) -> int:
    """Prints the problems of the workspace at ``argv[0]``, or of the default one."""
    problems = fsck(Workspace.at(argv[0]) if argv else Workspace.default())
    for problem in problems:
        print(f"{problem.level:5} {problem.text()}")
    errors = sum(problem.level == "error" for problem in problems)
    print(f"{errors} errors, {len(problems) - errors} notes")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
