"""The command line for datasets: `python app.py data import|show|check|convert|export|undo|delete`, and operations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from core.datasets.command_changes import app as changes
from core.errors import UserError
from core.storage import Workspace
from core.storage.workspace import user_path

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False,
                  help="Imports, shows, checks, changes and exports datasets.")
app.add_typer(changes)
Name = Annotated[str, typer.Argument(help="Id, registered name or title of a dataset.")]
Maps = Annotated[Optional[list[str]], typer.Option("--map", help="Meaning of a column: prompt=Question")]  # noqa: UP045


@app.command("import")
def import_(files: Annotated[list[str], typer.Argument(help="Files, archives, a data folder of LLaMA-Factory; or one "
                                                            "dataset on a hub: hf:owner/name, ms:owner/name.")],
            title: Annotated[str, typer.Option(help="Name of the dataset.")] = "", map: Maps = None) -> None:
    """Makes datasets of files: JSON, JSONL, CSV, TSV, XLSX, Parquet, XML, text, ZIP; or of a dataset on a hub.

    A hub's token comes from HF_TOKEN or MODELSCOPE_API_TOKEN, or is the one that was entered on the page.
    """
    from core.datasets.hub_jobs import is_hub_name
    from core.datasets.importing import Imported, import_files
    from core.datasets.store import get_dataset

    ws = Workspace.default()
    if any(is_hub_name(name) for name in files):
        if len(files) > 1 or map:
            raise UserError("dataset.hub.error.alone")
        _told(ws, Imported([get_dataset(ws, id) for id in _pulled(ws, files[0], title)], []))
        return
    paths = [user_path(name).resolve() for name in files]
    _told(ws, import_files(ws, [(path, path.name) for path in paths], title, _mapping(map)))


def _pulled(ws: Workspace, name: str, title: str) -> list[str]:
    """Ids of the datasets that a hub's dataset became."""
    from core.datasets.hub_jobs import parse, start_pull

    return list(follow(ws, start_pull(ws, parse(name), title).id)["ids"])


def follow(ws: Workspace, job_id: str) -> dict[str, Any]:
    """Tells the progress of a job until it has ended; Ctrl-C stops it. Returns its result.

    Raises UserError when it did not end well.
    """
    from core import jobs
    from core.i18n import t
    from core.jobs import JobState
    from core.storage.space import human_bytes

    told = ""
    try:
        while not (job := jobs.wait(ws, job_id, 1.0)).state.is_terminal:
            said = t(f"dataset.phase.{job.phase}") if job.phase else ""
            if said and job.unit == "bytes" and job.total:
                said += f": {human_bytes(job.done or 0)} of {human_bytes(job.total)}"
            if said and said != told:
                typer.echo(said, err=True)
            told = said
    except KeyboardInterrupt:
        jobs.request_stop(ws, job_id)
        job = jobs.wait(ws, job_id, 60.0)
    for warning in job.warnings:
        typer.echo(t(warning["key"], **warning["params"]), err=True)
    if job.state is not JobState.DONE or job.result is None:
        error = job.error or {"key": "job.was_stopped", "params": {}}
        raise UserError(error["key"], **error["params"])
    return job.result


def _told(ws: Workspace, done: Any) -> None:
    from core.datasets.importing import faults_of

    for info in done.datasets:
        typer.echo(f"{info.id}  {info.name}  {info.kind}/{info.shape}  {info.rows} rows, "
                   f"{info.held_out_rows} held out, {info.faults} left out")
        for fault in faults_of(ws, info.id, 20):
            typer.echo(f"  {describe(fault)}", err=True)
    for left in done.skipped:
        typer.echo(f"{left.label}: {UserError(left.error['key'], **left.error.get('params', {}))}", err=True)


@app.command()
def show(name: Annotated[str, typer.Argument(help="Dataset; without one all are listed.")] = "",
         offset: Annotated[int, typer.Option(help="First row, counted from 0.")] = 0,
         rows: Annotated[int, typer.Option(help="How many.")] = 5,
         held_out: Annotated[bool, typer.Option("--held-out", help="The held-out part.")] = False,
         words: Annotated[str, typer.Option(help="Only rows that hold these words.")] = "") -> None:
    """Lists datasets, or prints rows of one."""
    from core.datasets.reading import as_conversation, page_of
    from core.datasets.rows import Row
    from core.datasets.store import list_all

    ws = Workspace.default()
    if not name:
        for info in list_all(ws):
            rows_here = f"{info.rows} rows" if info.rows >= 0 else "made elsewhere"
            typer.echo(f"{info.id}  {info.name}  {info.kind}  {rows_here}  {info.title}")
        return
    found, total = page_of(ws, find(ws, name).id, offset, rows, "held_out" if held_out else "train", words)
    typer.echo(f"{total} rows")
    for one in found:
        typer.echo(f"--- {one.number}")
        if isinstance(one.row, Row):
            for turn in as_conversation(one.row):
                typer.echo(f"{turn['role']}: {turn['content']}")
        else:
            typer.echo(UserError(one.row.key, **one.row.params))


