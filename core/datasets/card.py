"""The card of a dataset: README.md that tells people and hubs what it holds, where it is from, and what is allowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from core.datasets.columns import PARTS, origins, placed_rows
from core.datasets.languages import LANGUAGES, language_of
from core.datasets.licences import LICENCES, PRIVATE
from core.datasets.store import DatasetInfo, get_dataset
from core.i18n import t
from core.storage import Workspace

LOOKED_AT = 2000
"""Rows of each part whose language is told."""
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_CODES = tuple(name for name in LANGUAGES if name not in ("latin", "mixed", "none"))
_SOURCES, _TEXT = 100, 300


@dataclass(frozen=True)
class Exported:
    """One file that the card tells of.

    Attributes:
        fields: names of its columns.
    """

    name: str
    part: str
    rows: int
    fields: Sequence[str]


def card(ws: Workspace, dataset_id: str, files: Sequence[Exported], lang: str = "en", use: str = "") -> str:
    """The card as Markdown with the YAML head that hubs read.

    Args:
        files: what lies beside it.
        use: a paragraph about how to use it.

    Raises UserError when there is no such dataset.
    """
    import yaml

    info = get_dataset(ws, dataset_id)
    head = yaml.safe_dump(_head(ws, info, files), sort_keys=False, allow_unicode=True)
    parts = [f"# {_plain(info.title)}", _plain(info.notes), t(f"dataset.card.kind.{info.kind}", lang), use,
             f"## {t('dataset.card.files', lang)}", _files(files, lang),
             f"## {t('dataset.card.fields', lang)}", _fields(files, lang),
             f"## {t('dataset.card.sources', lang)}", _sources(ws, info, {file.part for file in files}, lang),
             f"## {t('dataset.card.licence', lang)}", _licence(info, lang),
             f"## {t('dataset.card.limits', lang)}", t("dataset.card.limits_text", lang)]
    return f"---\n{head}---\n\n" + "\n\n".join(part for part in parts if part) + "\n"


def _head(ws: Workspace, info: DatasetInfo, files: Sequence[Exported]) -> dict[str, Any]:
    rows = sum(file.rows for file in files)
    size = next((name for most, name in _SIZES if rows < most), "1M<n<10M")
    head: dict[str, Any] = {"pretty_name": info.title, "license": info.licence if info.licence in LICENCES else "other"}
    if info.licence == PRIVATE:
        head["license_name"] = "not-for-distribution"
    languages = _languages(ws, info)
    if languages:
        head["language"] = languages
    head |= {"task_categories": ["text-generation"], "size_categories": [size], "tags": [*info.tags, "doctune"]}
    readable = [file for file in files if not file.name.endswith(".xlsx")]
    if readable:
        head["configs"] = [{"config_name": "default", "data_files": [
            {"split": "train" if file.part == "train" else "test", "path": file.name} for file in readable]}]
    return head


def _languages(ws: Workspace, info: DatasetInfo) -> list[str]:
    """Codes of the languages that more than a twentieth of the first rows is in."""
    rows = [row for part in PARTS for _, row in islice(placed_rows(ws, info.id, part), LOOKED_AT)]
    counts = Counter(language_of(f"{row.question}\n{row.answer}") for row in rows)
    return [name for name, count in counts.most_common() if name in _CODES and count > 0.05 * len(rows)]


def _files(files: Sequence[Exported], lang: str) -> str:
    heads = [t(f"dataset.card.column.{name}", lang) for name in ("file", "part", "rows")]
    rows = [[f"`{file.name}`", t(f"dataset.card.part.{file.part}", lang), f"{file.rows:,}"] for file in files]
    return _table(heads, rows)


def _fields(files: Sequence[Exported], lang: str) -> str:
    names = dict.fromkeys(name for file in files for name in file.fields)
    heads = [t(f"dataset.card.column.{name}", lang) for name in ("field", "meaning")]
    known = ("instruction", "input", "output", "system", "history", "tools", "task", "messages", "conversations",
             "prompt", "completion", "chosen", "rejected", "label", "answers", "score", "reason", "text", "query",
             "details", "extra", "source", "preferred_output", "non_preferred_output")
    return _table(heads, [[f"`{_plain(name)}`", t(f"dataset.field.{name if name in known else 'further'}", lang)]
                          for name in names])


def _sources(ws: Workspace, info: DatasetInfo, parts: set[str], lang: str) -> str:
    lines = []
    if info.own:
        documents = Counter(str(origin.get("label", "")) for place, origin in origins(ws.dataset(info.id)).items()
                            if place[0] in parts)
        documents.pop("", None)
        lines += [t("dataset.card.document", lang, name=_plain(name), count=rows)
                  for name, rows in documents.most_common(_SOURCES)]
    lines += [t("dataset.card.file", lang, name=_plain(name)) for name in info.files[:_SOURCES]]
    if info.made_from:
        lines.append(_plain(t(info.made_from["key"], lang, **info.made_from.get("params", {}))))
    if info.faults:
        lines.append(t("dataset.card.faults", lang, count=info.faults))
    return "\n".join(f"- {line}" for line in lines) or t("dataset.card.no_sources", lang)


def _licence(info: DatasetInfo, lang: str) -> str:
    if info.licence in LICENCES:
        name, url = LICENCES[info.licence]
        return f"[{name}]({url})"
    return t("dataset.card.private" if info.licence == PRIVATE else "dataset.card.no_licence", lang)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _plain(text: str) -> str:
    """Text of people that stays text in Markdown: no HTML, no table cells, no headings."""
    text = text.replace("<", "&lt;").replace("|", "\\|").replace("`", "'").replace("[", "\\[")
    return "\n".join(" ".join(line.split()).lstrip("#") for line in text[:20 * _TEXT].splitlines()).strip()
