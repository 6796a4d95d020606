"""DocTune: starts the web app; with a command, does one step of the path without it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from core.datasets.command import app as data
from core.errors import UserError

app = typer.Typer(add_completion=False, no_args_is_help=False, pretty_exceptions_enable=False,
                  help="DocTune turns your documents into a language model that knows them. "
                       "Without a command it starts the web page.")


app.add_typer(data, name="data")


@app.callback(invoke_without_command=True)
def web(context: typer.Context,
        host: Annotated[str, typer.Option(help="Address to listen on; other than loopback needs a password.")] =
        "127.0.0.1",
        port: Annotated[Optional[int], typer.Option(help="Port; the next free one is used. 0: any.")] = None,  # noqa: UP045
        browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = False,
        allow_host: Annotated[Optional[list[str]], typer.Option(help="Further host name people use.")] = None,  # noqa: UP045
        ) -> None:
    """Starts the web page."""
    if context.invoked_subcommand is None:
        from webui.main import serve

        serve(host, port, open_browser=browser, extra_hosts=tuple(allow_host or ()))


@app.command()
def convert(files: Annotated[list[Path], typer.Argument(help="Files, folders, ZIP archives.")],
            output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the Markdown files.")],
            engine: Annotated[str, typer.Option(help="builtin, or mineru for PDF files and pictures")] = "builtin",
            ocr: Annotated[str, typer.Option(help="auto, always or never")] = "auto",
            lang: Annotated[str, typer.Option(help="Language of the pages, for MinerU's OCR; the built-in one reads "
                                                   "Chinese and English.")] = "auto",
            password_file: Annotated[Optional[Path], typer.Option(help="File with passwords, one a line.")] = None,  # noqa: UP045,E501
            ray: Annotated[Optional[str], typer.Option(help="Address of a Ray cluster that shares the work.")] = None,  # noqa: UP045,E501
            ) -> None:
    """Converts documents to Markdown: one .md per file. A second call converts only what is missing or has changed."""
    from core.documents import ConvertSettings
    from core.documents.command import convert_command

    settings = ConvertSettings.load({"engine": engine, "ocr": ocr, "lang": lang})
    raise typer.Exit(convert_command(files, output, settings, password_file, ray))


@app.command()
def build(files: Annotated[Optional[list[Path]], typer.Argument(help="Files to write about; without any, the documents "  # noqa: UP045,E501
                                                                     "of the workspace.")] = None,
          helper: Annotated[str, typer.Option(help="builtin, ollama or openai")] = "builtin",
          url: Annotated[str, typer.Option(help="Address of the service.")] = "",
          model: Annotated[str, typer.Option(help="Name of the service's model.")] = "",
          key_file: Annotated[Optional[Path], typer.Option(help="File that holds the service's key.")] = None,  # noqa: UP045
          scope: Annotated[str, typer.Option(help="missing, all, or gaps: only what no pair uses yet")] = "missing",
          wordings: Annotated[int, typer.Option(help="Questions for each fact; 0: by the size of the document.")] = 0,
          language: Annotated[str, typer.Option(help="document, en or zh")] = "document",
          kind: Annotated[Optional[list[str]], typer.Option(help="Kinds of questions for a service, several times: "  # noqa: UP045,E501
                                                                 "fact, list, howto, why, compare, definition, "
                                                                 "summary, absent, premise")] = None,
          judge: Annotated[str, typer.Option(help="never, doubtful or all: answers that a service checks again")] =
          "doubtful",
          dataset: Annotated[str, typer.Option(help="Title of a dataset to make of the accepted pairs.")] = "",
          ) -> None:
    """Writes questions and answers about documents. A second call goes on where the first one ended."""
    from core.qa import BuildSettings
    from core.qa.command import build_command
    from core.storage import Workspace

    chosen = {"kind": helper} if helper == "builtin" else {"kind": helper, "base_url": url, "model": model}
    values = {"helper": chosen, "scope": scope, "wordings": wordings, "language": language, "judge": judge}
    settings = BuildSettings.load({**values, **({"kinds": tuple(kind)} if kind else {})})
    raise typer.Exit(build_command(Workspace.default(), files or [], settings, key_file=key_file, dataset=dataset,
                                   say=typer.echo))


@app.command("closed-book")
def closed_book(model: Annotated[str, typer.Option(help="Base model that would be trained: id or folder.")] = "",
                ) -> None:
    """Asks a base model the questions without the documents: what it knows already. A second call asks the rest."""
    from core.models import STARTER_ID
    from core.qa.command import closed_book_command
    from core.storage import Workspace

    raise typer.Exit(closed_book_command(Workspace.default(), model or STARTER_ID, typer.echo))


@app.command()
def train(run: Annotated[Path, typer.Argument(help="RUN.yaml")]) -> None:
    """Trains as described in a YAML file."""
    from core.training import train_from_yaml

    raise typer.Exit(train_from_yaml(run))


@app.command()
def tune(run: Annotated[Path, typer.Argument(help="RUN.yaml with the model, the dataset and your settings.")],
         minutes: Annotated[int, typer.Option(help="How long trials may take together.")] = 30,
         output: Annotated[Optional[Path], typer.Option("-o", "--output", help="YAML file for the best settings.")] = None,  # noqa: UP045,E501
         ) -> None:
    """Tries learning rates, ranks and epochs and tells which are best on the held-out rows."""
    from core.training.tune_command import tune_from_yaml

    raise typer.Exit(tune_from_yaml(run, minutes, output, typer.echo))


@app.command()
def serve(model: Annotated[str, typer.Argument(help="Model id or folder")],
          adapter: Annotated[Optional[list[str]], typer.Option(help="Training run whose adapter is offered too.")] = None,  # noqa: UP045,E501
          port: Annotated[int, typer.Option(help="Port; 0: any free one.")] = 8001) -> None:
    """Serves a model behind an OpenAI-compatible API on this computer."""
    from core.serving import serve_foreground

    serve_foreground(model, tuple(adapter or ()), port)


def main() -> None:
    """Runs the command line; faults that people can act on are one sentence and exit code 2."""
    try:
        app()
    except UserError as error:
        typer.echo(error.text("en"), err=True)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