@app.command()
def check(name: Name,
          fix: Annotated[Optional[list[str]], typer.Option(help="Kind of fault to mend, or all.")] = None,  # noqa: UP045
          ) -> None:
    """Looks for faults in the rows; with --fix mends them (`undo` takes it back). Ends with 1 when any are left."""
    from core.datasets.doctor import examine, mend
    from core.i18n import t

    ws = Workspace.default()
    dataset_id = find(ws, name).id
    if fix:
        names = [one.name for one in examine(ws, dataset_id).findings if one.mendable and (one.name in fix or
                                                                                          "all" in fix)]
        if names:
            mend(ws, dataset_id, names)
    report = examine(ws, dataset_id)
    for one in report.findings:
        typer.echo(f"{len(one.places):6}  {one.name}: {t(f'dataset.doctor.{one.name}')}")
        for (part, number), shown, after in one.examples[:3]:
            typer.echo(f"        {part} {number}: {' '.join(shown.split())}" + (f" → {after}" if after else ""))
    if report.advice:
        typer.echo(t(f"dataset.doctor.{report.advice}", count=report.train))
    if not report.findings:
        typer.echo(t("dataset.doctor.clean", count=report.rows))
    raise typer.Exit(1 if report.findings else 0)


@app.command()
def stats(name: Name) -> None:
    """Says how many rows there are, in which languages, how many copies, and how they spread over columns."""
    from core.datasets.columns import all_rows
    from core.datasets.statistics import Gathering
    from core.i18n import t

    ws = Workspace.default()
    info = find(ws, name)
    gathering = Gathering(ws, info)
    for place, row in all_rows(ws, info.id):
        gathering.add(place, row)
    found = gathering.result()
    typer.echo(f"{found.train} rows to train, {found.held_out} held out, {found.questions} different questions, "
               f"{found.equal} equal and {found.near} nearly equal rows")
    for code, count in found.languages.items():
        typer.echo(f"{count:8}  {t(f'dataset.language.{code}')}")
    for one in found.balance:
        typer.echo(f"{one.column}: {one.different} values")
        for value, count in one.top:
            typer.echo(f"{count:8}  {value}")


@app.command()
def undo(name: Name) -> None:
    """Takes back the last change of a dataset's rows."""
    from core.datasets.versions import undo as back

    ws = Workspace.default()
    info = back(ws, find(ws, name).id)
    typer.echo(f"{info.rows} rows to train, {info.held_out_rows} held out")


@app.command()
def convert(source: Path, target: Path, to: Annotated[str, typer.Option(help="Format, see export.")],
            map: Maps = None) -> None:
    """Turns a file into another format without keeping a dataset."""
    from core.datasets.exporting import export as write
    from core.datasets.importing import import_files
    from core.storage import remove_dir

    scratch = Workspace.default().tmp_dir()
    try:
        ws = Workspace.at(scratch)
        info = import_files(ws, [(source.resolve(), source.name)], mapping=_mapping(map)).datasets[0]
        made = write(ws, info.id, to, target.resolve())
        typer.echo(f"{made.rows} rows written, {info.faults + made.left_out} left out")
    finally:
        remove_dir(scratch)


