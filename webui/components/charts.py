"""All figures of the page, in the theme's colours; drawn by Plotly, which needs no `unsafe-eval`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.i18n import t
from webui.theme import ACCENT, AFTER, BEFORE

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

GRID = "rgba(128,148,152,0.25)"
TEXT = "#7b8d92"
MAX_POINTS = 1000
FEW_STEPS = 8
PALETTE = (ACCENT, AFTER, "#5b5fc7", "#8a6d00", BEFORE)


def loss_curve(train: Sequence[tuple[int, float | None]], held_out: Sequence[tuple[int, float | None]],
               lang: str) -> Figure:
    """Training loss (raw thin and pale, smoothed bold) and held-out loss (dashed) over steps."""
    import plotly.graph_objects as go

    figure = go.Figure()
    points = thin([(x, y) for x, y in train if y is not None], MAX_POINTS)
    steps, losses = [x for x, _ in points], [y for _, y in points]
    figure.add_scatter(x=steps, y=losses, name=t("chart.loss.raw", lang), mode="lines",
                       line={"width": 1, "color": "rgba(31,129,123,0.35)"})
    figure.add_scatter(x=steps, y=smooth(losses), name=t("chart.loss.smooth", lang), mode="lines",
                       line={"width": 3, "color": ACCENT})
    checks = [(x, y) for x, y in held_out if y is not None]
    if checks:
        best = min(checks, key=lambda p: p[1])
        figure.add_scatter(x=[x for x, _ in checks], y=[y for _, y in checks], name=t("chart.loss.held_out", lang),
                           mode="lines+markers", line={"width": 2, "dash": "dash", "color": AFTER})
        figure.add_scatter(x=[best[0]], y=[best[1]], name=t("chart.loss.best", lang), mode="markers",
                           marker={"size": 13, "symbol": "star", "color": AFTER})
    _dress(figure, t("chart.axis.step", lang), t("chart.axis.loss", lang))
    if steps and steps[-1] <= FEW_STEPS:
        figure.update_xaxes(dtick=1)  # there is no step 1.5
    return figure


def one_curve(points: Sequence[tuple[int, float]], kind: str, lang: str) -> Figure | None:
    """Another number of a run over steps: "learning_rate", "grad_norm", "tokens_per_second" or "memory" (bytes)."""
    import plotly.graph_objects as go

    if not points:
        return None
    scale = 1e-9 if kind == "memory" else 1.0
    few = thin(list(points), MAX_POINTS)
    steps, values = [x for x, _ in few], [y * scale for _, y in few]
    figure = go.Figure()
    jumps = kind in ("grad_norm", "tokens_per_second")
    figure.add_scatter(x=steps, y=values, mode="lines", name=t(f"chart.kind.{kind}", lang), showlegend=False,
                       line={"width": 1, "color": "rgba(31,129,123,0.35)"} if jumps else {"width": 3, "color": ACCENT})
    if jumps:
        figure.add_scatter(x=steps, y=smooth(values), mode="lines", name=t("chart.loss.smooth", lang),
                           showlegend=False, line={"width": 3, "color": ACCENT})
    _dress(figure, t("chart.axis.step", lang), t(f"chart.axis.{kind}", lang))
    return figure


def overlay(runs: Sequence[tuple[str, Sequence[tuple[int, float]], Sequence[tuple[int, float]]]], lang: str) -> Figure:
    """Losses of several runs, (name, training, held-out) each: smoothed lines, held-out ones dashed in their colour."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for number, (name, train, held_out) in enumerate(runs):
        colour = PALETTE[number % len(PALETTE)]
        few = thin(list(train), MAX_POINTS)
        figure.add_scatter(x=[x for x, _ in few], y=smooth([y for _, y in few]), mode="lines", name=name,
                           line={"width": 2.5, "color": colour})
        if held_out:
            figure.add_scatter(x=[x for x, _ in held_out], y=[y for _, y in held_out], mode="lines+markers",
                               name=f"{name} · {t('chart.loss.held_out', lang)}", showlegend=False,
                               line={"width": 1.5, "dash": "dash", "color": colour})
    _dress(figure, t("chart.axis.step", lang), t("chart.axis.loss", lang))
    return figure


def by_powers(figure: Figure) -> None:
    """Makes the vertical axis logarithmic."""
    figure.update_yaxes(type="log", rangemode="normal")


def lengths(bins: Sequence[tuple[int, int]], cutoff_len: int, lang: str) -> Figure:
    """Rows by length in tokens, as bars that end at the given numbers; the cutoff as a line where it is in sight."""
    import plotly.graph_objects as go

    width = bins[0][0]
    colours = [ACCENT if upper - width < cutoff_len else AFTER for upper, _ in bins]
    words = [t("chart.lengths.bar", lang, first=upper - width + 1, last=upper, rows=rows) for upper, rows in bins]
    figure = go.Figure()
    figure.add_bar(x=[upper - width / 2 for upper, _ in bins], y=[rows for _, rows in bins], width=width * 0.92,
                   marker={"color": colours}, hovertext=words, hoverinfo="text", showlegend=False)
    _dress(figure, t("chart.axis.tokens", lang), t("chart.axis.rows", lang))
    if cutoff_len <= bins[-1][0]:
        figure.add_vline(x=cutoff_len, line={"dash": "dash", "color": AFTER, "width": 2})
    figure.update_layout(height=220, hovermode="closest")
    return figure


def smooth(values: Sequence[float], weight: float = 0.8) -> list[float]:
    """Exponential moving average with the start corrected (the debiasing of Adam, arXiv:1412.6980)."""
    result: list[float] = []
    mean = 0.0
    for count, value in enumerate(values, 1):
        mean = weight * mean + (1 - weight) * value
        result.append(mean / (1 - weight**count))
    return result


def thin(points: list[tuple[int, float]], limit: int) -> list[tuple[int, float]]:
    """At most `limit` points, evenly chosen, the last one kept."""
    if len(points) <= limit:
        return points
    stride = -(-len(points) // limit)
    return points[: len(points) - 1: stride] + points[-1:]


def _dress(figure: Figure, x_title: str, y_title: str) -> None:
    axis = {"gridcolor": GRID, "zeroline": False, "color": TEXT, "linecolor": GRID}
    figure.update_layout(
        template="none", height=320, margin={"l": 56, "r": 12, "t": 8, "b": 44}, hovermode="x unified",
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", font={"color": TEXT, "size": 13},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}, xaxis={**axis, "title": x_title},
        yaxis={**axis, "title": y_title, "rangemode": "tozero"}, uirevision="keep",
    )
