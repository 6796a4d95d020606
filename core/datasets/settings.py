"""How pairs become a dataset."""

from __future__ import annotations

from typing import ClassVar, Literal

from core.settings import Settings, setting


class DatasetSettings(Settings):
    """Format and held-out part of a dataset."""

    area: ClassVar[str] = "dataset"

    held_out_share: float = setting(0.1, widget="slider", step=0.05, ge=0, le=0.4)
    unseen_share: float = setting(0.0, widget="slider", step=0.05, ge=0, le=0.3, advanced=True)
    known_rows: Literal["keep", "one", "none"] = setting("keep", choices=("keep", "one", "none"), advanced=True)
    most_rows: int = setting(0, advanced=True, ge=0, le=10_000_000, step=1)
    fmt: Literal["alpaca", "sharegpt"] = setting("alpaca", choices=("alpaca", "sharegpt"), advanced=True)
    seed: int = setting(42, advanced=True, ge=0, le=2**31 - 1)
