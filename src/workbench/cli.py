"""The command `workbench`: it reads arguments, calls the rooms, and says what came of it.

Exit status: 0 success, 1 a notebook or the site's check failed or there was no room to write,
2 bad input, 75 another run of the study is under way, 130 interrupted (Ctrl-C), 143 told to stop
(SIGTERM).
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from workbench import stopping
from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    import pandas as pd

    from workbench.new.proposal import OpenQuestion, Proposal
    from workbench.runs import RunRecord
    from workbench.runs.compare import RunComparison
    from workbench.runs.status import StudyStatus
    from workbench.study import Study

FAILED, BAD_INPUT, BUSY, INTERRUPTED = 1, 2, 75, 130
_DAY = "%Y-%m-%d"
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
_settings = {"debug": False, "json": False}

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
Jobs = Annotated[int | None, typer.Option(min=1, help="Notebooks at a time.")]
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
    _settings["debug"] = debug


@app.command()
def check(
    studies: Studies = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Leave with status 2 where there are warnings, too.")
    ] = False,
) -> None:
    """Validate studies' cards and tables; say what will run, what will not, and why."""
    with _plain_errors():
        status = _worst(lambda name: _check(name, strict), studies)
    raise typer.Exit(status)


def _check(study: str, strict: bool) -> int:
    from workbench.gate import try_study

    card = _load(study)
    with _waiting() as say:
        gate = try_study(card, _root(), watch=say)
    _say(gate.report)
    table = Table("notebook", "", "why", box=None, pad_edge=False)
    colours = {"will run": "green", "cannot run": "red", "is skipped": "yellow"}
    for outlook in gate.outlooks:
        colour = colours[outlook.fate]
        table.add_row(outlook.key, f"[{colour}]{outlook.fate}[/{colour}]", escape(outlook.why))
    if gate.outlooks:
        out.print(table)
    out.print()
    wrong = not gate.report.ok or (strict and gate.report.warnings)
    return BAD_INPUT if wrong else 0


@contextmanager
def _waiting() -> Iterator[Callable[[str], None]]:
    """Show on a terminal what is being done, in one line that goes; elsewhere nothing."""
    if not err.is_terminal:
        yield lambda what: None
        return
    with err.status("") as status:
        yield lambda what: status.update(f"{escape(what)} ...")


