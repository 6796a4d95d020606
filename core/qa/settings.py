"""How questions and answers are built."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import field_validator

from core.llm.settings import HelperSettings
from core.qa.kinds import KINDS, USUAL
from core.settings import Settings, setting

LEAST, MOST, ROWS = 6, 10, 700
"""Bounds of the automatic number of wordings, and the rows of a document beyond which it is the least."""


class BuildSettings(Settings):
    """One build of question–answer pairs."""

    area: ClassVar[str] = "qa"

    documents: tuple[str, ...] = setting((), widget="hidden")
    helper: HelperSettings = setting(HelperSettings(), widget="hidden")
    wordings: int = setting(0, widget="slider", step=1, ge=0, le=12)
    sample: int = setting(0, widget="hidden", ge=0, le=100)
    scope: Literal["missing", "all", "gaps"] = setting("missing", choices=("missing", "all"), advanced=True)
    language: Literal["document", "en", "zh"] = setting(
        "document", choices=("document", "en", "zh"), advanced=True, when="helper.kind=ollama|openai"
    )
    kinds: tuple[str, ...] = setting(USUAL, widget="hidden")
    audience: Literal["any", "newcomer", "expert"] = setting("any", widget="hidden")
    tone: Literal["plain", "friendly", "formal", "brief"] = setting("plain", widget="hidden")
    examples: tuple[tuple[str, str], ...] = setting((), widget="hidden", max_length=5)
    chunk_tokens: int = setting(600, advanced=True, unit="tokens", ge=100, le=4000, step=50)
    most_facts: int = setting(12, advanced=True, ge=1, le=40, step=1, when="helper.kind=ollama|openai")
    judge: Literal["never", "doubtful", "all"] = setting(
        "doubtful", choices=("never", "doubtful", "all"), advanced=True, when="helper.kind=ollama|openai"
    )
    price_in: float = setting(0.0, advanced=True, ge=0, le=10_000, step=0.1, when="helper.kind=ollama|openai")
    price_out: float = setting(0.0, advanced=True, ge=0, le=10_000, step=0.1, when="helper.kind=ollama|openai")
    most_cost: float = setting(0.0, advanced=True, ge=0, le=1_000_000, step=0.5, when="helper.kind=ollama|openai")
    most_tokens: int = setting(0, advanced=True, unit="tokens", ge=0, le=10**10, step=100_000,
                               when="helper.kind=ollama|openai")
    seed: int = setting(42, advanced=True, ge=0, le=2**31 - 1)

    @field_validator("kinds")
    @classmethod
    def _known_kinds(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        chosen = tuple(kind for kind in KINDS if kind in value)
        return chosen or USUAL

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """What so many tokens cost at the typed prices, in their currency."""
        return (tokens_in * self.price_in + tokens_out * self.price_out) / 1_000_000

    def exceeded(self, tokens_in: int, tokens_out: int) -> bool:
        """Whether a build that has used so many tokens must stop."""
        return bool(self.most_tokens and tokens_in + tokens_out >= self.most_tokens
                    or self.most_cost and self.cost(tokens_in, tokens_out) >= self.most_cost)

    def wordings_for(self, facts: int) -> int:
        """Questions wanted for each fact of a document that states so many.

        Chosen automatically (0), it is six, and up to ten where the document is short: what makes a small model
        understand other words than those it was trained with is the number of different ones
        (benchmarks/README.md, Effect), and a short document leaves the time for them.
        """
        return self.wordings or min(MOST, max(LEAST, ROWS // max(1, facts)))
