"""Tokens to text, piece by piece: no half characters, nothing of a stop string, no special tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Decode = Callable[[Sequence[int]], str]
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class Detokenizer:
    """Turns a growing list of token ids into text that never has to be taken back.

    Only the last few tokens are decoded again with each new one (the two-offset method of text-generation-inference):
    `prefix` gives the decoder the context that byte-level and sentencepiece vocabularies need for spaces.
    """

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self._ids: list[int] = []
        self._prefix = 0
        self._read = 0

    def push(self, token: int) -> str:
        """The text that became certain with this token; empty while a character is incomplete."""
        self._ids.append(token)
        known = self._decode(self._ids[self._prefix:self._read])
        text = self._decode(self._ids[self._prefix:])
        if len(text) <= len(known) or text.endswith(REPLACEMENT):
            return ""
        self._prefix, self._read = self._read, len(self._ids)
        return text[len(known):]

    def flush(self) -> str:
        """What is left at the end; an unfinished character at the very end is dropped."""
        known = self._decode(self._ids[self._prefix:self._read])
        text = self._decode(self._ids[self._prefix:])
        self._prefix = self._read = len(self._ids)
        return text[len(known):].rstrip(REPLACEMENT)


class StopScanner:
    """Holds back text that might be the beginning of a stop string and cuts at the first one that is complete."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self.stopped = False

    def push(self, text: str) -> str:
        """The part of the text so far that may be shown. After a match `stopped` is True and nothing more comes."""
        if self.stopped:
            return ""
        self._held += text
        found = [place for place in (self._held.find(stop) for stop in self._stops) if place >= 0]
        if found:
            self.stopped = True
            shown, self._held = self._held[:min(found)], ""
            return shown
        keep = self._undecided()
        cut = len(self._held) - keep
        shown, self._held = self._held[:cut], self._held[cut:]
        return shown

    def flush(self) -> str:
        """The held-back rest when no stop string came."""
        shown, self._held = self._held, ""
        return shown

    def _undecided(self) -> int:
        longest = max((len(stop) for stop in self._stops), default=1) - 1
        for size in range(min(longest, len(self._held)), 0, -1):
            if any(stop.startswith(self._held[-size:]) for stop in self._stops):
                return size
        return 0
