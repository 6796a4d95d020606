"""Models whose threads sleep while they have nothing to do. Child only.

The threads of an onnxruntime session look for work in a loop for a while after each step, so that the next one begins
sooner. Where several models share the cores, as the layout of a page and the reading of the next one do, that takes a
tenth of the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def quiet_threads() -> Iterator[None]:
    """Sessions made by modules that are imported meanwhile have such threads."""
    import onnxruntime

    theirs = onnxruntime.SessionOptions

    class Options(theirs):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.add_session_config_entry("session.intra_op.allow_spinning", "0")

    onnxruntime.SessionOptions = Options
    try:
        yield
    finally:
        onnxruntime.SessionOptions = theirs
