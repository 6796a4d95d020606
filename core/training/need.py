"""How much memory it takes to tune a model of the catalogue on this computer, before it is downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.models import CatalogueModel
from core.training import memory
from core.training.machine import Machine
from core.training.preflight import PERHAPS, SURELY, needed
from core.training.settings import TrainSettings

ROW_TOKENS = 128
"""Tokens of a row, question and answer, as the built-in helper writes them with room to spare."""


@dataclass(frozen=True)
class Need:
    """Bytes for LoRA with the usual settings on rows of usual length, with whole weights and with those in 4 bits."""

    plain: int
    four_bits: int
    grade: Literal["fits", "tight", "too_big"]


def need_of(entry: CatalogueModel, here: Machine) -> Need | None:
    """What tuning takes, by the same formula as before a run; None for a model whose shape is not known."""
    shape = shape_of(entry)
    if shape is None:
        return None
    settings = TrainSettings()
    rows = settings.batch_size
    batch = memory.Batch(rows, ROW_TOKENS, rows * ROW_TOKENS, rows * ROW_TOKENS // 2, rows * ROW_TOKENS // 4)
    plain = needed(shape, batch, settings, here)[1]
    small = needed(shape, batch, settings.model_copy(update={"quantization": "4bit"}), here)[1]
    grade: Literal["fits", "tight", "too_big"] = (
        "fits" if plain <= PERHAPS * here.free else "tight" if plain <= SURELY * here.free else "too_big")
    return Need(plain, small, grade)


def shape_of(entry: CatalogueModel) -> memory.ModelShape | None:
    """The shape of a catalogue model as the formula takes it."""
    found = entry.shape
    if found is None:
        return None
    return memory.ModelShape(found.hidden, found.inner, found.layers, found.heads, found.head, found.vocabulary,
                             found.parameters, found.linear * found.layers)
