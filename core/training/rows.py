"""From conversations to token rows, with counts of what had to be cut or left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.models.chat_template import Encoded, Message, encode

IGNORED = -100


@dataclass
class Rows:
    """Tokenised rows for the trainer.

    Attributes:
        rows: each with `input_ids` and `labels`; labels are -100 where the loss does not count.
        cut: rows whose end was cut off at the limit.
        dropped: rows left out because no token of an answer remained.
        tokens: all tokens in the rows.
        sources: for each row the place of its conversation in what was given.
        further: other forms of some rows, tokenised alike.
        instead: (epoch, row) → which of `rows + further` is seen there.
    """

    rows: list[dict[str, list[int]]] = field(default_factory=list)
    cut: int = 0
    dropped: int = 0
    tokens: int = 0
    sources: list[int] = field(default_factory=list)
    further: list[dict[str, list[int]]] = field(default_factory=list)
    instead: dict[tuple[int, int], int] = field(default_factory=dict)

    @property
    def every(self) -> list[dict[str, list[int]]]:
        """The rows and their other forms."""
        return self.rows + self.further

    def add_forms(self, forms: dict[tuple[int, int], list[Message]], tokenizer: Any, cutoff_len: int) -> None:
        """Other forms of rows for some epochs: (epoch, row) → conversation. One without an answer left is not taken."""
        found = tokenise(list(forms.values()), tokenizer, cutoff_len, lambda n: None)
        places = list(forms)
        self.instead |= {places[source]: len(self.every) + n for n, source in enumerate(found.sources)}
        self.further += found.rows

    def opening(self) -> int:
        """How many tokens all rows begin with: what the chat template puts before each first question."""
        every = [row["input_ids"] for row in self.every]
        first, last = min(every, default=[]), max(every, default=[])
        return next((n for n, (one, other) in enumerate(zip(first, last, strict=False)) if one != other),
                    min(len(first), len(last)))


def tokenise(conversations: list[list[Message]], tokenizer: Any, cutoff_len: int,
             on_row: Callable[[int], None], last_only: bool = False) -> Rows:
    """Encodes conversations with the model's chat template, at most `cutoff_len` tokens each.

    Args:
        on_row: called with the number of conversations done.
        last_only: of several answers only the last one counts; earlier ones are part of the question.

    Raises:
        UserError: the model has no chat template or refuses a conversation.
    """
    found = Rows()
    for done, messages in enumerate(conversations, 1):
        encoded = encode(messages, tokenizer)
        if last_only:
            start, end = last_answer(encoded.mask)
            encoded = Encoded(encoded.ids, [int(start <= n < end) for n in range(len(encoded.ids))])
        ids, mask = encoded.ids[:cutoff_len], encoded.mask[:cutoff_len]
        found.cut += len(encoded.ids) > cutoff_len
        # The first token is predicted from nothing, so a mask there counts for nothing.
        if any(mask[1:]):
            labels = [token if counts else IGNORED for token, counts in zip(ids, mask, strict=True)]
            found.rows.append({"input_ids": ids, "labels": labels})
            found.tokens += len(ids)
            found.sources.append(done - 1)
        else:
            found.dropped += 1
        on_row(done)
    return found


def last_answer(mask: list[int]) -> tuple[int, int]:
    """Where the last stretch of ones begins and ends; (0, 0) without any."""
    end = len(mask) - mask[::-1].index(1) if 1 in mask else 0
    start = end
    while start > 0 and mask[start - 1]:
        start -= 1
    return start, end
