"""Which helper model writes the questions and answers."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import field_validator

from core.llm.pacing import MOST_AT_ONCE
from core.settings import Settings, setting

PRESETS: dict[str, str] = {
    "siliconflow": "https://api.siliconflow.cn/v1",
    "deepseek": "https://api.deepseek.com/v1",
    "dashscope": "https://dashscope.aliyuncs.com/compatible-mode/v1",
    "openai": "https://api.openai.com/v1",
    "moonshot": "https://api.moonshot.cn/v1",
    "zhipu": "https://open.bigmodel.cn/api/paas/v4",
    "openrouter": "https://openrouter.ai/api/v1",
    "lmstudio": "http://127.0.0.1:1234/v1",
    "vllm": "http://127.0.0.1:8000/v1",
}
"""Base addresses of well-known OpenAI-compatible services, by name; any other address can be typed."""

OLLAMA_URL = "http://127.0.0.1:11434"


class HelperSettings(Settings):
    """The helper model: the built-in one, Ollama, or an OpenAI-compatible service. Keys are not part of it."""

    area: ClassVar[str] = "helper"

    kind: Literal["builtin", "ollama", "openai"] = setting("builtin", choices=("builtin", "ollama", "openai"))
    base_url: str = setting("", when="kind=ollama|openai", max_length=500)
    model: str = setting("", when="kind=ollama|openai", max_length=200)
    temperature: float = setting(0.7, advanced=True, when="kind=ollama|openai", step=0.1, ge=0, le=2)
    top_p: float = setting(0.9, advanced=True, when="kind=ollama|openai", step=0.05, gt=0, le=1)
    deadline_s: int = setting(300, advanced=True, unit="s", when="kind=ollama|openai", ge=5, le=3600)
    concurrency: int = setting(MOST_AT_ONCE, advanced=True, when="kind=ollama|openai", ge=1, le=MOST_AT_ONCE)
    keep_alive: str = setting(
        "10m", advanced=True, when="kind=ollama", pattern=r"^(-1|\d+[smh]?)$", engine="keep_alive"
    )

    @field_validator("base_url", "model")
    @classmethod
    def _strip(cls, value: str) -> str:
        return value.strip()

    @property
    def address(self) -> str:
        """The base address, or the usual one of Ollama when none was given."""
        return self.base_url or (OLLAMA_URL if self.kind == "ollama" else "")
