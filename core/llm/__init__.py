"""Helper models behind one protocol: the built-in server, Ollama, and OpenAI-compatible services."""

from core.llm.errors import ProviderError
from core.llm.opening import open_client
from core.llm.pull import start_pull
from core.llm.settings import PRESETS, HelperSettings
from core.llm.types import ChatClient, Message, Reply

__all__ = ["PRESETS", "ChatClient", "HelperSettings", "Message", "ProviderError", "Reply", "open_client",
           "start_pull"]
