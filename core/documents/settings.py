"""How documents are converted, and the bounds that no document may exceed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from core.settings import Settings, setting

ENGINE_VERSION = 5  # raise it when the same file would give better Markdown: pages are then converted again


class ConvertSettings(Settings):
    """One conversion."""

    area: ClassVar[str] = "convert"

    ocr: Literal["auto", "always", "never"] = setting("auto", choices=("auto", "always", "never"))

    @property
    def recipe(self) -> str:
        """Equal for conversions that give equal pages."""
        return f"{self.ocr}-{ENGINE_VERSION}"


@dataclass(frozen=True)
class ImportLimits:
    """Largest size of one file and of all files given together, in bytes; what is in an archive counts unpacked.

    Args:
        unpack_s, unpack_memory: seconds and bytes that the unpacking of an archive may take.
    """

    file_bytes: int = 200 * 1000**2
    total_bytes: int = 1000**3
    unpack_s: float = 300
    unpack_memory: int = 1024**3


@dataclass(frozen=True)
class ChildLimits:
    """What the conversion of one document may take, in seconds and bytes.

    Args:
        page_s: clock time of one page; the opening of the file and the loading of the libraries count as one.
        memory_bytes: layout and OCR models take 1 GB.
        file_bytes: largest page picture.
        pages_per_child: after so many pages a fresh child goes on, so that memory cannot pile up.
        sections_per_child: the same for documents without pages, which are read whole when they are opened.
    """

    page_s: float = 180
    memory_bytes: int = 4 * 1024**3
    file_bytes: int = 64 * 1024**2
    pages_per_child: int = 60
    sections_per_child: int = 3_000
