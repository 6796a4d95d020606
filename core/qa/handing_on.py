"""From reviewed pairs to the next step: a dataset."""

from __future__ import annotations

from collections.abc import Sequence

from core import datasets
from core.datasets import DatasetInfo, DatasetSettings
from core.errors import UserError
from core.qa.known import unknown_first
from core.qa.pairs import all_accepted
from core.qa.types import Pair
from core.storage import Workspace


def make_dataset(ws: Workspace, title: str, settings: DatasetSettings | None = None) -> DatasetInfo:
    """Makes a dataset of the accepted pairs: all of them, unless the settings say otherwise.

    Raises UserError when there are none, the model knows them all and they should be left out, or the disk is full.
    """
    settings = settings or DatasetSettings()
    pairs = all_accepted(ws)
    wanted = chosen(pairs, settings)
    if pairs and not wanted:
        raise UserError("dataset.error.all_known")
    return datasets.create_from_pairs(ws, title, wanted, settings)


def chosen(pairs: Sequence[Pair], settings: DatasetSettings) -> list[Pair]:
    """The pairs that a dataset gets, in their order: what the base model knows already is left out or kept in one
    wording, and a dataset that is cut keeps what the model does not know."""
    kept, seen = [], set[str]()
    for pair in pairs:
        if pair.known == "known" and (settings.known_rows == "none" or
                                      settings.known_rows == "one" and pair.fact_key in seen):
            continue
        if pair.known == "known":
            seen.add(pair.fact_key)
        kept.append(pair)
    if not settings.most_rows or len(kept) <= settings.most_rows:
        return kept
    places = unknown_first((pair.fact_key, pair.known) for pair in kept)[:settings.most_rows]
    return [kept[place] for place in sorted(places)]
