"""The model server: one base model, any number of adapters, the OpenAI chat protocol.

`ensure` gives an address; everything else in the program talks to it as to any other service.
"""

from core.serving.chat_settings import ChatSettings
from core.serving.compare import PairUpdate, chat_pair
from core.serving.control import Endpoint, ensure, running, serve_foreground, stats, stop
from core.serving.keys import ApiKey, create_api_key, list_api_keys, revoke_api_key, revoke_api_keys
from core.serving.settings import ServeSettings

__all__ = ["ApiKey", "ChatSettings", "Endpoint", "PairUpdate", "ServeSettings", "chat_pair", "create_api_key", "ensure",
           "list_api_keys", "revoke_api_key", "revoke_api_keys", "running", "serve_foreground", "stats", "stop"]
