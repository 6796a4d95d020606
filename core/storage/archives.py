"""Reading ZIP archives that others made."""

from __future__ import annotations

import zipfile
import zlib

UNREADABLE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)
"""What `zipfile` raises for files that are damaged, cut off or packed in a way it does not know."""
