"""OpenAI-compatible services, spoken to directly.

The official package is not used: it sends the environment's key to any address and follows redirects with the text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import httpx

from core.llm.base import BaseClient, to_reply
from core.llm.capability import Capabilities, Capability
from core.llm.errors import ProviderError
from core.llm.retry import raise_for_status
from core.llm.secrets import Secret
from core.llm.transport import wall_deadline
from core.llm.types import Message, Reply

CHECK_S = 10.0


class OpenAIClient(BaseClient):
    """A service with `/chat/completions` and `/models` under its base address."""

    def __init__(
        self,
        base_url: str,
        model: str,
        key: Secret | None = None,
        *,
        capabilities: Capabilities | None = None,
        **options: Any,
    ) -> None:
        super().__init__(base_url, model, key, **options)
        self._capabilities = capabilities or Capabilities()

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
        name = model or self.model
        body = {"model": name, "messages": list(messages), "stream": False}
        asked = {
            "max_tokens": max_tokens,
            "temperature": temperature,
            "top_p": top_p,
            "seed": seed,
            "stop": list(stop) if stop else None,
        }

        def attempt() -> Reply:
            capability = self._capabilities.get(self.target.origin, name)
            while True:
                response = self._http.post("/chat/completions", json=body | _arguments(asked, schema, capability))
                if response.is_success:
                    self._capabilities.remember(self.target.origin, name, capability)
                    return _reply(response.json(), max_tokens)
                weaker = (
                    capability.relaxed(response.text, schema is not None)
                    if response.status_code in (400, 422)
                    else None
                )
                if weaker is None:
                    raise_for_status(response.status_code, response.text, response.headers)
                    raise AssertionError("raise_for_status always raises")
                capability = weaker

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
        asked = {
            "max_tokens": max_tokens,
            "temperature": temperature,
            "top_p": top_p,
            "seed": seed,
            "stop": list(stop) if stop else None,
        }
        body = {"model": name, "messages": list(messages), "stream": True} | _arguments(
            asked, None, self._capabilities.get(self.target.origin, name)
        )
        try:
            with wall_deadline(deadline_s), self._http.stream("POST", "/chat/completions", json=body) as response:
                if not response.is_success:
                    response.read()
                    raise_for_status(response.status_code, response.text, response.headers)
                yield from _pieces(response)
        except httpx.TimeoutException:
            raise ProviderError("timeout") from None
        except httpx.TransportError:
            raise ProviderError("unreachable", host=self.target.origin) from None

    def list_models(self) -> list[str]:
        """See ChatClient."""
        return self._retried(self._models)

    def check(self) -> list[str]:
        """See ChatClient."""
        return self._retried(self._models, retries={})

    def _models(self) -> list[str]:
        with wall_deadline(CHECK_S):
            response = self._http.get("/models")
        if not response.is_success:
            raise_for_status(response.status_code, response.text, response.headers)
        data = response.json()
        entries = data.get("data", []) if isinstance(data, dict) else data
        return sorted(str(e["id"]) for e in entries if isinstance(e, dict) and "id" in e)


def _arguments(asked: dict[str, Any], schema: dict[str, Any] | None, capability: Capability) -> dict[str, Any]:
    """The request's options in the words this model understands; unset ones are left out."""
    arguments = {k: v for k, v in asked.items() if v is not None}
    arguments[capability.limit_field] = arguments.pop("max_tokens")
    if not capability.sampling:
        arguments = {k: v for k, v in arguments.items() if k not in ("temperature", "top_p")}
    if schema is not None and capability.output == "json_schema":
        arguments["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "reply", "schema": schema, "strict": True},
        }
    elif schema is not None and capability.output == "json_object":
        arguments["response_format"] = {"type": "json_object"}
    return arguments


def _reply(data: Any, max_tokens: int) -> Reply:
    try:
        choice, usage = data["choices"][0], data.get("usage") or {}
        message = choice["message"]
        finish = str(choice.get("finish_reason") or "stop")
        written = int(usage.get("completion_tokens") or 0)
        reasoning = str(message.get("reasoning_content") or message.get("reasoning") or "")
        return to_reply(
            str(message.get("content") or ""),
            reasoning,
            finish,
            int(usage.get("prompt_tokens") or 0),
            written,
            context_full=finish == "length" and 0 < written < min(max_tokens, 16),
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        raise ProviderError("not_json") from None


def _pieces(response: httpx.Response) -> Iterator[str]:
    """Text of a server-sent event stream; a stream that ends without [DONE] ends all the same."""
    for line in response.iter_lines():
        if not line.startswith("data:"):
            continue
        data = line[5:].strip()
        if data == "[DONE]":
            return
        try:
            event = json.loads(data)
        except ValueError:
            raise ProviderError("not_json") from None
        if isinstance(event, dict) and event.get("error"):
            raise ProviderError("server", status=200)
        for choice in event.get("choices", []) if isinstance(event, dict) else []:
            if piece := (choice.get("delta") or {}).get("content"):
                yield str(piece)
