"""The settings of every operation on the rows of a dataset; forms and validation follow from them."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from core.datasets.columns import QUESTION
from core.errors import UserError
from core.settings import Settings, setting

_SEED: dict[str, Any] = {"advanced": True, "ge": 0, "le": 2**31 - 1}


class FilterSettings(Settings):
    """Which rows fit: every condition that is given must hold."""

    area: ClassVar[str] = "dataset_filter"

    words: str = setting("", max_length=1000)
    where: Literal["anywhere", "question", "answer"] = setting("anywhere", choices=("anywhere", "question", "answer"))
    shortest: int = setting(0, ge=0, le=10**9, unit="characters")
    longest: int = setting(0, ge=0, le=10**9, unit="characters")
    column: str = setting("", widget="hidden", max_length=200)
    values: str = setting("", max_length=2000)
    keep: Literal["fitting", "others"] = setting("fitting", choices=("fitting", "others"))

    def checked(self) -> FilterSettings:
        """The settings themselves. Raises UserError when they say nothing, or cannot hold together."""
        if self.longest and self.longest < self.shortest:
            raise UserError("dataset.error.lengths", shortest=self.shortest, longest=self.longest)
        if not (self.words.strip() or self.shortest or self.longest or self.column):
            raise UserError("dataset.error.no_condition")
        return self


class SortSettings(Settings):
    """The new order: by question, answer, length, a column, or at random."""

    area: ClassVar[str] = "dataset_sort"

    by: str = setting("question", widget="hidden", max_length=200)
    order: Literal["up", "down"] = setting("up", choices=("up", "down"))
    seed: int = setting(42, **_SEED)


class SampleSettings(Settings):
    """How many rows to draw."""

    area: ClassVar[str] = "dataset_sample"

    rows: int = setting(100, ge=1, le=10**9)
    seed: int = setting(42, **_SEED)


class SplitSettings(Settings):
    """How the rows are divided into training and held-out part."""

    area: ClassVar[str] = "dataset_split"

    share: float = setting(0.1, widget="slider", step=0.05, ge=0.05, le=0.5)
    group: str = setting(QUESTION, widget="hidden", max_length=200)
    stratify: str = setting("", widget="hidden", max_length=200)
    seed: int = setting(42, **_SEED)


class MergeSettings(Settings):
    """Several datasets one after the other."""

    area: ClassVar[str] = "dataset_merge"

    title: str = setting("", max_length=200)
    copies: Literal["same", "near", "keep"] = setting("same", choices=("same", "near", "keep"))


class MixSettings(Settings):
    """Several datasets by shares, in random order; `rows` 0 takes as many as the shares allow."""

    area: ClassVar[str] = "dataset_mix"

    title: str = setting("", max_length=200)
    general: float = setting(0.0, widget="slider", step=0.05, ge=0, le=0.5)
    rows: int = setting(0, ge=0, le=10**9)
    seed: int = setting(42, **_SEED)
