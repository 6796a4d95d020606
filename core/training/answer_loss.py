"""The loss of predicted tokens, without the scores of all of them at once. Imports torch; only the trainer does."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import cross_entropy
from torch.utils.checkpoint import checkpoint

from core.training.products import evened, product

AT_ONCE = 1024
"""Predicted tokens that are scored at once, where the scores are kept for the backward pass."""
FEW = 256
"""Predicted tokens that are scored at once, where loss and gradient are made together."""


def summed_loss(head: nn.Module, states: Tensor, targets: Tensor) -> Tensor:
    """Summed negative log-likelihood of tokens (n,) at states (n, features)."""
    if _fixed(head, states):
        return _FixedHead.apply(states, head.weight, targets)
    if len(states) <= AT_ONCE:
        return cross_entropy(head(states).float(), targets, reduction="sum")
    return torch.stack([checkpoint(summed_loss, head, some, theirs, use_reentrant=False) for some, theirs
                        in zip(states.split(AT_ONCE), targets.split(AT_ONCE), strict=True)]).sum()


def _fixed(head: nn.Module, states: Tensor) -> bool:
    """Whether the head is a plain matrix that does not learn, on a processor in single precision."""
    return (type(head) is nn.Linear and head.bias is None and not head.weight.requires_grad
            and states.device.type == "cpu" and states.dtype == head.weight.dtype == torch.float32)


class _FixedHead(torch.autograd.Function):
    """Loss and gradient of a few tokens at a time: of their scores nothing is kept."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
        loss, learns = states.new_zeros(()), ctx.needs_input_grad[0]
        gradient = torch.empty_like(states) if learns else None
        for start in range(0, len(states), FEW):
            some = slice(start, start + FEW)
            target = targets[some, None]
            scores = torch.log_softmax(product(evened(states[some]), weight), dim=-1)
            loss -= scores[:len(target)].gather(1, target).sum()
            if gradient is not None:
                wrong = scores.exp_().scatter_add_(1, target, scores.new_full((), -1.0).expand_as(target))
                gradient[some] = product(wrong, weight.t())[:len(target)]
        ctx.save_for_backward(gradient)
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor | None, ...]:
        gradient, = ctx.saved_tensors
        return gradient * outer, None, None
