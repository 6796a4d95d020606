"""How rows of a dataset are asked in other words."""

from __future__ import annotations

from typing import ClassVar

from core.llm.settings import HelperSettings
from core.settings import Settings, setting


class AugmentSettings(Settings):
    """New wordings of the questions of a dataset, written by a helper."""

    area: ClassVar[str] = "qa_augment"

    helper: HelperSettings = setting(HelperSettings(), widget="hidden")
    wordings: int = setting(2, widget="slider", step=1, ge=1, le=5)
    most: int = setting(0, ge=0, le=10**6)
    seed: int = setting(42, advanced=True, ge=0, le=2**31 - 1)
