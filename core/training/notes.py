"""What people keep about their runs, and what tells runs apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import UserError
from core.jobs import view
from core.storage import Workspace, load_or_set_aside, write_json
from core.training.curves import curves
from core.training.settings import TrainSettings

MOST_LETTERS = 2000


@dataclass(frozen=True)
class Note:
    """A person's words about a run, and whether it stays on top of the list."""

    text: str = ""
    pinned: bool = False


def note(ws: Workspace, run_id: str) -> Note:
    """The note of a run; an empty one when there is none or its file is damaged."""
    found = load_or_set_aside(ws.run(run_id).notes, {})
    found = found if isinstance(found, dict) else {}
    return Note(str(found.get("text", "")), bool(found.get("pinned")))


def write_note(ws: Workspace, run_id: str, text: str | None = None, pinned: bool | None = None) -> Note:
    """Changes the words, the pin or both. Raises UserError when there is no such run."""
    view(ws, run_id)
    old = note(ws, run_id)
    new = Note(old.text if text is None else text.strip()[:MOST_LETTERS], old.pinned if pinned is None else pinned)
    write_json(ws.run(run_id).notes, {"text": new.text, "pinned": new.pinned})
    return new


def size_of(ws: Workspace, run_id: str) -> int:
    """Bytes that deleting a run frees."""
    return sum(file.stat().st_size for file in ws.run(run_id).dir.rglob("*") if file.is_file())


def differences(chosen: Sequence[TrainSettings]) -> dict[str, list[Any]]:
    """Field → its value in each run, for the fields in which they differ, in the order of the table."""
    values = [one.model_dump() for one in chosen]
    return {name: [one[name] for one in values] for name in TrainSettings.model_fields
            if any(one[name] != values[0][name] for one in values)}


def lowest(ws: Workspace, runs: Sequence[tuple[str, str]]) -> set[str]:
    """Of runs given as (id, datasets) the one with the lowest held-out loss of each choice of datasets, where two can
    be compared."""
    found: dict[str, list[tuple[float, str]]] = {}
    for run_id, dataset in runs:
        try:
            held_out = curves(ws, run_id).held_out
        except UserError:
            continue
        if held_out:
            found.setdefault(dataset, []).append((min(loss for _, loss in held_out), run_id))
    return {min(losses)[1] for losses in found.values() if len(losses) > 1}
