"""Symbols with indices in PDFs become LaTeX; words, numbers and units with indices stay."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pymupdf
import pytest

from core.documents.page_math import formulas, put_formulas, written

SIZES = (12, 7)


def page(*parts: tuple[str, float, float, float, str]) -> Any:
    """A page with pieces of text: (text, x, y of the base line, size, font)."""
    document = pymupdf.open()
    made = document.new_page()
    for text, x, y, size, font in parts:
        made.insert_text((x, y), text, fontsize=size, fontname=font)
    return made


def after(x: float, text: str, size: float, font: str) -> float:
    """Where the next piece begins."""
    return x + pymupdf.get_text_length(text, font, size)


def index_page(base: str, font: str, upper: str = "", lower: str = "", lower_font: str = "tiro") -> Any:
    """"where", a base with an upper and a lower index, "holds"."""
    x = after(50, "where ", 12, "tiro")
    parts = [("where ", 50.0, 100.0, 12.0, "tiro"), (base, x, 100.0, 12.0, font)]
    right = after(x, base, 12, font)
    if upper:
        parts.append((upper, right, 95.0, 7.0, "tiit"))
    if lower:
        parts.append((lower, right, 103.0, 7.0, lower_font))
    parts.append(("holds", right + 30, 100.0, 12.0, "tiro"))
    return page(*parts)


@pytest.mark.parametrize(("made", "latex"), [
    (index_page("x", "tiit", upper="n"), "$x^n$"),
    (index_page("x", "tiit", lower="i", lower_font="tiit"), "$x_i$"),
    (index_page("s", "tiit", lower="train"), r"$s_{\text{train}}$"),
    (index_page("e", "tiit", upper="k", lower="old"), r"$e^k_{\text{old}}$"),
])
def test_symbols_with_indices(made: Any, latex: str) -> None:
    assert [formula.latex for formula in formulas(made, SIZES)] == [latex]


@pytest.mark.parametrize("made", [
    index_page("H", "tiro", lower="2"),
    index_page("10", "tiro", upper="6"),
    index_page("water", "tiit", upper="1"),
    index_page("m", "tiro", upper="2"),
    index_page("x", "tiit"),
    index_page("x", "tiit", lower="(i"),
])
def test_what_is_no_symbol_stays(made: Any) -> None:
    assert formulas(made, SIZES) == []


def test_without_small_letters_nothing_is_looked_for() -> None:
    assert formulas(None, (12, 11)) == [] and formulas(None, ()) == []


def test_an_index_of_an_index() -> None:
    x = after(50, "p", 12, "tiit")
    deeper = after(x, "k", 7, "tiit")
    made = page(("p", 50, 100, 12, "tiit"), ("k", x, 103, 7, "tiit"), ("old", deeper, 104.5, 4.3, "tiro"))
    assert [formula.latex for formula in formulas(made, (12, 7, 4.5))] == [r"$p_{k_{\text{old}}}$"]


def test_letters_are_replaced_in_lines_in_either_order_of_the_indices() -> None:
    [formula] = formulas(index_page("e", "tiit", upper="k", lower="old"), SIZES)
    for text in ("where eoldk holds", "where e old k holds", "where ekold holds"):
        assert written(text, [formula]) == (r"where $e^k_{\text{old}}$ holds", [])
    assert written("nothing here", [formula]) == ("nothing here", [formula])


def test_an_index_on_a_line_of_its_own_goes_where_its_formula_is() -> None:
    [formula] = formulas(index_page("e", "tiit", upper="k", lower="old"), SIZES)

    def line(text: str, box: tuple[float, ...]) -> dict[str, Any]:
        return {"bbox": box, "spans": [{"text": part, "bbox": box, "size": 12, "flags": 0} for part in text.split("|")]}

    main, stray = line("where e|old| holds", (50, 90, 200, 105)), line("k", formula.box)
    put_formulas([SimpleNamespace(textlines=[stray]), SimpleNamespace(textlines=[main])], [formula])
    assert "".join(span["text"] for span in main["spans"]) == r"where $e^k_{\text{old}}$ holds"
    assert stray["spans"] == []
