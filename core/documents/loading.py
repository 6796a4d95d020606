"""How the models of a limited child are loaded: late, and with threads that sleep while they have nothing to do.

The threads of an onnxruntime session look for work in a loop for a while after each step, so that the next one begins
sooner. Where several models share the cores, as the layout of a page and the reading of the next one do, that takes a
tenth of the time. And PyMuPDF loads its layout models when it is imported, which takes four times as long as all the
rest of it; a scan can be read meanwhile.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any

_LATER = "pymupdf.layout", "pymupdf4llm"


def import_pymupdf() -> None:
    """Imports PyMuPDF without its layout models. Importing pymupdf4llm loads them."""
    if "pymupdf" in sys.modules:
        return
    hidden = [name for name in _LATER if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        import pymupdf  # noqa: F401
    finally:
        for name in hidden:
            del sys.modules[name]


@lru_cache(maxsize=1)
def quiet_threads() -> None:
    """From now on sessions have such threads. To be called before what makes them is imported."""
    import onnxruntime

    theirs = onnxruntime.SessionOptions

    class Options(theirs):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.add_session_config_entry("session.intra_op.allow_spinning", "0")

    onnxruntime.SessionOptions = Options