@app.command()
def export(name: Name,
           target: Annotated[Optional[Path], typer.Argument(help="File, or folder; none with --push.")] = None,  # noqa: UP045
           to: Annotated[str, typer.Option(help="alpaca, sharegpt, messages, prompt_completion, preference, multitask, "
                                                "text, csv, xlsx, parquet, openai, siliconflow, llama-factory, "
                                                "trl")] = "",
           held_out: Annotated[bool, typer.Option("--held-out", help="The held-out part.")] = False,
           model: Annotated[str, typer.Option(help="Model that llama-factory or trl names.")] = "",
           template: Annotated[str, typer.Option(help="LLaMA-Factory's name of its chat template.")] = "",
           licence: Annotated[str, typer.Option(help="private, cc0-1.0, cc-by-4.0, cc-by-sa-4.0, cc-by-nc-4.0, odc-by, "
                                                     "apache-2.0, mit; kept with the dataset.")] = "",
           lang: Annotated[str, typer.Option(help="Language of the card: en, zh.")] = "en",
           push: Annotated[str, typer.Option(help="Sends it to a hub instead: hf:owner/name.")] = "",
           public: Annotated[bool, typer.Option("--public", help="Everyone may see what is sent.")] = False,
           yes: Annotated[bool, typer.Option("--yes", help="Send without asking.")] = False) -> None:
    """Writes a dataset for other programs, with a card; llama-factory and trl make a folder, or a .zip."""
    from core.datasets.labels import describe as label
    from core.datasets.licences import checked
    from core.i18n import t

    ws = Workspace.default()
    dataset_id = find(ws, name).id
    if licence:
        label(ws, dataset_id, licence=checked(licence))
    if push:
        _pushed(ws, dataset_id, push, to, not public, lang, yes)
        return
    if target is None or not to:
        raise UserError("dataset.push.error.target")
    if to in ("llama-factory", "trl"):
        from core.datasets.llama_factory import export_folder
        from core.datasets.trl_folder import export_trl

        chosen: dict[str, Any] = {"lang": lang} | ({"model": model} if model else {})
        rows = export_trl(ws, dataset_id, target.resolve(), **chosen) if to == "trl" else export_folder(
            ws, dataset_id, target.resolve(), template=template, **chosen)
        typer.echo(f"{rows} rows written")
        return
    from core.datasets.exporting import export as write
    from core.datasets.exporting import export_card

    split = "held_out" if held_out else "train"
    made = write(ws, dataset_id, to, target.resolve(), split)
    export_card(ws, dataset_id, made, target.resolve(), split, lang)
    typer.echo(f"{made.rows} rows written, {made.left_out + made.unreadable} left out")
    for note in made.judged.notes() if made.judged else ():
        typer.echo(t(note["key"], **note["params"]))


def _pushed(ws: Workspace, dataset_id: str, where: str, fmt: str, private: bool, lang: str, yes: bool) -> None:
    """Says what will be sent, asks, and sends it."""
    from core.datasets.hub_jobs import HUBS, parse, start_push
    from core.datasets.sharing import share_plan

    hub_name, share = parse(where), share_plan(ws, dataset_id, fmt)
    typer.echo(f"{share.rows} rows in {', '.join(share.names)} go to {HUBS[hub_name.hub]}, {hub_name.repo}, "
               f"{'for you alone' if private else 'for everyone to see'}")
    if not yes:
        typer.confirm("Send them?", abort=True)
    typer.echo(follow(ws, start_push(ws, dataset_id, hub_name, share.fmt, private, lang).id)["url"])


@app.command()
def delete(name: Name) -> None:
    """Deletes a dataset with its earlier versions."""
    from core.datasets.store import delete_dataset

    ws = Workspace.default()
    info = find(ws, name)
    delete_dataset(ws, info.id)
    typer.echo(f"{info.title} is deleted")


def find(ws: Workspace, name: str) -> Any:
    """The dataset of that id, registered name or title. Raises UserError when there is none, or several."""
    from core.datasets.store import list_all

    known = list_all(ws)
    for fits in (lambda d: d.id == name, lambda d: d.name == name, lambda d: d.title == name):
        found = [info for info in known if fits(info)]
        if len(found) == 1:
            return found[0]
    raise UserError("dataset.error.unknown", name=name)


def describe(fault: Any, lang: str = "en") -> str:
    """"file.jsonl, line 7, column output: no answer"."""
    from core.i18n import t

    where = f"{fault.file}" + (f" · {fault.sheet}" if fault.sheet else "")
    column = t("dataset.fault.column", lang, name=fault.column) if fault.column else ""
    return t("dataset.fault.line", lang, file=where, line=fault.line, column=column,
             why=UserError(fault.key, **fault.params).text(lang))


def _mapping(given: list[str] | None) -> Any:
    if not given:
        return None
    from core.datasets.mapping import ROLES, Mapping

    pairs = [one.partition("=") for one in given]
    wrong = [one for one, (role, _, column) in zip(given, pairs, strict=True) if role not in ROLES or not column]
    if wrong:
        raise UserError("dataset.error.map", name=wrong[0], known=", ".join(ROLES))
    return Mapping({role: column for role, _, column in pairs})
