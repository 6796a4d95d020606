"""What happens to the tokens of a running batch: text for each row, and when each row ends."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from transformers import StoppingCriteria

from core.serving.sampling import RowSampler
from core.serving.text import Decode, Detokenizer, StopScanner
from core.serving.work import Delta, FinishReason, Work

_log = logging.getLogger(__name__)


class Row:
    """One request in a running batch."""

    def __init__(self, work: Work, decode: Decode) -> None:
        self.work = work
        self.done = False
        self.taken: list[int] = []
        self._tokens = Detokenizer(decode)
        self._scanner = StopScanner(work.sampling.stop)

    @property
    def count(self) -> int:
        """How many tokens came."""
        return len(self.taken)

    def take(self, token: int, ends: frozenset[int]) -> None:
        """Hands on the text of one more token, or the end."""
        self.taken.append(token)
        if token in ends:
            return self._finish("stop", "")
        text = self._scanner.push(self._tokens.push(token))
        if self._scanner.stopped:
            return self._send(Delta(text, "stop", completion_tokens=self.count))
        if self.count >= self.work.sampling.max_tokens:
            return self._finish("length", text)
        if text:
            self._send(Delta(text))

    def fail(self, key: str) -> None:
        """Ends the row with a fault; does nothing when it has ended already."""
        if not self.done:
            self._send(Delta(error=key, completion_tokens=self.count))

    def _finish(self, reason: FinishReason, text: str) -> None:
        text += self._scanner.push(self._tokens.flush())
        if self._scanner.stopped:
            reason = "stop"
        self._send(Delta(text + self._scanner.flush(), reason, completion_tokens=self.count))

    def _send(self, delta: Delta) -> None:
        self.done = self.done or delta.is_last
        try:
            self.work.deliver(delta)
        except Exception:
            # The asker is gone (its event loop is closed); the other rows go on.
            _log.info("an answer could not be delivered", exc_info=True)
            self.work.cancelled = self.done = True


class BatchRows(StoppingCriteria):
    """Called by `generate` after each token of the batch; says which rows are done.

    Args:
        halt: asked at each token; True ends all rows with an error.
    """

    eos_token_id = None  # its presence makes `generate` write padding for rows that are done

    def __init__(self, works: Sequence[Work], decode: Decode, ends: frozenset[int], sampler: RowSampler,
                 halt: Callable[[], bool]) -> None:
        self.rows = [Row(work, decode) for work in works]
        self._all = self.rows
        self._ends = ends
        self.sampler = sampler
        self._halt = halt

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor | None, **_: object) -> torch.Tensor:
        halted = self._halt()
        for index, (row, token) in enumerate(zip(self.rows, input_ids[:, -1].tolist(), strict=True)):
            if row.done:
                continue
            if row.work.cancelled:
                row.done = True
            elif halted:
                row.fail("serving.error.stopping")
            elif index in self.sampler.broken:
                row.fail("serving.error.not_numbers")
            else:
                row.take(token, self._ends)
        return torch.tensor([row.done for row in self.rows], device=input_ids.device)

    def apart(self) -> list[tuple[Work, BatchRows]]:
        """Each row that has not ended as a batch of its own, with a prompt that goes on after its last token."""
        return [(replace(row.work, prompt=row.work.prompt + row.taken), self._only(place))
                for place, row in enumerate(self.rows) if not row.done]

    def _only(self, place: int) -> BatchRows:
        one = copy.copy(self)
        one.rows = one._all = [self.rows[place]]
        one.sampler = copy.copy(self.sampler)
        one.sampler.keep([place])
        return one

    def keep_running(self) -> list[int]:
        """Forgets rows that are done, here and in the sampler; returns the places of the others in the batch."""
        left = [index for index, row in enumerate(self.rows) if not row.done]
        self.rows = [self.rows[index] for index in left]
        self.sampler.keep(left)
        return left

    def fail(self, key: str) -> None:
        """Ends every row that has not ended."""
        for row in self._all:
            row.fail(key)
