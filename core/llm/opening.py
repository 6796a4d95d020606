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
        from core.serving import ServeSettings, ensure
        from core.serving.names import QUESTION_WRITER

        endpoint = ensure(ws, STARTER_ID, (QUESTION_WRITER,))
        return OpenAIClient(
            endpoint.base_url,
            QUESTION_WRITER,
            Secret(endpoint.api_key),
            concurrency=ServeSettings().max_batch,
            steady=True,
        )
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