@app.command()
def run(
    study: Study_,
    parameter: Parameters = None,
    notebook: Notebooks = None,
    jobs: Jobs = None,
    timeout: Timeout = None,
    force: Force = False,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=[_DAY], help="As it would have been seen on that day, never the site"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a study's notebooks; what has not changed is carried over from earlier runs.

    Several values, as in -n clv -p horizon=26,52, make a sweep: one run with a comparison.
    """
    with _plain_errors():
        from workbench.runs.record import SWEEPS
        from workbench.study import seen_on

        options = {"jobs": jobs, "timeout": timeout, "force": force, "as_json": as_json}
        card = seen_on(_load(study), None if as_of is None else as_of.date())
        record = _run(card, parameter or [], notebook, **options)
        if record.folder.parent.name == SWEEPS:
            _compared(card, record, as_json)
        if record.status == "failed":
            raise typer.Exit(FAILED)


def _compared(card: Study, record: RunRecord, as_json: bool) -> None:
    """Show what came of the combinations of a sweep, and write its pages."""
    from workbench.runs.sweep import compare_sweep
    from workbench.site.sweep_page import write_comparison

    pages = write_comparison(card, record)
    found = compare_sweep(record)
    if as_json:
        for row in found.rows():
            _print_json(row)
        return
    _say(found)
    _say("\n".join(f"wrote {os.path.relpath(page)}" for page in pages))


@app.command()
def backfill(
    study: Study_,
    start: Annotated[datetime, typer.Option("--from", formats=[_DAY], help="The first day.")],
    end: Annotated[datetime, typer.Option("--to", formats=[_DAY], help="The last day.")],
    every: Annotated[
        Literal["week", "month", "quarter", "year"], typer.Option(help="At the end of each.")
    ] = "month",
    notebook: Notebooks = None,
    jobs: Jobs = None,
    timeout: Timeout = None,
    as_json: Json = False,
) -> None:
    """Run a study as it would have been seen at the end of each period; show how it moved."""
    with _plain_errors():
        from workbench.runs.backfill import backfill as run_days
        from workbench.runs.backfill import last_days, seen_history
        from workbench.runs.record import history_of

        card = _load(study)
        options = {"jobs": jobs, "timeout": timeout, "force": False, "as_json": as_json}
        days = last_days(every, start.date(), end.date())
        records = list(run_days(card, days, lambda seen: _run(seen, [], notebook, **options)))
        history = seen_history(history_of(_root(), card.name))
        history = history[history["as_of"].dt.date.isin(days)]
        if as_json:
            for row in history.astype({"as_of": str, "started": str}).to_dict("records"):
                _print_json(row)
        else:
            _say(_by_day(history))
        if any(record.status == "failed" for record in records):
            raise typer.Exit(FAILED)


def _by_day(history: pd.DataFrame) -> str:
    """Set the headline numbers of several days side by side, one row a number."""
    wide = history.assign(
        day=history["as_of"].dt.strftime(_DAY), case=history["case"].fillna("")
    ).pivot_table("value", ["name", "case"], "day", aggfunc="last")
    return str(wide.to_string(float_format="{:.4g}".format, na_rep="")) if len(wide) else ""


@app.command()
def publish(studies: Studies = None, renderer: Renderer = "auto") -> None:
    """Render the site from the last good pages, check it, and swap it in."""
    with _plain_errors():
        _publish(studies, renderer)


@app.command()
def report(
    studies: Studies = None,
    jobs: Jobs = None,
    timeout: Timeout = None,
    force: Force = False,
    renderer: Renderer = "auto",
    digest: Annotated[
        bool, typer.Option("--digest", help="Then tell those whom the cards name what is new.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run studies, all by default, then publish the site."""
    options = {"jobs": jobs, "timeout": timeout, "force": force, "as_json": as_json}
    _settings["json"] = as_json

    def run_it(name: str) -> int:
        record = _run(_load(name), [], None, **options)
        return FAILED if record.status == "failed" else 0

    with _plain_errors():
        status = _worst(run_it, studies)
        try:
            _publish(None, renderer, as_json=as_json)  # the other studies stay on the site
        finally:
            if digest and stopping.status() is None:
                status = max(status, _tell(studies, as_json=as_json))
    raise typer.Exit(status)


@app.command()
def export(
    study: Study_,
    page: Annotated[str | None, typer.Argument(help="One page, as its address; else all.")] = None,
    to: Annotated[
        Literal["docx", "pptx", "xlsx", "html", "pdf"], typer.Option(help="Kind of file.")
    ] = "docx",
    language: Annotated[str, typer.Option(help="Edition.")] = "en",
    out_file: Annotated[Path | None, typer.Option("--out", help="The file to write.")] = None,
) -> None:
    """Make a file to pass on of what is published: Word, slides, workbook, one HTML page, PDF."""
    with _plain_errors():
        from workbench.export import export_study

        name = Path(study).name
        site = _root() / "_site"
        _say(export_study(site, name, page, to=to, language=language, out=out_file))


@app.command()
def preview(
    folder: Annotated[Path | None, typer.Argument(help="The site; _site by default.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535)] = 4200,
) -> None:
    """Serve the published site on this machine."""
    with _plain_errors():
        from workbench.site import preview as serve

        serve(folder or _root() / "_site", port)


@app.command()
def profile(
    study: Study_,
    customer: Annotated[str, typer.Argument(help="Pseudonym, or an id as the study's files have.")],
) -> None:
    """Show one customer from all sides; for this screen only, never published."""
    with _plain_errors():
        from workbench.notebook import open_run
        from workbench.profile import customer_profile

        shown = customer_profile(open_run(_load(study).folder), customer)
        _say(shown.text)


@app.command()
def review(study: Study_) -> None:
    """Decide of pairs of customer records that may be one person; it is remembered."""
    with _plain_errors():
        from workbench.data import decide, open_tables

        card = _load(study)
        pairs = open_tables(card).doubtful_pairs()
        if not pairs:
            out.print(f"{card.name}: no pair waits for a decision", highlight=False)
        for n, pair in enumerate(pairs, start=1):
            out.print(f"\n{n} of {len(pairs)}, probability {pair.probability}", highlight=False)
            table = Table("", pair.left, pair.right, box=None, pad_edge=False)
            for column, both in pair.shown.items():
                table.add_row(column, *(escape(value) for value in both))
            out.print(table)
            said = typer.prompt("same, different, later or quit", default="later").strip().lower()
            if said[:1] == "q":
                break
            if said[:1] in ("s", "d"):
                decide(card, pair, same=said[0] == "s")


@app.command()
def forget(
    study: Study_,
    customer: Annotated[str, typer.Argument(help="An id, as the study's own files have it.")],
    absent: Annotated[bool, typer.Option(help="Also an id that no file has now.")] = False,
) -> None:
    """Erase a person: no reader gives their rows any more; says what others must change."""
    with _plain_errors():
        from workbench.forget import forget as erase

        _say(erase(_load(study), _root(), customer, now=datetime.now(UTC), absent=absent))


@app.command()
def runs(study: Study_) -> None:
    """List a study's runs, and what changed in its headline numbers."""
    with _plain_errors():
        from workbench.runs import changes, lost_numbers, read_runs

        folder = _runs_of(study)
        records, damaged = read_runs(folder)
        for lost in [*damaged, *lost_numbers(folder)]:
            _warn(lost)
        if not records:
            out.print(f"{study} has not been run yet; do that with: workbench run {study}")
            return
        table = Table("run", "status", "done", "unchanged", "failed", "skipped", box=None)
        table.columns[0].no_wrap = True
        for record in records:
            statuses = [step.status for step in record.notebooks.values()]
            counts = [str(statuses.count(s)) for s in ("done", "cached", "failed", "skipped")]
            colour = "red" if record.status == "failed" else "green"
            table.add_row(record.run, f"[{colour}]{record.status}[/{colour}]", *counts)
        out.print(table)
        moved = changes(folder)
        moved = moved[moved["change"] != 0]
        if len(moved):
            numbers = Table("headline number", "case", "before", "now", "change")
            for row in moved.to_dict("records"):
                values = [f"{row[column]:.4g}" for column in ("before", "value")]
                numbers.add_row(
                    str(row["name"]), str(row["case"] or ""), *values, f"{row['change']:+.3g}"
                )
            out.print(numbers)


@app.command()
def status(
    studies: Studies = None,
    within: Annotated[
        str | None, typer.Option(help="How old the newest run may be, such as 26h or 8d.")
    ] = None,
    data_within: Annotated[
        str | None, typer.Option(help="How long ago the data may end, such as 35d.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what ran, when, what failed, how old the data are; status 1 where something is wrong."""
    with _plain_errors():
        from workbench.runs.prune import read_span
        from workbench.runs.status import study_status

        ages = {"within": within, "data_within": data_within}
        spans = {name: read_span(text) for name, text in ages.items() if text is not None}
        now, worst = datetime.now(UTC), 0
        for name in studies or _all_studies(_root()):
            alerts = _load(name).alerts
            tables = {} if alerts is None else alerts.tables
            allowed = {key: one.days for key, one in tables.items() if one.days is not None}
            found = study_status(_runs_of(name), now, **spans, tables_within=allowed)
            worst = max(worst, FAILED if found.wrong else 0)
            _show(found, as_json)
        raise typer.Exit(worst)


@app.command()
def digest(
    studies: Studies = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Send nothing, only show the message.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Tell those whom the card names what is new: what moved, what failed, data that are old."""
    with _plain_errors():
        raise typer.Exit(_tell(studies, dry_run=dry_run, as_json=as_json))


def _tell(studies: list[str] | None, *, dry_run: bool = False, as_json: bool = False) -> int:
    """Tell what is new of studies, by default of all whose cards name somebody."""
    from workbench.digest.tell import tell

    def tell_one(name: str) -> int:
        card, root, now = _load(name), _root(), datetime.now(UTC)
        personal = _personal_texts([name])
        told = tell(card, root, now, os.environ, forbidden=personal, only_say=dry_run)
        if as_json:
            sent = {"sent": told.sent, "failed": told.failed}
            _print_json({"event": "digest", "study": card.name, **sent})
        else:
            _say(told)
        for each in told.failed:
            _complain(WorkbenchError(each))
        return FAILED if told.failed else 0

    named = studies or [name for name in _all_studies(_root()) if _tells(name)]
    return _worst(tell_one, named) if named else 0


def _tells(study: str) -> bool:
    """Whether a study names somebody to be told."""
    try:
        alerts = _load(study).alerts
    except WorkbenchError:
        return True  # which is said where it is told
    return alerts is not None and bool(alerts.to)


@app.command()
def diff(
    runs: Annotated[list[str], typer.Argument(help="Two runs, or a study: its last two.")],
    as_json: Json = False,
) -> None:
    """Show what differs between two runs: inputs, settings, pages, numbers, findings, tables."""
    with _plain_errors():
        from workbench.runs.compare import compare, find_run, last_two

        if len(runs) > 2:
            raise typer.BadParameter("two runs can be compared, or the last two of a study")
        if len(runs) == 2:
            before, after = (find_run(_root(), name) for name in runs)
        else:
            before, after = last_two(_runs_of(runs[0]))
        _show(compare(before, after), as_json)


@app.command()
def bundle(
    study: Study_,
    run: Annotated[str, typer.Option(help="The run, or its beginning; the newest good one.")] = "",
    data: Annotated[
        Literal["none", "include", "twin"], typer.Option(help="Whether the tables go along.")
    ] = "none",
    to: Annotated[Path | None, typer.Option(help="The file to write.")] = None,
) -> None:
    """Put a run into one file that others can verify: notebooks, results, pages, hashes."""
    with _plain_errors():
        from workbench.bundle.pack import choose_run, pack

        card, root = _load(study), _root()
        chosen = choose_run(root, card.name, run)
        with _waiting() as say:
            packed = pack(card, root, chosen, now=datetime.now(UTC), data=data, to=to, watch=say)
        _say(packed)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="What `workbench bundle` made.")],
    seal: Annotated[str, typer.Option(help="The seal that came with it, by another way.")] = "",
    rerun: Annotated[bool, typer.Option(help="Run the study again, where it can be.")] = True,
    report: Annotated[
        list[Path] | None, typer.Option(help="A reviewer's report: .html or .docx; repeatable.")
    ] = None,
) -> None:
    """Check a bundle: hashes, what its pages say, and that the study comes to the same again."""
    with _plain_errors():
        from workbench.bundle.review import write_report
        from workbench.bundle.verify import verify as verify_bundle

        with _waiting() as say:
            found = verify_bundle(file, seal=seal, rerun=rerun, watch=say)
        _say(found)
        for path in report or ():
            write_report(found, path)
            _say(f"wrote {path}")
        raise typer.Exit(0 if found.ok else FAILED)


@app.command()
def prune(
    studies: Studies = None,
    older_than: Annotated[str | None, typer.Option(help="Such as 90d or 26w.")] = None,
    keep: Annotated[int | None, typer.Option(min=1, help="Runs that stay at most.")] = None,
    max_size: Annotated[str | None, typer.Option(help="Of all runs together, such as 5G.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Remove nothing, only say.")] = False,
    as_json: Json = False,
) -> None:
    """Remove old runs; what the site shows and what the newest is compared with always stays."""
    with _plain_errors():
        from workbench.runs.prune import prune as prune_runs
        from workbench.runs.prune import read_size, read_span

        older = None if older_than is None else read_span(older_than)
        size = None if max_size is None else read_size(max_size)

        def prune_one(name: str) -> int:
            found = prune_runs(
                _runs_of(name),
                datetime.now(UTC),
                older=older,
                most=keep,
                size=size,
                only_say=dry_run,
            )
            if as_json:
                _print_json({"study": name, "removed": not dry_run, **asdict(found)})
            else:
                _say(f"{name}: {found.said(dry_run)}")
            return 0

        raise typer.Exit(_worst(prune_one, studies))


@app.command()
def schedule(
    studies: Annotated[list[str], typer.Argument(help="The studies to report.")],
    at: Annotated[str, typer.Option(help="06:30, mon 06:30 or 1 06:30 (of each month).")] = "06:00",
    kind: Annotated[
        Literal["systemd", "cron", "github", "airflow"], typer.Option("--as", help="For what.")
    ] = "systemd",
    to: Annotated[Path | None, typer.Option(help="A folder to write it to.")] = None,
) -> None:
    """Write what starts a report by the clock: a systemd timer, a cron line, a workflow, a DAG."""
    with _plain_errors():
        from workbench.runs.schedule import Job, Moment, files_for

        names = tuple(_load(name).name for name in studies)
        cards = [_load(name).alerts for name in studies]
        told = tuple(dict.fromkeys(to.address for card in cards if card for to in card.to))
        command = shutil.which("workbench") or "workbench"
        files = files_for(kind, Job(names, _root(), command, Moment.read(at), told))
        for name, text in files.items():
            if to is None:
                _say(f"# {name}\n{text}")
            else:
                to.mkdir(parents=True, exist_ok=True)
                (to / name).write_text(text, encoding="utf-8")
                _say(f"wrote {to / name}")


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the study, such as acme.")],
    source: Annotated[
        list[Path] | None,
        typer.Option("--from", help="A table: CSV, a workbook, Parquet, JSON, SPSS; repeatable."),
    ] = None,
    live: Annotated[
        str | None,
        typer.Option(help="A dlt source (module:function), or a REST interface in a YAML file."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; take defaults.")] = False,
) -> None:
    """Start a study from your own tables; what is unsure is asked, or marked CHECK in the card."""
    with _plain_errors():
        from workbench.new.live import pull
        from workbench.new.study import start_study

        root = _root()
        ask = _ask if _at_a_terminal() and not yes else None
        today = datetime.now(UTC).date()
        with tempfile.TemporaryDirectory(prefix="workbench-") as scratch:
            brought = pull(live, Path(scratch), root=root) if live is not None else []
            tables = [*(source or []), *brought]
            started = start_study(root, name, tables, today=today, ask=ask)
        _say(started)
        open_questions = sum(len(p.questions) for p in started.proposals)
        card = os.path.relpath(root / "data" / name / "study.yml")
        check_first = f" ({open_questions} lines say CHECK)" if open_questions else ""
        out.print()
        out.print(f"Look over {card}{check_first}, then: workbench check {name}", highlight=False)


def _at_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _ask(proposal: Proposal, question: OpenQuestion) -> int | None:
    """Ask in the terminal; an empty answer takes the default, or leaves the question open."""
    out.print(f"[bold]{escape(proposal.upload.label)}[/bold]: {escape(question.asks)}")
    for n, option in enumerate(question.options, start=1):
        out.print(f"  {n}  {escape(option.label)}", highlight=False)
    default = "" if question.default is None else str(question.default + 1)
    choices = [str(n + 1) for n in range(len(question.options))]
    while True:
        told = typer.prompt("Which", default=default, show_default=bool(default)).strip()
        if told in choices:
            return int(told) - 1
        if not told:
            return None
        out.print(f"one of {', '.join(choices)}, please; nothing to leave it open")


@app.command()
def instrument(
    study: Study_,
    wave: Annotated[
        str | None, typer.Option(help="Name of the coming wave, such as 2026-H2.")
    ] = None,
) -> None:
    """Write a study's questionnaire, for survey tools, Word and paper, from its card."""
    with _plain_errors():
        from workbench.instrument import write_instrument

        _say(write_instrument(_load(study), _root(), today=datetime.now(UTC).date(), wave=wave))


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where; made if it is not there.")],
) -> None:
    """Lay out a project: notebooks, pipeline, pages, and an empty data/."""
    with _plain_errors():
        from workbench.new.project import lay_out

        _say(lay_out(folder))
        out.print(
            f"Next: cd {folder}, then: workbench new NAME --from FILE",
            markup=False,
            highlight=False,
        )


@app.command()
def upgrade() -> None:
    """Bring newer notebooks and pages into a project, beside your own edits and never over them."""
    with _plain_errors():
        from workbench.new.project import upgrade as bring_up

        _say(bring_up(_root()))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(context: typer.Context) -> None:
    """Open JupyterLab on the project's notebooks; what follows is handed to it."""
    with _plain_errors():
        from workbench.new.lab import open_lab

        raise typer.Exit(open_lab(_root(), context.args))


# --- what the commands share ------------------------------------------------------------------


def _root() -> Path:
    from workbench.study import find_root

    return find_root()


def _all_studies(root: Path) -> list[str]:
    return sorted(card.parent.name for card in (root / "data").glob("*/study.yml"))


def _worst(do: Callable[[str], int], studies: list[str] | None) -> int:
    """Do something for each study named, or for all there are; give the worst exit status.

    One bad card does not keep the other studies from it.
    """
    status = 0
    for name in studies or _all_studies(_root()):
        try:
            if studies or not _is_left_out(name):
                status = max(status, do(name))
        except WorkbenchError as error:
            _raise_if_interrupted(error)
            _complain(error)
            status = max(status, _status(error))
    return status


def _load(study: str) -> Study:
    from workbench.study import load_study

    return load_study(study)


def _runs_of(study: str) -> Path:
    """Give the folder of a study's runs."""
    from workbench.runs.record import history_of

    return history_of(_root(), _load(study).name)


def _is_left_out(study: str) -> bool:
    """Tell whether a study that nobody named lacks a data package; if so, say it on screen."""
    from workbench.study.packages import PACKAGES, is_installed

    named = {t.package.name for t in _load(study).tables.values() if t.package is not None}
    lacking = sorted(name for name in named if not is_installed(name))
    for name in lacking:
        (err if _settings["json"] else out).print(
            f"[bold]{escape(study)}[/bold] [yellow]is left out[/yellow]: the data package {name} is"
            f" not installed; to have it: {escape(PACKAGES[name].remedy)}",
            highlight=False,
            soft_wrap=True,
        )
    return bool(lacking)


def _run(
    card: Study, assignments: list[str], notebooks: list[str] | None, **options: Any
) -> RunRecord:
    from workbench.runs import ProgressDisplay, damaged, read_assignments, run_study

    if options["timeout"] is None:
        del options["timeout"]
    as_json = options.pop("as_json", False)
    if not as_json:
        out.print(f"[bold]{card.name}[/bold]", highlight=False)
    with nullcontext(_print_json) if as_json else ProgressDisplay(out) as display:
        record = run_study(
            card,
            _root(),
            now=datetime.now(UTC),
            assignments=read_assignments(assignments),
            notebooks=notebooks or None,
            watch=display,
            **options,
        )
    for step in record.failures():
        from workbench.runs.failure import Failure

        err.print()
        err.print(
            Failure(**(step.error or {})).paragraph(), markup=False, highlight=False, soft_wrap=True
        )
    for step in record.notebooks.values():
        for note in step.notes:
            _warn(f"notebook {step.key}, {note}")
    for lost in damaged(record.folder.parent):
        _warn(lost)
    if as_json:
        about = {"run": record.run, "folder": str(record.folder), "status": record.status}
        _print_json({"event": "run-recorded", "study": record.study, **about})
    else:
        out.print(f"run {record.run}: {os.path.relpath(record.folder)}", highlight=False)
    return record


def _publish(studies: list[str] | None, renderer: str, *, as_json: bool = False) -> None:
    from workbench.site import publish as publish_site
    from workbench.site import with_published

    root = _root()
    studies = with_published(root, studies) if studies else None
    published = publish_site(
        root,
        studies=studies,
        renderer=renderer,
        forbidden=_personal_texts(studies or _all_studies(root)),
    )
    if as_json:
        about = {"site": str(published.site), "warnings": published.warnings}
        _print_json({"event": "site-published", **about, "pages": len(published.pages)})
        return
    _say(published)


def _personal_texts(studies: list[str]) -> set[str]:
    """Collect what must not be on the site: by what the studies' customers could be recognised."""
    from workbench.data import personal_texts

    texts: set[str] = set()
    for name in studies:
        try:
            texts |= personal_texts(_load(name))
        except WorkbenchError as error:
            # Old runs can be published where the raw tables are no longer at hand.
            _warn(f"the site is not searched for {name}'s customers: {error}")
    return texts


def _print_json(content: Any) -> None:
    """Write a line of JSON, which no terminal's width breaks; NaN is none."""
    sys.stdout.write(json.dumps(_finite(content), ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _say(what: object) -> None:
    """Print what is no markup, in lines as they are."""
    out.print(str(what), markup=False, highlight=False, soft_wrap=True)


def _show(found: RunComparison | StudyStatus, as_json: bool) -> None:
    """Print what was found, as a line of JSON or in words."""
    if as_json:
        _print_json(found.to_json())
    else:
        _say(found)


def _warn(what: str) -> None:
    err.print(f"[yellow]warning:[/yellow] {escape(what)}", highlight=False, soft_wrap=True)


def _complain(error: BaseException) -> None:
    err.print(f"[red]error:[/red] {escape(str(error))}", highlight=False, soft_wrap=True)


def _raise_if_interrupted(error: WorkbenchError) -> None:
    from workbench.runs import InterruptedRunError

    if isinstance(error, InterruptedRunError):
        raise error


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Print an error as one paragraph, and leave with the status that it means."""
    try:
        yield
    except WorkbenchError as error:
        if _settings["debug"]:
            raise
        _complain(error)
        raise typer.Exit(_status(error)) from None
    except KeyboardInterrupt:
        _complain(KeyboardInterrupt("interrupted"))
        raise typer.Exit(stopping.status() or INTERRUPTED) from None
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if _settings["debug"]:
            raise
        _complain(
            WorkbenchError(
                f"{type(error).__name__}: {error}",
                remedy="this is a fault of the workbench; see it with workbench --debug ...",
            )
        )
        raise typer.Exit(FAILED) from None


def _status(error: WorkbenchError) -> int:
    from workbench.errors import SiteError
    from workbench.runs import BusyError, InterruptedRunError, UnrecordedRunError

    if isinstance(error, InterruptedRunError):
        return stopping.status() or INTERRUPTED
    if isinstance(error, BusyError):
        return BUSY
    return FAILED if isinstance(error, SiteError | UnrecordedRunError) else BAD_INPUT
