"""How documents are converted, and the bounds that no document may exceed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import field_validator

from core.settings import Settings, setting

ENGINE_VERSION = 8  # raise it when the same file would give better Markdown: pages are then converted again
THREADS = "DOCTUNE_READER_THREADS"
"""How many threads a child that reads pages may use, in its environment."""
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(256 * 1024**2)}
"""Environment of such a child: the C library (glibc; others ignore it) keeps the large blocks that models take and free
at every step. Handing them back and getting them emptied takes a sixth of the time of a scanned page."""

LANGUAGES = ("auto", "ch", "korean", "ta", "te", "ka", "th", "el", "arabic", "east_slavic", "cyrillic", "devanagari")
"""What MinerU's OCR can be told (opendatalab.github.io/MinerU/usage/cli_tools); auto means Chinese and Latin."""


class ConvertSettings(Settings):
    """One conversion."""

    area: ClassVar[str] = "convert"

    ocr: Literal["auto", "always", "never"] = setting("auto", choices=("auto", "always", "never"))
    engine: Literal["builtin", "mineru"] = setting("builtin", choices=("builtin", "mineru"), widget="hidden")
    lang: Literal[LANGUAGES] = setting("auto", choices=LANGUAGES, widget="hidden",  # type: ignore[valid-type]
                                       engine="lang_list", when="engine=mineru")

    @property
    def recipe(self) -> str:
        """Equal for conversions that give equal pages."""
        own = f"{self.ocr}-{ENGINE_VERSION}"
        return own if self.engine == "builtin" else f"{self.engine}-{self.lang}-{own}"


class MinerUSettings(Settings):
    """Where MinerU is: the address of its server, else its command on this computer."""

    area: ClassVar[str] = "mineru"

    address: str = setting("", max_length=500)
    backend: Literal["auto", "pipeline", "vlm-engine", "hybrid-engine"] = setting(
        "auto", choices=("auto", "pipeline", "vlm-engine", "hybrid-engine"), advanced=True, engine="backend")
    wait_s: int = setting(600, ge=10, le=7200, unit="s", advanced=True)

    @field_validator("address")
    @classmethod
    def _strip(cls, value: str) -> str:
        return value.strip()


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
