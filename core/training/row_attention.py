"""Attention of rows that stand side by side in one sequence: each row sees the shared opening and itself, no mask.

A mask over the whole sequence compares every token with every other; here each row is compared with itself alone.
Imports torch; only the trainer process does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from torch.nn.utils.rnn import pad_sequence
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "doctune_rows"
NO_MASK = torch.zeros(1, 1, 1, 1)
"""Stands for a mask that is ready: the library makes none of its own."""


@dataclass(frozen=True)
class Layout:
    """A sequence of `opening` tokens that all rows begin with, then the rest of each row, of these `lengths`."""

    opening: int
    lengths: tuple[int, ...]


def attend(module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None,
           scaling: float | None = None, dropout: float = 0.0, rows_layout: Layout | None = None, **kwargs: Any
           ) -> tuple[Tensor, Tensor | None]:
    """An attention function of transformers; without a layout it is that library's own.

    Args:
        query: (1, heads, tokens, features); key and value may have fewer heads.
        rows_layout: how the tokens are divided into rows; the mask is not used then.

    Returns:
        (1, tokens, heads, features), and no weights.
    """
    if rows_layout is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, dropout=dropout,
                                      **kwargs)
    query, key, value = (_rows(states, rows_layout) for states in (query, key, value))
    made = scaled_dot_product_attention(query, key, value, dropout_p=dropout, is_causal=True, scale=scaling,
                                        enable_gqa=query.shape[1] != key.shape[1]).transpose(1, 2)
    opening = rows_layout.opening
    parts = [made[0, :opening]] + [row[opening:opening + n] for row, n in zip(made, rows_layout.lengths, strict=True)]
    return torch.cat(parts)[None], None


def _rows(states: Tensor, layout: Layout) -> Tensor:
    """(1, heads, tokens, features) → (rows, heads, longest row, features), each row with the opening before it.

    What stands after a shorter row is seen by none of its tokens.
    """
    opening, *rests = states[0].transpose(0, 1).split([layout.opening, *layout.lengths])
    whole = [torch.cat([opening, rest]) for rest in rests] if layout.opening else rests
    return pad_sequence(whole, batch_first=True).transpose(1, 2)


def install(causal: Any) -> bool:
    """Gives a model this attention; False, and the model as it was, where its layers do not take it.

    Not every kind of model hands a layout on to its layers, or attends in this way, so a few tokens are computed both
    ways first.
    """
    if causal.config.get_text_config()._attn_implementation != "sdpa":
        return False
    was_training = causal.training
    causal.eval()
    try:
        with torch.no_grad():
            plain = [_states(causal, [[*_OPENING, *row]])[len(_OPENING):] for row in _ROWS]
            AttentionInterface.register(NAME, attend)
            AttentionMaskInterface.register(NAME, sdpa_mask)
            causal.set_attn_implementation(NAME)
            place = [n for row in ((), *_ROWS) for n in range(len(_OPENING) if row else 0, len(_OPENING) + len(row))]
            layout = Layout(len(_OPENING), tuple(map(len, _ROWS)))
            together = _states(causal, [[*_OPENING, *_ROWS[0], *_ROWS[1]]], place, layout)[len(_OPENING):]
            agrees = bool(torch.allclose(together, torch.cat(plain), rtol=1e-3, atol=1e-3))
    except (TypeError, ValueError, RuntimeError, IndexError, AttributeError):
        agrees = False
    finally:
        causal.train(was_training)
    if not agrees:
        causal.set_attn_implementation("sdpa")
    return agrees


_OPENING, _ROWS = (3, 1), ((5, 2, 7, 4), (6, 0, 4))


def _states(causal: Any, ids: list[list[int]], place: list[int] | None = None, layout: Layout | None = None) -> Tensor:
    """Last hidden states (tokens, features) of one sequence."""
    tokens = torch.tensor(ids)
    if layout is None:
        given: dict[str, Any] = {"attention_mask": torch.ones_like(tokens)}
    else:
        given = {"attention_mask": NO_MASK, "position_ids": torch.tensor([place]), "rows_layout": layout}
    return causal.base_model(input_ids=tokens, use_cache=False, **given).last_hidden_state[0]
