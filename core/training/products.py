"""Linear layers on a processor: the quicker library for their products, and LoRA in as few passes as it takes.

torch multiplies single-precision matrices with Intel's MKL, which uses half the width of other makers' processors;
oneDNN, which torch brings, too, uses all of it (measured on an AMD EPYC: 193 and 430 GFLOP/s). The numbers are the same
up to rounding. Imports torch; only the trainer process does.
"""

from __future__ import annotations

from functools import lru_cache
from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import linear, pad

FEWEST = 32
"""Tokens below which a layer is left to torch: oneDNN arranges the weights anew for each product."""
EVEN = 16
"""Numbers of tokens are multiples of this: oneDNN makes code for each other number, about 0.6 MB, and keeps it."""


def quicken(model: nn.Module) -> int:
    """Lets the model's linear layers and LoRA adapters work as above; returns how many do.

    Layers of another kind, in other numbers or on another device stay as they are, and so does a layer whenever it is
    called in a way that is not a plain product: with dropout, several adapters, or an adapter switched off.
    """
    from peft.tuners.lora.layer import Linear as Lora

    count = 0
    for layer in model.modules():
        kind: Any = {nn.Linear: _Linear, Lora: _Lora}.get(type(layer))
        if kind and "forward" not in vars(layer) and all(w.device.type == "cpu" for w in layer.parameters()):
            layer.forward = MethodType(kind.called, layer)
            count += 1
    return count


def product(x: Tensor, weight: Tensor) -> Tensor:
    """x (n, inputs) times the transpose of weight (outputs, inputs): (n, outputs). Has no gradient of its own."""
    if uses_onednn() and len(x) >= FEWEST and x.dtype == weight.dtype == torch.float32:
        return torch.ops.mkldnn._linear_pointwise(x, weight, None, "none", [], "")
    return x @ weight.t()


def missing(tokens: int, device: torch.device) -> int:
    """How many more make a number of tokens a multiple of `EVEN`; 0 where nothing is computed by oneDNN."""
    return -tokens % EVEN if device.type == "cpu" and uses_onednn() else 0


def evened(x: Tensor) -> Tensor:
    """x (n, features) with rows of zeros up to a multiple of `EVEN`; x itself where none are missing."""
    more = missing(len(x), x.device)
    return pad(x, (0, 0, 0, more)) if more else x


@lru_cache(maxsize=1)
def uses_onednn() -> bool:
    """Whether oneDNN is the quicker library here: on a processor with AVX-512 of another maker than Intel.

    Not measured, so that a machine computes the same numbers each time.
    """
    if not torch.backends.mkldnn.is_available() or torch.backends.cpu.get_cpu_capability() != "AVX512":
        return False
    if "Intel" in torch.cpu.get_capabilities().get("cpu_name", "Intel"):
        return False
    x, weight = torch.arange(64.0 * 8).reshape(64, 8) / 64, torch.arange(16.0 * 8).reshape(16, 8) / 64
    try:
        made = torch.ops.mkldnn._linear_pointwise(x, weight, None, "none", [], "")
    except (AttributeError, RuntimeError, TypeError):  # no public name, so another version of torch may lack it
        return False
    return bool(torch.allclose(made, x @ weight.t()))


class _Linear(torch.autograd.Function):
    """x (…, inputs) times the transpose of weight (outputs, inputs), plus bias."""

    @staticmethod
    def called(layer: nn.Linear, x: Tensor) -> Tensor:
        """What the layer does instead of its own forward."""
        if not _quick(x, layer.weight):
            return linear(x, layer.weight, layer.bias)
        return _Linear.apply(x, layer.weight, layer.bias)

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        rows = evened(x.reshape(-1, x.shape[-1]))
        ctx.save_for_backward(rows if weight.requires_grad else None, weight)
        ctx.shape = x.shape
        made = product(rows, weight)
        return _shaped(made if bias is None else made.add_(bias), x.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        rows, weight = ctx.saved_tensors
        wants_x, wants_weight, wants_bias = ctx.needs_input_grad
        gradient = evened(gradient.reshape(-1, gradient.shape[-1]))
        return (_shaped(product(gradient, weight.t()), ctx.shape) if wants_x else None,
                product(gradient.t(), rows.t()) if wants_weight else None,
                gradient.sum(0) if wants_bias else None)


class _Lora(torch.autograd.Function):
    """A frozen linear layer and its adapter (Hu et al. 2021, "LoRA"): x Wᵀ + bias + scale · (x Aᵀ) Bᵀ."""

    @staticmethod
    def called(layer: Any, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """What the layer does instead of its own forward."""
        name = layer.active_adapters[0] if len(layer.active_adapters) == 1 else None
        plain = (name in layer.lora_A and name not in layer.lora_variant and not layer.disable_adapters
                 and not layer.merged and not args and not kwargs and type(layer.base_layer) is nn.Linear)
        if plain:
            base, a, b = layer.base_layer, layer.lora_A[name], layer.lora_B[name]
            dropout = layer.lora_dropout[name]
            drops = layer.training and getattr(dropout, "p", 0.0) > 0
            frozen = not base.weight.requires_grad and (base.bias is None or not base.bias.requires_grad)
            if frozen and not drops and b.bias is None and _quick(x, base.weight, a.weight, b.weight):
                return _Lora.apply(x, base.weight, base.bias, a.weight, b.weight, layer.scaling[name])
        return type(layer).forward(layer, x, *args, **kwargs)

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, a: Tensor, b: Tensor, scale: float
                ) -> Tensor:
        rows = evened(x.reshape(-1, x.shape[-1]))
        inner = product(rows, a)
        made = product(rows, weight).addmm_(inner, b.t(), alpha=scale)
        ctx.save_for_backward(rows, inner, weight, a, b)
        ctx.scale, ctx.shape = scale, x.shape
        return _shaped(made if bias is None else made.add_(bias), x.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        rows, inner, weight, a, b = ctx.saved_tensors
        gradient = evened(gradient.reshape(-1, gradient.shape[-1]))
        through = product(gradient, b.t()).mul_(ctx.scale)
        into_x = None
        if ctx.needs_input_grad[0]:
            into_x = _shaped(product(gradient, weight.t()).addmm_(through, a), ctx.shape)
        return into_x, None, None, through.t() @ rows, (inner.t() @ gradient).t().mul(ctx.scale), None


def _shaped(rows: Tensor, like: torch.Size) -> Tensor:
    """The first rows as (…, features), as many as `like` has; what evened them is left out."""
    return rows[:like[:-1].numel()].view(*like[:-1], -1)


def _quick(x: Tensor, *weights: Tensor) -> bool:
    """Whether these can be multiplied as above: plain single-precision numbers, and enough of them."""
    return (x.numel() >= FEWEST * x.shape[-1] and not torch.is_autocast_enabled("cpu")
            and all(type(w) in (Tensor, nn.Parameter) and w.dtype == torch.float32 for w in (x, *weights)))
