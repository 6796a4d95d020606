"""Optimisers that keep their notes in a small space: GaLore (Zhao et al. 2024) and APOLLO (Zhu et al. 2024).

Both put objects of their own into the optimiser's state, which a checkpoint must not hold: it is read as plain numbers.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from core.errors import UserError
from core.training.settings import TrainSettings

PACKAGES = {"galore": "galore_torch", "apollo": "apollo_torch"}
"""Optimiser → its module; the package has the same name with a hyphen."""
_MAKERS = {"galore": ("galore_torch.galore_projector", "GaLoreProjector"),
           "apollo": ("apollo_torch.random_projector", "GradientProjector")}
_SCALES = {"galore": 0.25, "apollo": 1.0}
_OBJECT = "projector"


def check(settings: TrainSettings) -> None:
    """Raises UserError where such an optimiser saves nothing, or its package is missing."""
    module = PACKAGES.get(settings.optimizer)
    if module is None:
        return
    if settings.method != "full":
        raise UserError("train.error.low_rank_method")
    if find_spec(module) is None:
        raise UserError("train.error.low_rank_package", package=module.replace("_", "-"))


def arguments(settings: TrainSettings) -> dict[str, Any]:
    """What the trainer is told of it; nothing for other optimisers."""
    if settings.optimizer not in PACKAGES:
        return {}
    given = {"rank": settings.projection_rank, "update_proj_gap": settings.projection_gap,
             "scale": _SCALES[settings.optimizer]}
    return {"optim_args": ", ".join(f"{name}={value}" for name, value in given.items()),
            "optim_target_modules": "all-linear"}


def keep_plain(optimizer: Any, name: str) -> None:
    """Makes an optimiser save plain numbers, and take them back."""
    module, maker = _MAKERS[name]
    kind = getattr(import_module(module), maker)

    def plain(_: Any, state: dict[str, Any]) -> dict[str, Any]:
        return {**state, "state": {n: {**one, _OBJECT: dict(vars(one[_OBJECT]))} if _OBJECT in one else one
                                   for n, one in state["state"].items()}}

    def restored(optimizer: Any, state: dict[str, Any]) -> dict[str, Any]:
        weights = [weight for group in optimizer.param_groups for weight in group["params"]]
        return {**state, "state": {n: {**one, _OBJECT: made(one[_OBJECT], weights[n].device)} if _OBJECT in one else one
                                   for n, one in state["state"].items()}}

    def made(facts: dict[str, Any], device: Any) -> Any:
        found = kind.__new__(kind)
        vars(found).update({key: value.to(device) if hasattr(value, "to") else value for key, value in facts.items()})
        return found

    optimizer.register_state_dict_post_hook(plain)
    optimizer.register_load_state_dict_pre_hook(restored)
