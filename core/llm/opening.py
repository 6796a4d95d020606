"""From settings to a client."""

from __future__ import annotations

from core.errors import UserError
from core.llm.secrets import Secret, load_key
from core.llm.settings import HelperSettings
from core.llm.types import ChatClient
from core.llm.urls import parse_base_url
from core.storage.workspace import Workspace


def open_client(ws: Workspace, helper: HelperSettings, key: Secret | str | None = None) -> ChatClient:
    """A client for the chosen helper; the built-in server is started when it is not running.

    Args:
        key: of the service; the stored one of its origin when None.

    Raises:
        ProviderError, UserError: the address or model is missing or refused.
    """
    from core.llm.capability import Capabilities
    from core.llm.ollama_client import OllamaClient
    from core.llm.openai_client import OpenAIClient

    if helper.kind == "builtin":
        from core.models import STARTER_ID
        from core.serving.names import QUESTION_WRITER

        return _own_server(ws, STARTER_ID, QUESTION_WRITER)
    secret = helper_key(ws, helper, key)
    if helper.kind == "ollama":
        return OllamaClient(
            helper.address, helper.model, secret, keep_alive=helper.keep_alive, concurrency=helper.concurrency
        )
    return OpenAIClient(
        helper.address,
        helper.model,
        secret,
        concurrency=helper.concurrency,
        capabilities=Capabilities(ws.capabilities_file),
    )


def open_base(ws: Workspace, model: str) -> ChatClient:
    """A client for a base model as it is before training, on our own model server, which is started when necessary.

    Args:
        model: catalogue id or local folder.

    Raises UserError when the model is not here or another job has the machine.
    """
    return _own_server(ws, model)


def _own_server(ws: Workspace, model: str, adapter: str = "") -> ChatClient:
    from core.llm.openai_client import OpenAIClient
    from core.serving import ServeSettings, ensure

    endpoint = ensure(ws, model, (adapter,) if adapter else ())
    return OpenAIClient(
        endpoint.base_url,
        adapter or endpoint.model,
        Secret(endpoint.api_key),
        concurrency=ServeSettings().max_batch,
        steady=True,
    )


def helper_key(ws: Workspace, helper: HelperSettings, key: Secret | str | None = None) -> Secret | None:
    """The key of a service: the given one, else that of its origin. Raises UserError for an incomplete helper."""
    if not helper.address:
        raise UserError("helper.error.no_address")
    if not helper.model:
        raise UserError("helper.error.no_model")
    origin = parse_base_url(helper.address).origin
    if isinstance(key, str):
        return Secret(key) if key.strip() else load_key(ws, origin)
    return key or load_key(ws, origin)
