"""The one error class for people: a catalogue key whose text says what happened, why, and what to do."""

from __future__ import annotations

from typing import Any

from core.i18n import t


class UserError(Exception):
    """A fault that the person can act on.

    Args:
        key: entry of the message catalogue (`core/i18n`), such as ``"documents.error.encrypted"``.
        **params: values for the placeholders of that entry; must be JSON-serialisable, never secrets.
    """

    def __init__(self, key: str, **params: Any) -> None:
        super().__init__(key)
        self.key = key
        self.params = params

    def text(self, lang: str = "en") -> str:
        """The sentence in the given language."""
        return t(self.key, lang, **self.params)

    def __str__(self) -> str:
        return self.text("en")

    def as_dict(self) -> dict[str, Any]:
        """Form that is stored in event journals: ``{"key": …, "params": {…}}``."""
        return {"key": self.key, "params": self.params}
