"""A dataset as the folder that a hub shows: a file for each part, and the card. Counted before it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.datasets.card import Exported, card
from core.datasets.exporting import counts, export, suffix
from core.datasets.licences import PRIVATE
from core.datasets.reading import Split
from core.datasets.services import SERVICES
from core.datasets.shapes import FORMATS, TABLES
from core.datasets.store import get_dataset
from core.errors import UserError
from core.storage import Workspace, atomic_write

CARD = "README.md"
_NAMES: dict[Split, str] = {"train": "train", "held_out": "test"}


@dataclass(frozen=True)
class Share:
    """What would go out.

    Attributes:
        parts: (part of the dataset, name of its file, rows).
    """

    fmt: str
    parts: list[tuple[Split, str, int]]

    @property
    def rows(self) -> int:
        """Rows of all parts."""
        return sum(rows for _, _, rows in self.parts)

    @property
    def names(self) -> list[str]:
        """Names of all files, the card included."""
        return [*(name for _, name, _ in self.parts), CARD]


def share_plan(ws: Workspace, dataset_id: str, fmt: str = "") -> Share:
    """What sharing a dataset would send out.

    Args:
        fmt: a format that is one file; else the one that holds the most rows.

    Raises UserError when there is no such dataset, or no row fits.
    """
    train, test = counts(ws, dataset_id), counts(ws, dataset_id, "held_out")
    if fmt not in FORMATS:
        usual = [name for name in FORMATS if name not in (*TABLES, *SERVICES)]
        fmt = max(usual, key=lambda name: train.get(name, 0))
        fmt = fmt if train.get(fmt) else "parquet"
    found: dict[Split, int] = {"train": train.get(fmt, 0), "held_out": test.get(fmt, 0)}
    if not found["train"]:
        title = get_dataset(ws, dataset_id).title
        raise UserError("dataset.error.nothing_fits", name=title, format={"key": f"dataset.format.{fmt}"})
    return Share(fmt, [(part, _NAMES[part] + suffix(fmt), rows) for part, rows in found.items() if rows])


def check_licence(ws: Workspace, dataset_id: str, private: bool) -> None:
    """Raises UserError when rows that are not to be passed on would be shown to everyone."""
    info = get_dataset(ws, dataset_id)
    if info.licence == PRIVATE and not private:
        raise UserError("dataset.push.error.licence", name=info.title)


def write_share(ws: Workspace, dataset_id: str, share: Share, folder: Path, lang: str = "en",
                on_row: Callable[[int], None] = lambda n: None) -> None:
    """Writes the files into `folder`. Raises UserError when the disk is full."""
    written = []
    for part, name, _ in share.parts:
        made = export(ws, dataset_id, share.fmt, folder / name, part, on_row)
        written.append(Exported(name, part, made.rows, made.fields))
    atomic_write(folder / CARD, card(ws, dataset_id, written, lang).encode("utf-8", "replace"))
