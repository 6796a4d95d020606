"""What every helper model offers, whatever is behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from core.llm.pacing import Pacer

Message = dict[str, str]


@dataclass(frozen=True)
class Reply:
    """One complete answer of a model.

    Attributes:
        text: the answer without thinking.
        finish_reason: "stop", or "length" when the answer was cut off.
        prompt_tokens, completion_tokens: as the server counted them; 0 when it did not say.
        reasoning: thinking text, from its own channel or from `<think>` tags.
        context_full: the prompt left no room in the model's context; asking the same again cannot help.
    """

    text: str
    finish_reason: str = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning: str = ""
    context_full: bool = False


class ChatClient(Protocol):
    """A chat model. Faults of the service are raised as `core.llm.errors.ProviderError`."""

    model: str
    pacer: Pacer

    def complete(
        self,
        messages: Sequence[Message],
        *,
        schema: dict[str, Any] | None = None,
        max_tokens: int = 1024,
        temperature: float = 0.7,
        top_p: float = 0.9,
        seed: int | None = None,
        stop: Sequence[str] | None = None,
        deadline_s: float = 120,
        model: str | None = None,
    ) -> Reply:
        """One answer.

        Args:
            schema: JSON schema the answer shall follow; services that cannot enforce it are only asked for JSON.
            max_tokens: most tokens of the answer.
            deadline_s: seconds of wall clock one attempt may take, whatever the server does.
            model: another model of the same server instead of the chosen one.
        """
        ...

    def complete_many(self, conversations: Sequence[Sequence[Message]], **options: Any) -> list[Reply]:
        """Answers in the order of `conversations`, asked for concurrently; options as in `complete`."""
        ...

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int = 1024,
        temperature: float = 0.7,
        top_p: float = 0.9,
        seed: int | None = None,
        stop: Sequence[str] | None = None,
        deadline_s: float = 120,
        model: str | None = None,
    ) -> Iterator[str]:
        """Pieces of the answer as they arrive; options as for `complete`, without schema."""
        ...

    def list_models(self) -> list[str]:
        """Names of the models that the service offers."""
        ...

    def check(self) -> list[str]:
        """Like `list_models`, quickly and without retries: the test of a connection."""
        ...

    def cancel(self) -> None:
        """Breaks off requests in flight, in any thread: they raise `core.llm.errors.Cancelled`. Cannot be undone."""
        ...

    def close(self) -> None:
        """Gives connections back."""
        ...
