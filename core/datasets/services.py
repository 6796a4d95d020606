"""Rules of the services that fine-tune models, and what of a dataset breaks them.

OpenAI: platform.openai.com/docs/guides/supervised-fine-tuning (at least 10 rows, 512 MB a file, 65,536 tokens a row,
the last turn is the assistant's). SiliconFlow: docs.siliconflow.cn/cn/userguide/guides/fine-tune (system first, then
user and assistant in turn, nothing empty).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from core.datasets.rows import Row

FEWEST = {"openai": 10, "siliconflow": 1}
LARGEST = {"openai": 512 << 20}
LONGEST = {"openai": 65_536}
"""Tokens of a row; what is beyond them the service cuts off."""
SERVICES = tuple(FEWEST)


def why_not(row: Row, service: str) -> str:
    """Why a service does not take a row: "kind", "tools" or "empty", keys of `dataset.out.why.*`; "" when it does."""
    calls = row.calls_tools
    if row.kind not in (("chat", "preference") if service == "openai" else ("chat",)):
        return "kind"
    if service == "openai":
        return ""
    if calls:
        return "tools"
    return "" if all(message.content.strip() for message in row.messages) else "empty"


def tokens(row: Row) -> int:
    """About how many tokens a row has: one for each Chinese, Japanese or Korean character, else one for 3.5 others.

    Services publish no tokenizer of theirs for every model; this errs on the large side.
    """
    texts = [message.content for message in row.every_message]
    wide = sum(c > "\u2e7f" for text in texts for c in text) if not all(map(str.isascii, texts)) else 0
    return wide + round((sum(map(len, texts)) - wide) / 3.5) + 4 * len(texts) + len(row.tools) // 3


@dataclass
class Judged:
    """What is seen while the rows for a service go by."""

    service: str
    rows: int = 0
    longest: int = 0
    cut: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, row: Row) -> None:
        """One more row."""
        wrong = why_not(row, self.service)
        if wrong:
            self.refused[wrong] += 1
            return
        self.rows += 1
        size = tokens(row)
        self.longest = max(self.longest, size)
        self.cut += size > LONGEST.get(self.service, 1 << 40)

    def notes(self) -> list[dict[str, Any]]:
        """What a person should know, as messages: what is left out and why, what is too long, or that all is well."""
        found = [{"key": f"dataset.out.why.{name}", "params": {"count": count}} for name, count in self.refused.items()]
        if self.rows < FEWEST[self.service]:
            found.append({"key": "dataset.out.few", "params": {"count": self.rows, "fewest": FEWEST[self.service]}})
        if self.cut:
            found.append({"key": "dataset.out.too_long", "params": {"count": self.cut,
                                                                    "most": f"{LONGEST[self.service]:,}"}})
        if not found:
            found.append({"key": f"dataset.out.checked.{self.service}", "params": {"longest": f"{self.longest:,}"}})
        return found
