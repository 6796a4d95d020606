"""The model server: one base model, any number of adapters, the OpenAI chat protocol.

`ensure` gives an address; everything else in the program talks to it as to any other service.
"""

from core.serving.compare import PairUpdate, chat_pair
from core.serving.control import Endpoint, ensure, running, serve_foreground, stop
from core.serving.keys import ApiKey, create_api_key, list_api_keys, revoke_api_key
from core.serving.settings import ServeSettings

__all__ = ["ApiKey", "Endpoint", "PairUpdate", "ServeSettings", "chat_pair", "create_api_key", "ensure",
           "list_api_keys", "revoke_api_key", "running", "serve_foreground", "stop"]
