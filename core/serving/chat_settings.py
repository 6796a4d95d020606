"""How answers are drawn on the Compare page."""

from __future__ import annotations

from typing import ClassVar

from core.settings import Settings, setting


class ChatSettings(Settings):
    """Sampling and system prompt of a conversation with both models."""

    area: ClassVar[str] = "chat"

    system: str = setting("", max_length=4000, widget="textarea", advanced=True)
    temperature: float = setting(0.0, ge=0, le=2, step=0.1, widget="slider", advanced=True, engine="temperature")
    top_p: float = setting(1.0, gt=0, le=1, step=0.05, advanced=True, engine="top_p")
    max_tokens: int = setting(200, ge=1, le=4096, step=10, unit="tokens", advanced=True, engine="max_tokens")
    seed: int = setting(1, ge=0, le=2**31 - 1, step=1, advanced=True, engine="seed")
