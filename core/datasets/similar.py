"""Questions that are nearly the same: exact search by Jaccard similarity of character 5-grams.

Prefix filter: two sets with Jaccard ≥ t share l of their ⌊(1 − t)·n⌋ + l rarest elements (Chaudhuri, Ganti and
Kaushik, 2006; for l > 1 Wang, Li and Feng, 2012), so only few pairs are compared and none is missed. Works for Chinese,
where words have no spaces.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from core.datasets.rows import Row

NEAR = 0.8
_SIZE, _DEPTH = 5, 3


def bare(text: str) -> str:
    """Letters and digits only, lower case: what two equal questions share."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).lower())


def identity(row: Row) -> str:
    """What two rows share that are the same in every word."""
    return "\0".join(map(str, (row.kind, row.messages, row.answer, row.text, row.label, row.rejected, row.answers,
                               row.tools)))


def key_of(text: str) -> bytes:
    """12 bytes that stand for a text, for sets of many."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()


class Asked:
    """Questions (of texts, the texts) that are trained on: a held-out row with one of them would be known already."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._keys = {key_of(bare(row.question)) for row in rows}

    def add(self, row: Row) -> None:
        """One more row that is trained on."""
        self._keys.add(key_of(bare(row.question)))

    def __contains__(self, row: Row) -> bool:
        return key_of(bare(row.question)) in self._keys


def shingles(text: str) -> frozenset[str]:
    """Character 5-grams of the bare text; the text itself when it is shorter."""
    text = bare(text)
    return frozenset(text[i : i + _SIZE] for i in range(max(1, len(text) - _SIZE + 1)))


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """Share of common elements."""
    return len(a & b) / len(a | b) if a or b else 1.0


def near_pairs(texts: Sequence[str], threshold: float = NEAR) -> Iterator[tuple[int, int]]:
    """(i, j), i < j, for all texts at least as similar as `threshold`, ordered by j, then i."""
    sets = [shingles(t) for t in texts]
    frequency = Counter(s for one in sets for s in one)
    index: dict[str, list[int]] = defaultdict(list)
    depths = [max(1, min(_DEPTH, len(one) - int((1 - threshold) * len(one) + 1e-9))) for one in sets]
    for j, one in enumerate(sets):
        rare = sorted(one, key=lambda s: (frequency[s], s))[: int((1 - threshold) * len(one) + 1e-9) + depths[j]]
        shared = Counter(i for s in rare for i in index[s])
        for i in sorted(i for i, count in shared.items() if count >= min(depths[i], depths[j])):
            small, large = sorted((len(sets[i]), len(one)))
            if small >= threshold * large and jaccard(sets[i], one) >= threshold:
                yield i, j
        for s in rare:
            index[s].append(j)
