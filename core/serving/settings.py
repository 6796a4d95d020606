"""Settings of the model server."""

from __future__ import annotations

from typing import ClassVar

from core.settings import Settings, setting


class ServeSettings(Settings):
    """How the model server listens and how much it takes on."""

    area: ClassVar[str] = "serve"

    port: int = setting(8001, ge=0, le=65535)
    temperature: float = setting(0.2, ge=0, le=2, step=0.05)
    max_tokens: int = setting(1024, ge=16, le=32768, unit="tokens")
    idle_minutes: int = setting(30, ge=0, le=10080, unit="min")
    max_waiting: int = setting(96, advanced=True, ge=1, le=1000)
    max_batch: int = setting(48, advanced=True, ge=1, le=64)
