"""Handlers, pager, charts and numbers in words."""

from __future__ import annotations

import gradio as gr
import pytest

from core.errors import UserError
from webui.components import charts, words
from webui.components.pager import Pager
from webui.language import translations
from webui.page import Call, Page


@pytest.fixture
def page(ws) -> Page:
    return Page(ws, translations())


@pytest.fixture
def toasts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []
    monkeypatch.setattr(gr, "Warning", lambda text, **_: seen.append(text))
    return seen


def test_people_see_the_sentence_and_nothing_changes(page: Page, toasts: list[str]) -> None:
    def fails(call: Call) -> list[str]:
        raise UserError("web.error.no_port", first="<b>", last=2)

    result = page.guarded(fails, None, [1, 2])(None)
    assert len(result) == 2 and "&lt;b&gt;" in toasts[0]


def test_faults_of_ours_show_a_number_and_never_their_text(page: Page, toasts: list[str]) -> None:
    def fails(call: Call, value: str) -> str:
        raise RuntimeError(f"secret {value}")

    page.guarded(fails, [1], [1])("canary", None)
    assert toasts and "canary" not in toasts[0]


def test_generators_end_with_a_toast_too(page: Page, toasts: list[str]) -> None:
    def fails(call: Call):
        yield "a"
        raise UserError("web.login.wrong")

    assert list(page.guarded(fails, None, [1])(None))[0] == "a"
    assert len(toasts) == 1


def test_pager_walks_to_the_end_and_back_when_rows_vanish(page: Page) -> None:
    rows = list(range(45))

    def fetch(call: Call, offset: int, limit: int) -> tuple[list[list[int]], int]:
        return [rows[offset:offset + limit]], len(rows)

    with gr.Blocks():
        pager = Pager.build(page, "x", fetch, [gr.Dataframe()])
    call = Call(page.ws, "en")
    shown, offset, back, where, forward = pager.show(call, 40)
    assert shown == [40, 41, 42, 43, 44] and where == "41–45 of 45"
    assert back["interactive"] and not forward["interactive"]
    del rows[30:]
    shown, offset, *_ = pager.show(call, 40)
    assert offset == 20 and shown == list(range(20, 30))


def test_smoothing_starts_at_the_first_value_and_follows() -> None:
    assert charts.smooth([2.0, 2.0, 2.0]) == pytest.approx([2.0, 2.0, 2.0])
    falling = charts.smooth([4.0, 3.0, 2.0, 1.0])
    assert falling == sorted(falling, reverse=True) and falling[0] == pytest.approx(4.0)


def test_long_curves_are_thinned_but_keep_both_ends() -> None:
    points = charts.thin([(n, 1.0) for n in range(10_001)], 1000)
    assert len(points) <= 1001 and points[0][0] == 0 and points[-1][0] == 10_000


def test_curve_leaves_out_what_is_no_number() -> None:
    figure = charts.loss_curve([(1, 2.0), (2, None), (3, 1.0)], [(3, 1.5)], "en")
    assert list(figure.data[0].x) == [1, 3]
    assert "NaN" not in figure.to_json()


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (999, "999 B"), (1800, "1.8 KB"), (93_000_000, "93.0 MB"),
                                             (538_000_000, "538 MB"), (1_519_000_000, "1.5 GB")])
def test_sizes(count: int, text: str) -> None:
    assert words.size(count) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"),
                                               (7500, "2 h 5 min"), (-3, "0 s")])
def test_durations(seconds: float, text: str) -> None:
    assert words.duration(seconds, "en") == text


def test_derived_text_cannot_mark_up_the_page() -> None:
    assert words.plain("<img src=x>\n# **a**") == r"\<img src=x\> \# \*\*a\*\*"


@pytest.mark.parametrize(("count", "lang", "text"), [(134_515_008, "en", "135 million"),
                                                     (134_515_008, "zh", "1.35 亿"),
                                                     (1_720_574_976, "en", "1.7 billion"),
                                                     (1_720_574_976, "zh", "17.2 亿")])
def test_sizes_of_models(count: int, lang: str, text: str) -> None:
    assert words.parameters(count, lang) == text
