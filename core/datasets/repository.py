"""Files of a dataset on a hub: which belong together, and which are to train and which are held out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatch
from typing import Any

from core.datasets.sources import Part

Configs = list[dict[str, Any]]
"""Subsets that the card names: ``{"name": str, "files": [[split, pattern], …]}``."""
_MOST_GROUPS = 20
_WORDS = re.compile(r"(?<![a-z])(train(?:ing)?|valid(?:ation)?|val|dev|test(?:ing)?|eval(?:uation)?)(?![a-z])", re.I)
_SHARD = re.compile(r"[-_.]?\d{3,}(?:-of-\d+)?|-[0-9a-f]{16}(?=\.)")
_Group = dict[str, list[Part]]


def split_of(name: str) -> str:
    """"train", "validation" or "test" as the path of a file or the name of a split says; "" when it does not."""
    found = _WORDS.findall(name)
    word = found[-1].lower() if found else ""
    return "train" if word.startswith("train") else "validation" if word[:1] in ("v", "d") else "test" if word else ""


def configs_of(head: dict[str, Any]) -> Configs:
    """The subsets in the head of a card; those that cannot be followed are left out."""
    found = head.get("configs")
    configs: Configs = []
    for one in found if isinstance(found, list) else []:
        if isinstance(one, dict):
            files = [[str(split), str(pattern)] for split, pattern in _data_files(one.get("data_files"))]
            if files:
                configs.append({"name": str(one.get("config_name", "default"))[:60], "files": files[:1000]})
    return configs[:100]


def _data_files(given: Any) -> Iterable[tuple[str, str]]:
    for one in given if isinstance(given, list) else [given]:
        split, paths = (one.get("split", ""), one.get("path")) if isinstance(one, dict) else ("", one)
        for path in paths if isinstance(paths, list) else [paths]:
            if isinstance(path, str):
                yield split or split_of(path), path


def wanted(names: list[str], configs: Configs) -> list[str]:
    """The files that the card's subsets name; all of them when it names none of them."""
    patterns = [pattern for config in configs for _, pattern in config["files"]]
    named = [name for name in names if any(_fits(name, pattern) for pattern in patterns)]
    return named or names


def _fits(name: str, pattern: str) -> bool:
    """Like the hubs: ``**/`` also stands for no folder at all."""
    return fnmatch(name, pattern) or fnmatch(name, pattern.replace("**/", ""))


def arrange(parts: list[Part], title: str, configs: Configs) -> list[Part]:
    """Gives every file its dataset: subsets of the card, else files whose names differ only in split and number.

    Of each, "train" is to train and "test" held out, or "validation" where there is no test; any further split is a
    dataset of its own.
    """
    groups: dict[str, _Group] = {}
    for config in configs:
        name = title if config["name"] == "default" else f"{title} {config['name']}"
        for part in parts:
            split = next((split for split, pattern in config["files"] if _fits(part.label, pattern)), None)
            if split is not None:
                split = split_of(split) if _WORDS.fullmatch(split) else split
                groups.setdefault(name, {}).setdefault(split, []).append(part)
    return [part for name, group in (groups or _by_name(parts, title)).items() for part in _placed(name, group)]


def _by_name(parts: list[Part], title: str) -> dict[str, _Group]:
    keys = {part.label: _WORDS.sub("", _SHARD.sub("", part.label)) for part in parts}
    different = list(dict.fromkeys(keys.values()))
    names = dict.fromkeys(different, title)
    if 1 < len(different) <= _MOST_GROUPS:
        for key in different:
            stem, _, suffix = key.rpartition(".")
            name = " ".join([title, *re.findall(r"[^\W_]+", stem)])
            names[key] = name if name not in names.values() else f"{name} {suffix}"
    groups: dict[str, _Group] = {}
    for part in parts:
        groups.setdefault(names[keys[part.label]], {}).setdefault(split_of(part.label), []).append(part)
    return groups


def _placed(name: str, group: _Group) -> Iterable[Part]:
    main = next((split for split in ("train", "", "validation", "test") if split in group), next(iter(group)))
    held_out = next((split for split in ("test", "validation") if split in group and split != main), None)
    if main not in ("train", ""):
        held_out = None
    for split, parts in group.items():
        own = name if split in (main, held_out) else f"{name} {split}".strip()
        yield from (replace(part, dataset=own, held_out=split == held_out) for part in parts)
