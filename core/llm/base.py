"""What the clients of both protocols share: pacing, retries, concurrent batches, thinking split off."""

from __future__ import annotations

import abc
import threading
from collections.abc import Callable, Sequence
from typing import Any

from core.llm.errors import Cancelled, ProviderError
from core.llm.pacing import MOST_AT_ONCE, Pacer, run_many
from core.llm.parse import split_thinking
from core.llm.retry import with_retries
from core.llm.secrets import Secret
from core.llm.transport import http_client, wall_deadline
from core.llm.types import Message, Reply
from core.llm.urls import parse_base_url


class BaseClient(abc.ABC):
    """Requests of one service: each under a wall-clock deadline, paced, and repeated where that can help."""

    def __init__(
        self,
        base_url: str,
        model: str,
        key: Secret | None = None,
        *,
        concurrency: int = MOST_AT_ONCE,
        steady: bool = False,
        sleep: Callable[[float], Any] | None = None,
    ) -> None:
        self.model = model
        self.target = parse_base_url(base_url)
        self._cancelled = threading.Event()
        self._sleep = sleep or self._cancelled.wait
        self.pacer = Pacer(concurrency, steady=steady, sleep=self._pause)
        self._http = http_client(self.target, key, self._cancelled)

    def cancel(self) -> None:
        """See ChatClient."""
        self._cancelled.set()

    def close(self) -> None:
        """Gives connections back."""
        self._http.close()

    def __enter__(self) -> BaseClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def complete_many(self, conversations: Sequence[Sequence[Message]], **options: Any) -> list[Reply]:
        """See ChatClient."""
        replies: dict[int, Reply] = {}
        seed = options.pop("seed", None)

        def ask(index: int) -> Reply:
            # Equal conversations are asked for different answers: each place has a seed of its own.
            return self.complete(conversations[index], seed=None if seed is None else seed + index, **options)

        for index, future in run_many(range(len(conversations)), ask, workers=self.pacer.most):
            replies[index] = future.result()
        return [replies[i] for i in range(len(conversations))]

    @abc.abstractmethod
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
        """See ChatClient."""

    def _pause(self, seconds: float) -> None:
        """Waits before a request; raises Cancelled when nothing more is wanted."""
        self._sleep(seconds)
        if self._cancelled.is_set():
            raise Cancelled

    def _paced(self, attempt: Callable[[], Reply], deadline_s: float) -> Reply:
        def once() -> Reply:
            if self._cancelled.is_set():
                raise Cancelled
            with self.pacer.slot() as succeeded, wall_deadline(deadline_s):
                reply = attempt()
                succeeded(reply.completion_tokens)
                return reply

        return self._retried(once)

    def _retried(self, attempt: Callable[[], Any], retries: dict[int | str, int] | None = None) -> Any:
        options = {} if retries is None else {"retries": retries}
        try:
            return with_retries(attempt, sleep=self._sleep, on_throttle=self.pacer.throttled, **options)
        except ProviderError as fault:
            if fault.kind == "timeout":
                self.pacer.throttled()
            if fault.params.get("host") == "":
                raise ProviderError(fault.kind, host=self.target.origin) from None
            raise


def to_reply(
    content: str, reasoning: str, finish: str, prompt_tokens: int, completion_tokens: int, context_full: bool
) -> Reply:
    """A Reply with thinking taken out of the text."""
    thought, text = split_thinking(content)
    return Reply(
        text,
        "length" if finish in ("length", "max_tokens") else "stop",
        prompt_tokens,
        completion_tokens,
        "\n".join(part for part in (reasoning, thought) if part),
        context_full,
    )
