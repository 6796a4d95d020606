"""A batch as one sequence: the opening that its rows share once, then the rows side by side, without padding.

Chat templates put the same words before every question (SmolLM2: 25 tokens of 63), and rows differ in length. A
decoder's state at a token depends on the tokens it may look at alone, so a mask that lets each row see the opening and
itself gives the same loss and gradients as padded rows, with fewer products. Imports torch; only the trainer does.
"""

from __future__ import annotations

from typing import Any

import torch

LONGEST = 512
"""Tokens of such a sequence: every token is compared with every other, which costs more than padding beyond this."""


def answer_states(decoder: Any, inputs: dict[str, torch.Tensor], merge: bool, opening: int | None = None
                  ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What the loss is computed from.

    Args:
        inputs: input_ids, attention_mask and labels (rows, width); labels are -100 where no token of an answer stands.
        merge: put the rows side by side where that saves work.
        opening: give the tokens of questions, too: those without a label from this place of a row on.

    Returns:
        last hidden states (n, features) where a token is predicted, these tokens (n,), and which of them are of an
        answer (n,).
    """
    ids, seen, labels = inputs["input_ids"], inputs["attention_mask"].bool(), inputs["labels"]
    wanted = labels != -100
    if opening is not None:
        wanted = wanted | seen & (torch.arange(ids.shape[1], device=ids.device) >= max(1, opening))
    tokens, predicts, answers = _next(ids, 0), _next(wanted, False), _next(labels != -100, False)
    merge = merge and bool(seen[:, 0].all())
    prefix = common_prefix(ids, seen, labels) if merge else 0
    prefix = prefix if opening is None else min(prefix, max(0, opening - 1))
    if not merge or prefix + int(seen[:, prefix:].sum()) > LONGEST:
        states = decoder(input_ids=ids, attention_mask=inputs["attention_mask"], use_cache=False).last_hidden_state
        return states[predicts], tokens[predicts], answers[predicts]
    row, place = seen[:, prefix:].nonzero(as_tuple=True)
    place = place + prefix
    shared = torch.arange(prefix, device=ids.device)
    row = torch.cat([torch.full_like(shared, -1), row])
    place = torch.cat([shared, place])
    at = row.clamp(min=0), place
    earlier = torch.ones(len(row), len(row), dtype=torch.bool, device=ids.device).tril()
    allowed = earlier & ((row[None, :] < 0) | (row[None, :] == row[:, None]))
    dtype = next(decoder.parameters()).dtype
    mask = torch.zeros(allowed.shape, dtype=dtype, device=ids.device).masked_fill(~allowed, torch.finfo(dtype).min)
    states = decoder(input_ids=ids[at][None], attention_mask=mask[None, None], position_ids=place[None],
                     use_cache=False).last_hidden_state[0]
    counts = predicts[at] & (row >= 0)
    return states[counts], tokens[at][counts], answers[at][counts]


def common_prefix(input_ids: torch.Tensor, seen: torch.Tensor, labels: torch.Tensor) -> int:
    """How many tokens all rows begin with, without those at which an answer is predicted; rows padded on the right."""
    same = (input_ids == input_ids[:1]).all(0) & (labels == -100).all(0) & seen.bool().all(0)
    length = int(same.long().cumprod(0).sum())
    # The last common token predicts the first one that differs: it has to stay with the rows.
    return max(length - 1, 0)


def mergeable(config: Any) -> bool:
    """Whether every layer of the model looks at all tokens that it may see, and so obeys a mask of ours."""
    kinds = getattr(config, "layer_types", None)
    return not getattr(config, "sliding_window", None) if kinds is None else set(kinds) == {"full_attention"}


def _next(values: torch.Tensor, last: Any) -> torch.Tensor:
    """For each place what stands at the one after it; `last` at the end of a row."""
    return torch.cat([values[:, 1:], values.new_full((len(values), 1), last)], dim=1)
