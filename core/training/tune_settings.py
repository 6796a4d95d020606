"""The one table of tuning: for how long, over which settings, between which values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from core.errors import UserError
from core.settings import Settings, setting
from core.training.settings import TrainSettings

TUNED = ("learning_rate", "lora_rank", "epochs")


class TuneSettings(Settings):
    """What is tried. Labels and helps are `tune.<field>.*` of the message catalogue."""

    area: ClassVar[str] = "tune"

    minutes: int = setting(30, ge=1, le=10080, step=5, unit="minutes")
    learning_rate: bool = setting(True)
    learning_rate_low: float = setting(2e-4, gt=0, le=0.1)
    learning_rate_high: float = setting(3e-3, gt=0, le=0.1)
    lora_rank: bool = setting(True)
    lora_rank_low: int = setting(4, ge=1, le=512, step=1)
    lora_rank_high: int = setting(32, ge=1, le=512, step=1)
    epochs: bool = setting(True)
    epochs_low: int = setting(2, ge=1, le=100, step=1)
    epochs_high: int = setting(6, ge=1, le=100, step=1)

    def bounds(self, name: str) -> tuple[Any, Any]:
        """The lowest and highest value of a tuned setting."""
        return getattr(self, f"{name}_low"), getattr(self, f"{name}_high")


@dataclass(frozen=True)
class Space:
    """What trials of one tuning may differ in.

    Attributes:
        base: the person's settings; all others stay as they are there.
        bounds: tuned setting → lowest and highest value.
    """

    base: TrainSettings
    bounds: dict[str, tuple[Any, Any]]

    @property
    def ranks(self) -> list[int]:
        """The ranks that are tried: both ends and the powers of two between them."""
        low, high = self.bounds["lora_rank"]
        return sorted({low, high, *(1 << n for n in range(10) if low < 1 << n < high)})

    def settings(self, values: dict[str, Any]) -> TrainSettings:
        """A trial's settings. The strength of an adapter (alpha by rank) stays as it was."""
        change = dict(values)
        if "lora_rank" in values:
            alpha = round(values["lora_rank"] * self.base.lora_alpha / self.base.lora_rank)
            change["lora_alpha"] = min(1024, max(1, alpha))
        return TrainSettings.load({**self.base.model_dump(), **change})

    def own(self) -> dict[str, Any] | None:
        """The person's own values, when they lie in the space: the trial that others must beat."""
        values = {name: getattr(self.base, name) for name in self.bounds}
        inside = all(low <= values[name] <= high for name, (low, high) in self.bounds.items())
        return values if inside and ("lora_rank" not in values or values["lora_rank"] in self.ranks) else None

    def usual_epochs(self) -> float:
        """Epochs of a trial on average."""
        return sum(self.bounds["epochs"]) / 2 if "epochs" in self.bounds else self.base.epochs

    def fewest_epochs(self) -> int:
        """Epochs of the shortest trial."""
        return int(self.bounds["epochs"][0]) if "epochs" in self.bounds else self.base.epochs


def space(train: TrainSettings, tune: TuneSettings) -> Space:
    """What is to be tried with this method.

    Raises:
        UserError: a range ends before it begins, or nothing is left to try.
    """
    effective = train.effective()
    bounds = {}
    for name in TUNED:
        if not getattr(tune, name) or not train.applies(name, effective.model_dump()):
            continue
        low, high = tune.bounds(name)
        if low > high:
            raise UserError("tune.error.range", setting={"key": f"train.{name}.label"}, low=low, high=high)
        bounds[name] = (low, high)
    if not any(low < high for low, high in bounds.values()):
        raise UserError("tune.error.nothing")
    return Space(effective, bounds)


def rounded_rate(rate: float) -> float:
    """A learning rate with two digits that matter."""
    return float(f"{rate:.2g}")
