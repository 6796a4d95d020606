"""A batch as one sequence: the opening that its rows share once, then the rows side by side, without padding.

Chat templates put the same words before every question (SmolLM2: 25 tokens of 63), and rows differ in length. A
decoder's state at a token depends on the tokens it may look at alone, so a mask that lets each row see the opening and
itself gives the same loss and gradients as padded rows, with fewer products. A few tokens that count for nothing make
their number even (`products.EVEN`). Imports torch; only the trainer does.
"""

from __future__ import annotations

from typing import Any

import torch

from core.training.products import missing
from core.training.row_attention import NO_MASK, Layout

LONGEST = 512
"""Tokens of such a sequence. With a mask every token is compared with every other, which costs more than padding beyond
this; without one (`row_attention.py`) what is worked on stays in the processor's cache up to here."""


def parts(inputs: dict[str, torch.Tensor], longest: int = LONGEST) -> list[dict[str, torch.Tensor]]:
    """The rows of a batch in parts of about `longest` tokens at most, similar lengths together; each row once.

    Their losses add up to that of the batch when each is divided by the answer tokens of all.

    Args:
        inputs: as in `answer_states`; a batch that is padded on the left stays whole.
    """
    seen = inputs["attention_mask"].bool()
    prefix = common_prefix(inputs["input_ids"], seen, inputs["labels"])
    lengths = seen.sum(1).tolist()
    if not bool(seen[:, 0].all()) or prefix + sum(n - prefix for n in lengths) <= longest:
        return [inputs]
    found: list[list[int]] = []
    room = 0
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        if lengths[row] - prefix > room:
            found.append([])
            room = longest - prefix
        found[-1].append(row)
        room -= lengths[row] - prefix
    return [{name: value[rows, :max(lengths[row] for row in rows)] if value.shape == seen.shape else value
             for name, value in inputs.items()} for rows in found]


def answer_states(decoder: Any, inputs: dict[str, torch.Tensor], merge: bool, opening: int | None = None,
                  masked: bool = True, reach: int | None = None) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What the loss is computed from.

    Args:
        inputs: input_ids, attention_mask and labels (rows, width); labels are -100 where no token of an answer stands.
        merge: put the rows side by side where that saves work.
        opening: give the tokens of questions, too: those without a label from this place of a row on.
        masked: a mask keeps the rows apart; False when the decoder has the attention of `row_attention`.
        reach: as `reach` gives it; longer rows are left to the model's own masks.

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
    merge = merge and (reach is None or int(seen.sum(1).max()) <= reach)
    if not merge or masked and prefix + int(seen[:, prefix:].sum()) > LONGEST:
        states = _evened(decoder, ids, inputs["attention_mask"])
        return states[predicts], tokens[predicts], answers[predicts]
    row, place = seen[:, prefix:].nonzero(as_tuple=True)
    place = place + prefix
    shared = torch.arange(prefix, device=ids.device)
    filling = torch.zeros(missing(prefix + len(row), ids.device), dtype=torch.long, device=ids.device)
    row = torch.cat([torch.full_like(shared, -1), row, filling + len(ids)])
    place = torch.cat([shared, place, filling])
    at = row.clamp(min=0) % len(ids), place
    lengths = (*seen[:, prefix:].sum(1).tolist(), *filter(None, [len(filling)]))
    given: dict[str, Any] = {"attention_mask": _mask(row, next(decoder.parameters()).dtype)} if masked else {
        "attention_mask": NO_MASK, "rows_layout": Layout(prefix, lengths)}
    states = decoder(input_ids=ids[at][None], position_ids=place[None], use_cache=False, **given).last_hidden_state[0]
    counts = predicts[at] & (row >= 0) & (row < len(ids))
    return states[counts], tokens[at][counts], answers[at][counts]


def _evened(decoder: Any, ids: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    """Last hidden states of padded rows, computed with more padding where their number of tokens is not even."""
    width = ids.shape[1]
    more = missing(width, ids.device)
    if more:  # rows without padding stay such, for which attention needs no mask
        ids, seen = (torch.cat([values, values[:, -1:].expand(-1, more)], dim=1) for values in (ids, seen))
    return decoder(input_ids=ids, attention_mask=seen, use_cache=False).last_hidden_state[:, :width]


def _mask(row: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """What keeps tokens of these rows (-1: of the opening that they share) apart: (1, 1, tokens, tokens)."""
    earlier = torch.ones(len(row), len(row), dtype=torch.bool, device=row.device).tril()
    allowed = earlier & ((row[None, :] < 0) | (row[None, :] == row[:, None]))
    mask = torch.zeros(allowed.shape, dtype=dtype, device=row.device)
    return mask.masked_fill(~allowed, torch.finfo(dtype).min)[None, None]


def common_prefix(input_ids: torch.Tensor, seen: torch.Tensor, labels: torch.Tensor) -> int:
    """How many tokens all rows begin with, without those at which an answer is predicted; rows padded on the right."""
    same = (input_ids == input_ids[:1]).all(0) & (labels == -100).all(0) & seen.bool().all(0)
    length = int(same.long().cumprod(0).sum())
    # The last common token predicts the first one that differs: it has to stay with the rows.
    return max(length - 1, 0)


def reach(config: Any) -> int | None:
    """How many tokens every layer of the model sees, a token itself among them.

    None: all before it, so that a layer obeys a mask of ours. 0: some layer sees in another way than by attention to
    all tokens or to a window.
    """
    kinds, window = getattr(config, "layer_types", None), getattr(config, "sliding_window", None)
    if kinds is None:
        return window or None
    if set(kinds) == {"full_attention"}:
        return None
    return window or 0 if set(kinds) <= {"full_attention", "sliding_attention"} else 0


def _next(values: torch.Tensor, last: Any) -> torch.Tensor:
    """For each place what stands at the one after it; `last` at the end of a row."""
    return torch.cat([values[:, 1:], values.new_full((len(values), 1), last)], dim=1)
