"""The command line for operations on datasets: `python app.py data filter|sort|sample|split|merge|mix`."""

from __future__ import annotations

from typing import Annotated, Any, Optional

import typer

from core.storage import Workspace

app = typer.Typer()
Name = Annotated[str, typer.Argument(help="Id, registered name or title of a dataset.")]
Names = Annotated[list[str], typer.Argument(help="Ids, registered names or titles of datasets.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same rows.")]
Title = Annotated[str, typer.Option(help="Name of the new dataset.")]


@app.command()
def filter(name: Name,
           words: Annotated[str, typer.Option(help="Rows that hold these words.")] = "",
           where: Annotated[str, typer.Option(help="Where words and length are looked at: anywhere, question, "
                                                   "answer.")] = "anywhere",
           shortest: Annotated[int, typer.Option(help="Fewest characters.")] = 0,
           longest: Annotated[int, typer.Option(help="Most characters; 0 for no limit.")] = 0,
           column: Annotated[str, typer.Option(help="A column, such as document, task or source …")] = "",
           values: Annotated[str, typer.Option(help="… and the values to look for, separated by commas.")] = "",
           drop: Annotated[bool, typer.Option("--drop", help="Remove the rows that fit, keep the others.")] = False,
           ) -> None:
    """Keeps the rows that fit every condition. A new version: `undo` takes it back."""
    _change("filter", name, words=words, where=where, shortest=shortest, longest=longest, column=column,
            values=values, keep="others" if drop else "fitting")


@app.command()
def sort(name: Name,
         by: Annotated[str, typer.Option(help="question, answer, length, random, or a column.")] = "question",
         down: Annotated[bool, typer.Option("--down", help="The largest first.")] = False,
         seed: Seed = 42) -> None:
    """Puts the rows into another order. A new version: `undo` takes it back."""
    _change("sort", name, by=by, order="down" if down else "up", seed=seed)


@app.command()
def sample(name: Name, rows: Annotated[int, typer.Option(help="Rows to keep for training.")],
           seed: Seed = 42) -> None:
    """Draws rows evenly; the held-out part stays. A new version: `undo` takes it back."""
    _change("sample", name, rows=rows, seed=seed)


@app.command()
def split(name: Name, share: Annotated[float, typer.Option(help="Part to hold out, 0.05 to 0.5.")] = 0.1,
          seed: Seed = 42,
          group: Annotated[str, typer.Option(help="question, document, fact, task or a column: equal values stay "
                                                  "together.")] = "question",
          stratify: Annotated[str, typer.Option(help="Column to spread evenly over both parts.")] = "") -> None:
    """Divides a dataset into a training and a held-out part. A new version: `undo` takes it back."""
    _change("split", name, share=share, seed=seed, group=group, stratify=stratify)


@app.command()
def merge(names: Names, title: Title = "",
          copies: Annotated[str, typer.Option(help="What counts as a copy and is left out: same, near; keep for "
                                                   "none.")] = "same") -> None:
    """Makes a new dataset of several, one after the other; they stay as they are."""
    _change("merge", *names, title=title, copies=copies)


@app.command()
def mix(names: Annotated[list[str], typer.Argument(help="Datasets with their shares: handbook=70 faq=30")],
        title: Title = "",
        rows: Annotated[int, typer.Option(help="Rows to take of them; 0 for as many as the shares allow.")] = 0,
        general: Annotated[float, typer.Option(help="Share of general conversations, 0 to 0.5.")] = 0.0,
        seed: Seed = 42) -> None:
    """Makes a new dataset of several by shares, in random order; they stay as they are."""
    pairs = [_share(one) for one in names]
    _change("mix", *(name for name, _ in pairs), shares=[share for _, share in pairs], title=title, rows=rows,
            general=general, seed=seed)


def _share(text: str) -> tuple[str, float]:
    """"handbook=70" as name and share; without a number the share is 1."""
    name, sign, share = text.rpartition("=")
    try:
        return (name, float(share)) if sign else (text, 1.0)
    except ValueError:
        return text, 1.0


def _change(do: str, *names: str, shares: Optional[list[float]] = None, **given: Any) -> None:  # noqa: UP045
    from core.datasets.changing import TABLES, apply
    from core.datasets.command import find
    from core.i18n import t

    ws = Workspace.default()
    first, *others = [find(ws, name).id for name in names]
    weights = shares or [1.0] * len(names)
    made = apply(ws, do, first, TABLES[do].load(given), list(zip(others, weights[1:], strict=True)), weights[0])
    typer.echo(f"{made.id}  {made.title}: {made.rows} rows to train, {made.held_out_rows} held out")
    typer.echo(t(made.made_from["key"], **made.made_from["params"]))
