"""A dataset from the accepted pairs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from core.datasets import registry
from core.datasets.formats import Conversation, to_row
from core.datasets.settings import DatasetSettings
from core.datasets.store import DatasetInfo, entries_of, free_name, get_dataset, list_all, new_info, without_dangling
from core.datasets.writing import STRIDE
from core.errors import UserError
from core.storage import Workspace, atomic_write, new_id, publish_dir, require_space, write_json
from core.storage.workspace import DatasetPaths


class Pair(Protocol):
    """What a row is made from; pairs with one `fact_key` ask for the same fact in different words."""

    id: str
    question: str
    answer: str
    evidence: Any
    fact_key: str
    variant: int
    origin: str


def create_from_pairs(ws: Workspace, title: str, pairs: Sequence[Pair],
                      settings: DatasetSettings | None = None) -> DatasetInfo:
    """Writes and registers a dataset of these pairs. Raises UserError without pairs or without space."""
    from core.datasets.split import held_out, unseen

    settings = settings or DatasetSettings()
    if not pairs:
        raise UserError("dataset.error.no_pairs")
    sections = [getattr(p, "section", "") or p.fact_key for p in pairs]
    new = unseen([p.question for p in pairs], sections, settings.unseen_share, settings.seed) \
        if settings.unseen_share else set()
    seen = [i for i in range(len(pairs)) if i not in new]
    test = {seen[i] for i in held_out([pairs[i].question for i in seen], [pairs[i].fact_key for i in seen],
                                      settings.held_out_share, settings.seed)}
    parts = {
        "train": [p for i, p in enumerate(pairs) if i not in test and i not in new],
        "held_out": [p for i, p in enumerate(pairs) if i in test or i in new],
    }
    require_space(ws.datasets, 8 * sum(len(p.question) + len(p.answer) + len(p.evidence.quote) for p in pairs))
    with registry.locked(ws):
        taken = {d.name for d in list_all(ws)} | registry.names(ws)
        info = new_info(
            ws,
            new_id("ds"),
            free_name(title, taken),
            title,
            settings.fmt,
            rows=len(parts["train"]),
            held_out_rows=len(parts["held_out"]),
            facts=len({p.fact_key for p in pairs}),
            documents=len({p.evidence.document_id for p in pairs}),
            characters=sum(len(p.question) + len(p.answer) for p in pairs),
            settings=settings.model_dump(),
        )
        _publish(ws, info, parts, {pairs[i].id for i in new})
        registry.update(ws, lambda entries: {**without_dangling(ws, entries), **entries_of(info)})
    return get_dataset(ws, info.id)


def _publish(ws: Workspace, info: DatasetInfo, parts: dict[str, list[Pair]], new: set[str]) -> None:
    folder = ws.tmp_dir(near=ws.datasets)
    paths = DatasetPaths(folder)
    lines = {split: _lines(to_row(_messages(p), info.fmt) for p in pairs) for split, pairs in parts.items()}
    _write(paths.train, lines["train"])
    if parts["held_out"]:
        _write(paths.held_out, lines["held_out"])
    _write(
        paths.provenance,
        _lines(_origin(split, row, p) | ({"unseen": True} if p.id in new else {})
               for split, pairs in parts.items() for row, p in enumerate(pairs)),
    )
    write_json(paths.info, {**info.to_json(), "index": _index(lines["train"])})
    publish_dir(folder, ws.dataset(info.id).dir)


def _messages(pair: Pair) -> Conversation:
    turns = [*(turn[:2] for turn in getattr(pair, "earlier", ())), (pair.question, pair.answer)]
    return [message for question, answer in turns
            for message in ({"role": "user", "content": question}, {"role": "assistant", "content": answer})]


def _origin(split: str, row: int, pair: Pair) -> dict[str, Any]:
    return {
        "split": split,
        "row": row,
        "pair": pair.id,
        "fact": pair.fact_key,
        "variant": pair.variant,
        "origin": pair.origin,
        "document": pair.evidence.document_id,
        "label": pair.evidence.label,
        "page": pair.evidence.page,
        "start": pair.evidence.start,
        "end": pair.evidence.end,
        "quote": pair.evidence.quote,
    }


def _lines(rows: Iterable[dict[str, Any]]) -> list[bytes]:
    return [json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n" for row in rows]


def _write(path: Path, lines: Sequence[bytes]) -> None:
    atomic_write(path, b"".join(lines))


def _index(lines: Sequence[bytes]) -> list[int]:
    places, at = [], 0
    for number, line in enumerate(lines):
        if number % STRIDE == 0:
            places.append(at)
        at += len(line)
    return places
