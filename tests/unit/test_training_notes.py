"""Notes, pins and comparisons of runs."""

from __future__ import annotations

import pytest

from core.errors import UserError
from core.jobs.history import append_event
from core.jobs.spec import JobSpec
from core.storage import Workspace, write_json
from core.training import TrainSettings, curves
from core.training.notes import differences, lowest, note, size_of, write_note
from core.training.record import RECORDS


def run(ws: Workspace, id: str, held_out: float | None = None) -> str:
    paths = ws.job(id)
    paths.dir.mkdir(parents=True)
    write_json(paths.spec, JobSpec(id, "train").as_dict())
    append_event(paths.events, "sitting", token="t")
    if held_out is not None:
        append_event(paths.events, "metric", step=1, held_out_loss=held_out)
    return id


def test_words_and_pin_are_kept_apart(ws: Workspace) -> None:
    id = run(ws, "run-a")
    assert note(ws, id).text == "" and not note(ws, id).pinned
    write_note(ws, id, text="  lower rate  ")
    write_note(ws, id, pinned=True)
    assert note(ws, id) == write_note(ws, id) and note(ws, id).text == "lower rate" and note(ws, id).pinned
    ws.run(id).notes.write_bytes(b"{")
    assert note(ws, id).text == ""
    with pytest.raises(UserError):
        write_note(ws, "run-none", text="x")


def test_only_differences_are_listed_in_the_order_of_the_table() -> None:
    one, other = TrainSettings(epochs=2), TrainSettings(epochs=4, seed=7)
    assert differences([one, other]) == {"epochs": [2, 4], "seed": [42, 7]}
    assert differences([one, one]) == {}


def test_the_best_is_told_for_each_dataset_with_two_runs(ws: Workspace) -> None:
    runs = [(run(ws, "run-a", 1.5), "x"), (run(ws, "run-b", 1.2), "x"), (run(ws, "run-c", 0.1), "y"),
            (run(ws, "run-d"), "x")]
    assert lowest(ws, runs) == {"run-b"}


def test_the_size_is_that_of_all_files(ws: Workspace) -> None:
    id = run(ws, "run-a")
    before = size_of(ws, id)
    (ws.run(id).checkpoint(5)).mkdir(parents=True)
    (ws.run(id).checkpoint(5) / "x").write_bytes(b"1" * 5000)
    assert size_of(ws, id) == before + 5000


def test_a_record_grows_and_forgets_what_a_resume_takes_back(ws: Workspace) -> None:
    id = run(ws, "run-a")
    events = ws.job(id).events
    for step in (1, 2, 3, 4):
        append_event(events, "metric", step=step, loss=float(step))
    append_event(events, "item", checkpoint=2)
    append_event(events, "item", answers=["a"], step=4)
    assert [step for step, _ in curves(ws, id).train] == [1, 2, 3, 4]
    append_event(events, "part", name="evaluate", done=1, total=3)
    assert RECORDS.of(ws, id).part.total == 3
    append_event(events, "sitting", token="u")
    append_event(events, "item", resumed_from=2)
    append_event(events, "metric", step=3, loss=9.0)
    record = RECORDS.of(ws, id)
    assert curves(ws, id).train == ((1, 1.0), (2, 2.0), (3, 9.0))
    assert (record.part, record.answers, record.checkpoints) == (None, {}, [2])
