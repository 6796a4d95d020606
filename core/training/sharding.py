"""A model divided among the processes with torch's FSDP2 (`fully_shard`), the same way on cards and processors.

The Trainer of Transformers is told that the model looks after its own gradients. Checkpoints hold whole tensors, so
another number of processes, or one alone, can go on from them. Imports torch; only the trainer process does.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import CPUOffloadPolicy, OffloadPolicy, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from core.training import ranks
from core.training.methods import layers_of
from core.training.settings import TrainSettings


def shard(model: Any, settings: TrainSettings, kind: str) -> None:
    """Divides the model in place, layer by layer; its layers are gathered one at a time when they are computed.

    Args:
        kind: where it is computed, "cuda" or "cpu".
    """
    if not settings.trains_whole:  # an adapter begins at random: with the same numbers everywhere
        for weight in model.parameters():
            if weight.requires_grad:
                dist.broadcast(weight.data, src=0)
    mesh = init_device_mesh(kind, (ranks.count(),))
    policy = CPUOffloadPolicy(pin_memory=kind == "cuda") if settings.strategy == "fsdp_offload" else OffloadPolicy()
    for layer in layers_of(model):
        fully_shard(layer, mesh=mesh, offload_policy=policy)
    fully_shard(model, mesh=mesh, offload_policy=policy)


def whole(tensor: Any) -> Any:
    """A tensor of which each process has a part, gathered; all processes must ask for it."""
    if hasattr(tensor, "ds_id"):
        import deepspeed

        with deepspeed.zero.GatheredParameters([tensor]):
            return tensor.data.detach().clone()
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def whole_weights(model: Any, trained_only: bool) -> dict[str, torch.Tensor]:
    """Names → whole weights on the processor; empty for processes that do not lead, which take part all the same."""
    found: dict[str, torch.Tensor] = {}
    gathered: dict[int, torch.Tensor] = {}  # a weight that has two names stays one
    for name, weight in model.named_parameters(remove_duplicate=False):
        if trained_only and not weight.requires_grad:
            continue
        if id(weight) not in gathered:
            value = whole(weight).detach()
            gathered[id(weight)] = value.cpu() if ranks.leads() else value.new_empty(0)
        if ranks.leads():
            found[name] = gathered[id(weight)]
    return found


def whole_state(optimizer: Any) -> dict[str, Any]:
    """The optimiser's state as a run in one process would save it."""
    state = optimizer.state_dict()
    gathered = {number: {name: whole(value).cpu() if torch.is_tensor(value) else value for name, value in one.items()}
                for number, one in state["state"].items()}
    return {**state, "state": gathered}


def divided_state(state: dict[str, Any], optimizer: Any) -> dict[str, Any]:
    """A whole state, divided as the optimiser's weights are."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]

    def part(value: Any, weight: Any) -> Any:
        if not isinstance(weight, DTensor) or not torch.is_tensor(value) or value.shape != weight.shape:
            return value
        place = weight.to_local().device
        return distribute_tensor(value.to(weight.device_mesh.device_type), weight.device_mesh,
                                 weight.placements).to(place)

    return {**state, "state": {number: {name: part(value, weights[number]) for name, value in one.items()}
                               for number, one in state["state"].items()}}
