"""What the commands share: the application, its options, and how it speaks and fails."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape

from workbench import stopping
from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.runs.records.compare import RunComparison
    from workbench.runs.status import StudyStatus
    from workbench.study import Study

FAILED, BAD_INPUT, BUSY, INTERRUPTED = 1, 2, 75, 130
DAY = "%Y-%m-%d"
_STATUSES = (
    "Exit status: 0 all is well; 1 a notebook or the site's check failed, or there was no room to"
    " write; 2 bad input; 75 another run of the study is under way: try again later; 130 Ctrl-C;"
    " 143 told to stop (SIGTERM)."
)

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Customer-management studies, from data to a published report.",
    epilog=_STATUSES,
)
out = Console()
err = Console(stderr=True)
settings = {"debug": False, "json": False}

Study_ = Annotated[str, typer.Argument(help="Name of a folder under data/, or a path.")]
Studies = Annotated[list[str] | None, typer.Argument(help="Studies; all by default.")]
Parameters = Annotated[
    list[str] | None,
    typer.Option("-p", "--parameter", help="name=value, or notebook.name=value.", metavar="SET"),
]
Notebooks = Annotated[
    list[str] | None,
    typer.Option("--notebook", "-n", help="Only this one and what it needs; can be repeated."),
]
Jobs = Annotated[int | None, typer.Option(min=1, help="Notebooks at a time, of all studies.")]
Scheduler = Annotated[
    str | None,
    typer.Option(
        envvar="WORKBENCH_SCHEDULER",
        help="Address of a Dask scheduler whose workers execute the notebooks, as tcp://host:8786.",
    ),
]
Timeout = Annotated[float | None, typer.Option(min=1, help="Seconds for one notebook.")]
Force = Annotated[bool, typer.Option("--force", help="Execute even what has not changed.")]
Json = Annotated[
    bool, typer.Option("--json", help="Lines of JSON on standard output, for programs.")
]
Renderer = Annotated[
    Literal["auto", "quarto", "embedded"], typer.Option(help="What renders the pages.")
]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        out.print(f"workbench {version('customer-workbench')}", highlight=False)
        raise typer.Exit


@app.callback()
def _main(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which this is.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    settings["debug"] = debug


@contextmanager
def waiting() -> Iterator[Callable[[str], None]]:
    """Show on a terminal what is being done, in one line that goes; elsewhere nothing."""
    if not err.is_terminal:
        yield lambda what: None
        return
    with err.status("") as status:
        yield lambda what: status.update(f"{escape(what)} ...")


def project_root() -> Path:
    """Find the project that the command works in."""
    from workbench.study import find_root

    return find_root()


def all_studies(root: Path) -> list[str]:
    """Name the studies of a project."""
    return sorted(card.parent.name for card in (root / "data").glob("*/study.yml"))


def worst_of(do: Callable[[str], int], studies: list[str] | None) -> int:
    """Do something for each study named, or for all there are; give the worst exit status.

    One bad card does not keep the other studies from it.
    """
    status = 0
    for name in studies or all_studies(project_root()):
        try:
            if studies or not is_left_out(name):
                status = max(status, do(name))
        except WorkbenchError as error:
            raise_if_interrupted(error)
            complain(error)
            status = max(status, status_of(error))
    return status


def load_card(study: str) -> Study:
    """Read the card of a study, named or by its path."""
    from workbench.study import load_study

    return load_study(study)


def runs_of(study: str) -> Path:
    """Give the folder of a study's runs."""
    from workbench.runs.records.record import history_of

    return history_of(project_root(), load_card(study).name)


def is_left_out(study: str) -> bool:
    """Tell whether a study that nobody named lacks a data package; if so, say it on screen."""
    from workbench.study.packages import PACKAGES, is_installed

    named = {t.package.name for t in load_card(study).tables.values() if t.package is not None}
    lacking = sorted(name for name in named if not is_installed(name))
    for name in lacking:
        (err if settings["json"] else out).print(
            f"[bold]{escape(study)}[/bold] [yellow]is left out[/yellow]: the data package {name} is"
            f" not installed; to have it: {escape(PACKAGES[name].remedy)}",
            highlight=False,
            soft_wrap=True,
        )
    return bool(lacking)


def print_json(content: Any) -> None:
    """Write a line of JSON, which no terminal's width breaks; NaN is none."""
    sys.stdout.write(json.dumps(_finite(content), ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def print_plainly(what: object) -> None:
    """Print what is no markup, in lines as they are."""
    out.print(str(what), markup=False, highlight=False, soft_wrap=True)


def print_result(found: RunComparison | StudyStatus, as_json: bool) -> None:
    """Print what was found, as a line of JSON or in words."""
    if as_json:
        print_json(found.to_json())
    else:
        print_plainly(found)


def texts_of_people(studies: list[str]) -> set[str]:
    """Collect what must not be on the site: by what the studies' customers could be recognised."""
    from workbench.data import personal_texts

    texts: set[str] = set()
    for name in studies:
        try:
            texts |= personal_texts(load_card(name))
        except WorkbenchError as error:
            # Old runs can be published where the raw tables are no longer at hand.
            warn(f"the site is not searched for {name}'s customers: {error}")
    return texts


def warn(what: str) -> None:
    """Say what may be wrong, and go on."""
    err.print(f"[yellow]warning:[/yellow] {escape(what)}", highlight=False, soft_wrap=True)


def complain(error: BaseException, of: str = "") -> None:
    """Say what went wrong, and with which study where that is not plain."""
    named = f"{of}: " if of else ""
    err.print(f"[red]error:[/red] {escape(named + str(error))}", highlight=False, soft_wrap=True)


def raise_if_interrupted(error: WorkbenchError) -> None:
    """Leave with 130 or 143 where a run was told to stop."""
    from workbench.runs import InterruptedRunError

    if isinstance(error, InterruptedRunError):
        raise error


@contextmanager
def plain_errors() -> Iterator[None]:
    """Print an error as one paragraph, and leave with the status that it means."""
    try:
        yield
    except WorkbenchError as error:
        if settings["debug"]:
            raise
        complain(error)
        raise typer.Exit(status_of(error)) from None
    except KeyboardInterrupt:
        complain(KeyboardInterrupt("interrupted"))
        raise typer.Exit(stopping.status() or INTERRUPTED) from None
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if settings["debug"]:
            raise
        complain(
            WorkbenchError(
                f"{type(error).__name__}: {error}",
                remedy="this is a fault of the workbench; see it with workbench --debug ...",
            )
        )
        raise typer.Exit(FAILED) from None


def status_of(error: WorkbenchError) -> int:
    """Give the exit status that an error means."""
    from workbench.errors import SiteError
    from workbench.runs import BusyError, InterruptedRunError, UnrecordedRunError

    if isinstance(error, InterruptedRunError):
        return stopping.status() or INTERRUPTED
    if isinstance(error, BusyError):
        return BUSY
    return FAILED if isinstance(error, SiteError | UnrecordedRunError) else BAD_INPUT
