"""Several children share the pages of a document: each page once; a dead child costs its page, no more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from core.documents.child import with_next_begun
from core.documents.crew import DEATHS_IN_A_ROW, Crew, Reading, Stopped
from core.documents.slots import Slots
from core.jobs.sandbox import Limited


class Book:
    """A document of so many pages, and children (threads) that read it as `behave` says."""

    def __init__(self, pages: int, behave: Callable[[int], str] = lambda page: "", cores: int = 2) -> None:
        self.pages, self.behave, self.lock = pages, behave, threading.Lock()
        self.begun, self.done, self.failed, self.again = set[int](), list[int](), dict[int, str](), set[int]()
        self.at_work, self.most_at_work, self.stop = 0, 0, False
        self.slots = Slots(cores, free=lambda: 10**12)
        self.crew = Crew(read=self.read, left=lambda: pages - len(self.begun), lost=self.lost,
                         give_up=self.failed.__setitem__, pace=lambda: 10.0, slots=self.slots,
                         should_stop=lambda: self.stop, log=lambda text: None)

    def read(self, reading: Reading) -> Limited:
        with self.lock:
            self.at_work += 1
            self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            return self._read(reading)
        finally:
            with self.lock:
                self.at_work -= 1

    def _read(self, reading: Reading) -> Limited:
        for page in range(1, self.pages + 1):
            with self.lock:
                if page in self.begun:
                    continue
                self.begun.add(page)
            if self.crew.ended_all():
                return Limited("stopped")
            failure = self.behave(page)
            if failure == "lost" and page not in self.again:
                return Limited("crash")  # it died before it could say which page it had claimed
            reading.pages, reading.opened = [page], True
            if failure == "error":
                return Limited("error", {"key": "documents.error.encrypted", "params": {}})
            if failure in ("crash", "memory"):
                return Limited(failure)
            time.sleep(0.01)
            self.done.append(page)
            reading.pages = []
            self.crew.deaths = 0
        return Limited()

    def lost(self) -> list[int]:
        fresh = set(range(1, self.pages + 1)) - set(self.done) - set(self.failed) - self.again
        self.again |= fresh
        self.begun -= fresh
        return sorted(fresh)


def test_each_page_is_read_once_by_as_many_children_as_there_are_slots() -> None:
    book = Book(120, cores=3)
    assert book.crew.work() is None
    assert sorted(book.done) == list(range(1, 121)) and 2 <= book.most_at_work <= 3
    assert book.slots.try_take() and book.slots.threads == 3, "all slots were given back"


def test_one_core_has_one_child() -> None:
    book = Book(60, cores=1)
    assert book.crew.work() is None and book.most_at_work == 1 and len(book.done) == 60


def test_bad_pages_spread_over_a_document_cost_themselves_only() -> None:
    bad = set(range(5, 100, 10))
    book = Book(100, lambda page: "crash" if page in bad else "")
    assert book.crew.work() is None
    assert sorted(book.done) == [page for page in range(1, 101) if page not in bad]
    assert book.failed == dict.fromkeys(bad, "crash")


def test_a_document_on_which_every_child_dies_is_given_up() -> None:
    book = Book(100, lambda page: "memory", cores=1)
    error = book.crew.work()
    assert error and error["key"] == "documents.error.memory" and len(book.failed) == DEATHS_IN_A_ROW


def test_a_page_lost_with_its_child_is_read_by_another() -> None:
    book = Book(40, lambda page: "lost" if page == 7 else "")
    assert book.crew.work() is None and sorted(book.done) == list(range(1, 41)) and book.failed == {}


def test_an_error_of_the_document_ends_all_children() -> None:
    book = Book(200, lambda page: "error" if page == 9 else "")
    error = book.crew.work()
    assert error and error["key"] == "documents.error.encrypted" and book.at_work == 0 and len(book.done) < 200


def test_a_request_to_stop_ends_all_children() -> None:
    book = Book(200)

    def behave(page: int) -> str:
        book.stop = book.stop or page == 20
        return ""

    book.behave = behave
    with pytest.raises(Stopped):
        book.crew.work()
    assert book.at_work == 0 and len(book.done) < 200


def test_a_child_that_dies_over_two_pages_costs_neither_unless_it_is_to_blame() -> None:
    book = Book(20)
    read = book._read

    def ahead(reading: Reading) -> Limited:
        if not book.crew.ahead:
            return read(reading)
        book.begun |= {1, 2}
        reading.pages, reading.opened = [1, 2], True
        return Limited("crash")

    book._read = ahead  # type: ignore[method-assign]
    book.behave = lambda page: "crash" if page == 2 else ""
    assert book.crew.work() is None
    assert book.failed == {2: "crash"} and sorted(book.done) == [1, *range(3, 21)]


def test_the_next_page_is_begun_before_a_page_is_finished_while_pictures_are_read() -> None:
    pictures, calls = {2, 3, 5}, list[str]()

    class Reader:
        looks_ahead = False

        def prepare(self, number: int) -> None:
            self.looks_ahead = number in pictures
            calls.append(f"begin {number}")

    for number in with_next_begun(Reader(), iter(range(1, 6)), True):
        calls.append(f"finish {number}")
    assert calls == ["begin 1", "finish 1", "begin 2", "begin 3", "finish 2", "begin 4", "finish 3", "finish 4",
                     "begin 5", "finish 5"]
    assert list(with_next_begun(Reader(), iter(range(1, 6)), False)) == [1, 2, 3, 4, 5]
