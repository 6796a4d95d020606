"""RapidOCR as it is set up here: every line by itself, as many lines at a time as there are threads. Child only."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core.documents.loading import quiet_threads
from core.documents.settings import THREADS
from core.storage.workspace import user_path

FINDING_PIXELS = 1280
"""Longer side of the picture in which lines are found; they are read and measured in the large one."""

NARROWED, LONG = 0.85, 6
"""Width that lines keep when they are read, if they are so many times as long as high."""


@lru_cache(maxsize=1)
def reader() -> ThreadPoolExecutor:
    """The one thread that reads pages, one after the other."""
    return ThreadPoolExecutor(1)


@lru_cache(maxsize=1)
def loading() -> Future[Any]:
    """The loading of the models in that thread. Two threads that load at the same time take turns, and longer."""
    return reader().submit(engine)


@lru_cache(maxsize=1)
def engine() -> Any:
    """Finds and reads lines; the models are loaded.

    A line is not padded to the width of others, which is quicker, and its text does not depend on its neighbours. One
    line is too little work for two threads, so each thread reads lines of its own.
    """
    quiet_threads()
    with _quick_yaml():
        from rapidocr import RapidOCR

    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
    given = os.environ.get(THREADS, "")
    threads = int(given) if given.isdigit() else os.cpu_count() or 1
    found = RapidOCR(params={
        "Global.use_cls": False, "Global.log_level": "critical", "Global.return_word_box": True,
        "Global.return_single_char_box": True, "Det.limit_type": "max", "Det.limit_side_len": FINDING_PIXELS,
        "Rec.rec_img_shape": [3, 48, 48], "Rec.rec_batch_num": 1,
        "EngineConfig.onnxruntime.intra_op_num_threads": threads})
    found.cal_rec_boxes = letter_places
    found.cfg.EngineConfig.onnxruntime.enable_cpu_mem_arena = True  # its steps are large, and of one size for all pages
    found._load_det_model()
    found.cfg.EngineConfig.onnxruntime.intra_op_num_threads = 1
    found.cfg.EngineConfig.onnxruntime.enable_cpu_mem_arena = False
    found.text_rec = SideBySide(found._load_rec_model(), threads)
    gc.freeze()  # what has been loaded stays, so it need not be looked through after every page
    return found


@contextmanager
def _quick_yaml() -> Iterator[None]:
    """RapidOCR reads its list of models twice while it is imported, for a third of a second by PyYAML's slow reader."""
    import yaml
    from omegaconf import OmegaConf

    def load(path: str | Path) -> Any:
        quick = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return OmegaConf.create(quick(user_path(str(path)).read_text(encoding="utf-8")).get_single_data())

    theirs, OmegaConf.load = OmegaConf.load, load
    try:
        yield
    finally:
        OmegaConf.load = theirs


def letter_places(_pictures: Any, _corners: Any, read: Any, _single: bool) -> Any:
    """Instead of RapidOCR's boxes of letters, which take a tenth of a page's time: how far along its line each letter
    stands, 0 to 1."""
    read.word_results = tuple(
        [(letter, 1.0, (column + 0.5) / line.line_txt_len)
         for word, columns in zip(line.words, line.word_cols, strict=True)
         for letter, column in zip(word, columns, strict=True)] for line in read.word_results)
    return read


def _narrowed(line: np.ndarray) -> np.ndarray:
    """A long line made narrower: it is enlarged to the height that the model wants, which makes it wider than it has to
    be to be read, and the time goes with the width."""
    import cv2

    height, width = line.shape[:2]
    if width <= LONG * height:
        return line
    return np.asarray(cv2.resize(line, (int(width * NARROWED), height), interpolation=cv2.INTER_AREA))


class SideBySide:
    """A recogniser that reads the lines of a page in several threads; the outcome is that of one."""

    def __init__(self, recognise: Any, threads: int) -> None:
        self.recognise, self.threads = recognise, threads
        self.pool = ThreadPoolExecutor(threads)

    def __call__(self, given: Any) -> Any:
        """RapidOCR's TextRecInput to its TextRecOutput."""
        lines = [given.img] if hasattr(given.img, "shape") else list(given.img)
        lines = [_narrowed(line) for line in lines]
        if self.threads == 1 or len(lines) < 2:
            return self.recognise(replace(given, img=lines))
        longest_first = sorted(range(len(lines)), key=lambda n: -lines[n].shape[1] / max(1, lines[n].shape[0]))
        results = dict(zip(longest_first, self.pool.map(
            lambda n: self.recognise(replace(given, img=[lines[n]])), longest_first), strict=True))
        each = [results[n] for n in range(len(lines))]
        return replace(each[0], imgs=lines, txts=tuple(one.txts[0] for one in each),
                       scores=tuple(one.scores[0] for one in each),
                       word_results=tuple(one.word_results[0] for one in each), elapse=sum(one.elapse for one in each))
