"""Ollama by its native API: the context grows with the prompt, the schema is enforced, thinking is off.

Its OpenAI-compatible route is not used because it ignores the context size and then cuts prompts silently.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import httpx

from core.llm.base import BaseClient, to_reply
from core.llm.errors import ProviderError
from core.llm.retry import raise_for_status
from core.llm.secrets import Secret
from core.llm.tokens import estimate_messages
from core.llm.transport import wall_deadline
from core.llm.types import Message, Reply

CHECK_S = 10.0
SMALLEST_CONTEXT = 2048


class OllamaClient(BaseClient):
    """One model of an Ollama server.

    Args:
        keep_alive: how long the server keeps the model in memory after a request ("10m", "-1" for ever).
    """

    def __init__(
        self, base_url: str, model: str, key: Secret | None = None, *, keep_alive: str = "10m", **options: Any
    ) -> None:
        import ollama

        super().__init__(base_url, model, key, **options)
        self._keep_alive = keep_alive
        self._context = SMALLEST_CONTEXT
        self._longest: dict[str, int] = {}
        # The package adds a key from the environment and follows redirects; our transport prevents both.
        self._api = ollama.Client(
            self.target.base, follow_redirects=False, trust_env=False, transport=self._http._transport
        )

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
        """See ChatClient. Raises ProviderError "context" when the prompt cannot fit the model at all."""
        name = model or self.model
        options = self._options(name, messages, max_tokens, temperature, top_p, seed, stop)

        def attempt() -> Reply:
            found = self._call(
                lambda: self._api.chat(
                    name,
                    list(messages),
                    think=False,
                    format=schema,
                    options=options,
                    keep_alive=_keep_alive(self._keep_alive),
                )
            )
            read, written = found.prompt_eval_count or 0, found.eval_count or 0
            finish = found.done_reason or "stop"
            full = finish == "length" and written < max_tokens and read + written >= options["num_ctx"] - 1
            return to_reply(found.message.content or "", found.message.thinking or "", finish, read, written, full)

        return self._paced(attempt, deadline_s)

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
        """See ChatClient. Not repeated after a fault: pieces may have been shown already."""
        name = model or self.model
        options = self._options(name, messages, max_tokens, temperature, top_p, seed, stop)
        try:
            with wall_deadline(deadline_s):
                for part in self._call(
                    lambda: self._api.chat(
                        name,
                        list(messages),
                        think=False,
                        stream=True,
                        options=options,
                        keep_alive=_keep_alive(self._keep_alive),
                    )
                ):
                    if part.message.content:
                        yield part.message.content
        except httpx.TimeoutException:
            raise ProviderError("timeout") from None
        except httpx.TransportError:
            raise ProviderError("unreachable", host=self.target.origin) from None

    def pull(self, name: str, deadline_s: float) -> Iterator[tuple[str, int, int]]:
        """Fetches a model onto the server: (part, its bytes that are there, its bytes) again and again until the end.

        Raises ProviderError: model_missing when the library has no such model, else as for a request.
        """
        try:
            with wall_deadline(deadline_s):
                for part in self._call(lambda: self._api.pull(name, stream=True)):
                    yield part.digest or "", part.completed or 0, part.total or 0
        except httpx.TimeoutException:
            raise ProviderError("timeout") from None
        except httpx.TransportError:
            raise ProviderError("unreachable", host=self.target.origin) from None
        except Exception as fault:
            import ollama

            if not isinstance(fault, ollama.ResponseError):
                raise
            raise ProviderError("model_missing" if "exist" in fault.error else "server", status=500) from None

    def list_models(self) -> list[str]:
        """See ChatClient."""
        return self._retried(self._models)

    def check(self) -> list[str]:
        """See ChatClient."""
        return self._retried(self._models, retries={})

    def _models(self) -> list[str]:
        with wall_deadline(CHECK_S):
            return sorted(m.model for m in self._call(self._api.list).models if m.model)

    def _options(
        self,
        name: str,
        messages: Sequence[Message],
        max_tokens: int,
        temperature: float,
        top_p: float,
        seed: int | None,
        stop: Sequence[str] | None,
    ) -> dict[str, Any]:
        options = {
            "num_ctx": self._context_for(name, estimate_messages(messages) + max_tokens),
            "seed": seed,
            "num_predict": max_tokens,
            "temperature": temperature,
            "top_p": top_p,
            "stop": list(stop) if stop else None,
        }
        return {k: v for k, v in options.items() if v is not None}

    def _context_for(self, name: str, tokens: int) -> int:
        """Context size for a request: doubled when needed and never shrunk, since each change reloads the model."""
        if name not in self._longest:
            self._longest[name] = self._retried(lambda: self._model_context(name))
        longest = self._longest[name]
        size = self._context
        while size < tokens:
            size *= 2
        if longest and tokens > longest:
            raise ProviderError("context")
        self._context = size
        return min(size, longest) if longest else size

    def _model_context(self, name: str) -> int:
        """Tokens the model was trained for; 0 when the server does not say."""
        with wall_deadline(CHECK_S):
            info = self._call(lambda: self._api.show(name)).modelinfo or {}
        return next((int(v) for k, v in info.items() if k.endswith(".context_length")), 0)

    def _call(self, request: Any) -> Any:
        import ollama
        from pydantic import ValidationError

        try:
            return request()
        except ollama.ResponseError as fault:
            status = fault.status_code if fault.status_code >= 400 else 500
            return raise_for_status(status, fault.error, {})
        except ConnectionError:
            raise httpx.ConnectError("no Ollama there") from None
        except (ValidationError, TypeError):
            raise ProviderError("not_json") from None


def _keep_alive(text: str) -> str | float:
    return float(text) if text.lstrip("-").isdigit() else text
