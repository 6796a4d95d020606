"""Copies with small changes among many texts: MinHash finds who may be alike, an exact comparison decides.

MinHash of character 5-grams (Broder, 1997) in bands (Leskovec, Rajaraman and Ullman, Mining of Massive Datasets,
section 3.4): texts that share half of their 5-grams meet with 87 %, those that share two thirds with 99.9 %. Works for
Chinese, where words have no spaces. 32 numbers are kept of a text, whatever its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from zlib import crc32

from core.datasets.similar import bare

if TYPE_CHECKING:
    from numpy import ndarray

NEAR = 0.95
"""Least similarity (1 is equal) of two bare texts that are called near."""
BANDS, ROWS = 32, 4
_SIZE, _BATCH, _NEIGHBOURS, _SEED = 5, 1 << 20, 4, 20_240_501
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*|[零一二三四五六七八九十百千万两]+")
OnText = Callable[[int], None]


def near_copies(rows: Sequence[Sequence[str]], threshold: float = NEAR, same: Sequence[str] | None = None,
                on_text: OnText = lambda n: None) -> list[tuple[int, int]]:
    """(first, copy) for every row that is nearly the same as an earlier one, ordered by the copy.

    The whole row must be as similar as `threshold` (normalised Indel similarity of letters and digits,
    `rapidfuzz.fuzz.ratio`), no part of it (question, answer) twice as far apart, and the numbers must be the same, in
    the same order: two pumps are not one. A row is compared with rows that are no copies themselves.

    Args:
        rows: each with the same number of parts.
        threshold: 1 finds rows that differ in marks and case alone; a part may be as unlike as ``2 * threshold - 1``.
        same: for each row what must be equal, not merely near: its answer, say.
        on_text: called with the number of rows whose signature is ready.
    """
    from rapidfuzz import fuzz

    plain = [tuple(bare(part) for part in row) for row in rows]
    keys = [(same[number] if same else "", *_numbers(row)) for number, row in enumerate(rows)]
    firsts: dict[tuple[Any, ...], int] = {}
    found = {number: first for number, parts in enumerate(plain)
             if (first := firsts.setdefault((keys[number], parts), number)) < number}
    alone = [number for number in range(len(plain)) if number not in found]
    whole, each = 100 * threshold, 100 * (2 * threshold - 1)
    texts = ["\0".join(plain[number]) for number in alone]
    for i, j in _candidates(texts, [keys[number] for number in alone], on_text):
        first, copy = alone[i], alone[j]
        if copy in found or first in found or keys[first] != keys[copy]:
            continue
        parts = zip(plain[first], plain[copy], strict=True)
        if (fuzz.ratio("".join(plain[first]), "".join(plain[copy]), score_cutoff=whole)
                and all(a == b or fuzz.ratio(a, b, score_cutoff=each) for a, b in parts)):
            found[copy] = first
    return sorted(((_root(found, first), copy) for copy, first in found.items()), key=lambda pair: pair[1])


def _root(found: dict[int, int], first: int) -> int:
    while first in found:
        first = found[first]
    return first


def _numbers(row: Sequence[str]) -> tuple[str, ...]:
    return tuple(number for part in row for number in _NUMBER.findall(part))


def _candidates(texts: Sequence[str], keys: Sequence[tuple[str, ...]], on_text: OnText) -> Iterator[tuple[int, int]]:
    """(i, j), i < j, ordered by j: pairs that share a band and their key.

    Of very many that are alike the first and some neighbours stand for all.
    """
    import numpy as np

    if len(texts) < 2:
        return
    shared = [crc32("\0".join(key).encode("utf-8", "surrogatepass")) for key in keys]
    bands = _bands(texts, on_text) ^ np.array(shared, dtype=np.uint32)[:, None]
    pairs: list[Any] = []
    for band in range(BANDS):
        keys = bands[:, band]
        order = np.argsort(keys, kind="stable")
        ranked = keys[order]
        same = ranked[1:] == ranked[:-1]
        starts = np.maximum.accumulate(np.where(np.concatenate(([True], ~same)), np.arange(len(order)), 0))
        for back in range(1, _NEIGHBOURS + 1):
            close = ranked[back:] == ranked[:-back]
            pairs.append(_packed(order[:-back][close], order[back:][close]))
        far = np.arange(len(order)) - starts > _NEIGHBOURS
        pairs.append(_packed(order[starts[far]], order[far]))
    for packed in np.unique(np.concatenate(pairs)).tolist():
        yield packed & 0xFFFFFFFF, packed >> 32


def _packed(first: ndarray, second: ndarray) -> ndarray:
    """Both numbers in one, the larger in front."""
    import numpy as np

    return np.maximum(first, second).astype(np.uint64) << np.uint64(32) | np.minimum(first, second).astype(np.uint64)


def _bands(texts: Sequence[str], on_text: OnText) -> ndarray:
    """(texts, BANDS) keys as uint32; equal keys in a band mean that ROWS minima of 5-grams are equal."""
    import numpy as np

    draw = np.random.default_rng(_SEED)
    odd = draw.integers(0, 1 << 31, BANDS * ROWS, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    shift = draw.integers(0, 1 << 32, BANDS * ROWS, dtype=np.uint32)
    found = np.zeros((len(texts), BANDS), dtype=np.uint32)
    first = 0
    while first < len(texts):
        last, size = first, 0
        while last < len(texts) and (size < _BATCH or last == first):
            size += len(texts[last]) + _SIZE
            last += 1
        hashes, starts = _grams(texts[first:last])
        for band in range(BANDS):
            key = np.zeros(last - first, dtype=np.uint32)
            for row in range(band * ROWS, band * ROWS + ROWS):
                mixed = hashes * odd[row] + shift[row]
                mixed ^= mixed >> np.uint32(15)
                key = key * np.uint32(0x9E3779B1) + np.minimum.reduceat(mixed, starts)
            found[first:last, band] = key
        first = last
        on_text(last)
    return found


def _grams(texts: Sequence[str]) -> tuple[ndarray, ndarray]:
    """(hashes of the 5-grams of all texts one after the other, where each text's begin); a short text is one gram."""
    import numpy as np

    joined = "".join(text + "\0" * _SIZE for text in texts)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    rolling = np.zeros(len(codes) - _SIZE + 1, dtype=np.uint32)
    for place in range(_SIZE):
        rolling = (rolling ^ codes[place:place + len(rolling)]) * np.uint32(0x85EBCA6B)
        rolling ^= rolling >> np.uint32(13)
    counts = np.array([max(1, len(text) - _SIZE + 1) for text in texts])
    begins = np.concatenate(([0], np.cumsum([len(text) + _SIZE for text in texts])[:-1]))
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    chosen = np.repeat(begins - starts, counts) + np.arange(counts.sum())
    return rolling[chosen], starts
