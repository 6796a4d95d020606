"""Which dollar signs are formulas."""

from __future__ import annotations

import pytest

from webui.components.formulas import with_formulas


@pytest.mark.parametrize(("markdown", "shown"), [
    (r"where $\pi_\theta$ is", r"where \(\pi_\theta\) is"),
    ("（$e^k_t$）和 $x$。", r"（\(e^k_t\)）和 \(x\)。"),
    ("| $s_1$ | $s_2$ |", r"| \(s_1\) | \(s_2\) |"),
])
def test_formulas_are_drawn(markdown: str, shown: str) -> None:
    assert with_formulas(markdown) == shown


@pytest.mark.parametrize("markdown", [
    "costs $5 and $10 a month", "US$5_000 or US$6_000", "between $5-$10", "$$x_1$$ stays", r"\$x_1\$",
    "`$x_1$`", "```\n$HOME_DIR and $x_1$\n```", "a $ sign_ and $ more", "$<mark>x_1</mark>$",
])
def test_everything_else_stays(markdown: str) -> None:
    assert with_formulas(markdown) == markdown
