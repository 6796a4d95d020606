"""Drawing the next token for a batch whose rows have different settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import LogitsProcessor

from core.serving.work import Sampling

LIKELIEST = 256


class RowSampler(LogitsProcessor):
    """Decides each row's token and leaves it as the only finite score, so that greedy search picks it.

    Rows with temperature 0 pass unchanged. Each other row draws from its own generator: its seed gives the same
    draws whoever shares the batch. `broken` holds rows whose scores are not numbers (a model whose training diverged).
    """

    def __init__(self, rows: Sequence[Sampling], device: Any) -> None:
        self._rows = list(rows)
        self._generators = [_generator(row.seed, device) if row.temperature > 0 else None for row in rows]
        self.broken: set[int] = set()

    def keep(self, places: Sequence[int]) -> None:
        """Goes on with these rows of the batch alone, in this order."""
        self._rows = [self._rows[i] for i in places]
        self._generators = [self._generators[i] for i in places]
        self.broken = set()

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        best = scores.max(dim=-1).values
        if not bool(torch.isfinite(best).all()):
            self.broken.update((~torch.isfinite(best)).nonzero().flatten().tolist())
            scores = torch.where(torch.isfinite(best)[:, None], scores, torch.zeros_like(scores))
        if not any(self._generators):
            return scores
        scores = scores.clone()
        for i, (row, generator) in enumerate(zip(self._rows, self._generators, strict=True)):
            if generator is None:
                continue
            token = draw(scores[i], row.temperature, row.top_p, generator)
            scores[i] = float("-inf")
            scores[i, token] = 0.0
        return scores


def draw(logits: torch.Tensor, temperature: float, top_p: float, generator: torch.Generator) -> int:
    """One token id of a row of scores (vocabulary,): softmax at the temperature, cut to the nucleus, drawn.

    The nucleus is the smallest set of likeliest tokens whose probabilities reach `top_p` (Holtzman et al. 2020).
    """
    probs = torch.softmax(logits.float() / max(temperature, 1e-4), dim=-1)
    if top_p >= 1.0:
        return int(torch.multinomial(probs, 1, generator=generator))
    # Sorting a whole vocabulary takes as long as a small model's step; the likeliest few nearly always suffice.
    ordered, ids = torch.topk(probs, min(LIKELIEST, len(probs)))
    if float(ordered.sum()) < top_p:
        ordered, ids = torch.sort(probs, descending=True)
    before = torch.cumsum(ordered, dim=-1) - ordered
    ordered[before >= top_p] = 0.0
    return int(ids[torch.multinomial(ordered, 1, generator=generator)])


def _generator(seed: int | None, device: Any) -> torch.Generator:
    generator = torch.Generator(device=device)
    if seed is None:
        generator.seed()
    else:
        generator.manual_seed(seed)
    return generator
