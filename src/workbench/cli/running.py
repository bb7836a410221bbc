"""Commands that run notebooks, and tell what ran."""

from __future__ import annotations

import os
import shutil
from contextlib import nullcontext
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.markup import escape
from rich.table import Table

from workbench.cli.common import (
    DAY,
    FAILED,
    Force,
    Jobs,
    Json,
    Notebooks,
    Parameters,
    Scheduler,
    Studies,
    Study_,
    Timeout,
    all_studies,
    app,
    complain,
    err,
    load_card,
    out,
    plain_errors,
    print_json,
    print_plainly,
    print_result,
    project_root,
    runs_of,
    settings,
    status_of,
    texts_of_people,
    warn,
    worst_of,
)
from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    import pandas as pd

    from workbench.digest.message import Digest
    from workbench.runs import RunRecord
    from workbench.study import Study


@app.command()
def run(
    studies: Annotated[list[str], typer.Argument(help="Names of folders under data/, or paths.")],
    parameter: Parameters = None,
    notebook: Notebooks = None,
    jobs: Jobs = None,
    scheduler: Scheduler = None,
    timeout: Timeout = None,
    force: Force = False,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=[DAY], help="As it would have been seen on that day, never the site"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the notebooks of studies; what has not changed is carried over from earlier runs.

    Several studies share the notebooks at a time, and one that fails harms no other. Several
    values, as in -n clv -p horizon=26,52, make a sweep: one run with a comparison.
    """
    with plain_errors():
        raise typer.Exit(
            run_all(
                studies,
                parameter or [],
                notebook,
                as_of=None if as_of is None else as_of.date(),
                jobs=jobs,
                scheduler=scheduler,
                timeout=timeout,
                force=force,
                as_json=as_json,
            )
        )


def run_all(
    names: list[str],
    assignments: list[str],
    notebooks: list[str] | None,
    *,
    as_of: date | None = None,
    **options: Any,
) -> int:
    """Run studies in one pool, show how it goes, and tell what came of each; the worst status."""
    from workbench.runs.records.record import SWEEPS
    from workbench.study import seen_on

    cards: list[Study] = []

    def read(name: str) -> int:
        cards.append(seen_on(load_card(name), as_of))
        return 0

    names = list(dict.fromkeys(names))
    status = worst_of(read, names) if names else 0
    for card, outcome in zip(cards, _run(cards, assignments, notebooks, **options), strict=True):
        if isinstance(outcome, WorkbenchError):
            if settings["debug"]:
                raise outcome
            complain(outcome, of=card.name if len(names) > 1 else "")
            status = max(status, status_of(outcome))
            continue
        _told(outcome, options["as_json"], named=len(names) > 1)
        if outcome.folder.parent.name == SWEEPS:
            _compared(card, outcome, options["as_json"])
        status = max(status, FAILED if outcome.status == "failed" else 0)
    return status


def run_notebooks(
    card: Study, assignments: list[str], notebooks: list[str] | None, **options: Any
) -> RunRecord:
    """Run a study's notebooks, show how it goes, and tell what failed."""
    (outcome,) = _run([card], assignments, notebooks, **options)
    if isinstance(outcome, WorkbenchError):
        raise outcome
    _told(outcome, options["as_json"])
    return outcome


def _run(
    cards: list[Study], assignments: list[str], notebooks: list[str] | None, **options: Any
) -> list[RunRecord | WorkbenchError]:
    from workbench.gate import groups_of
    from workbench.runs import ProgressDisplay, read_assignments, run_studies

    if options["timeout"] is None:
        del options["timeout"]
    several = len(cards) > 1
    as_json = options.pop("as_json", False)
    if not cards:
        return []
    if not as_json:
        out.print(f"[bold]{escape(', '.join(c.name for c in cards))}[/bold]", highlight=False)
    with nullcontext(print_json) if as_json else ProgressDisplay(out, named=several) as display:
        return run_studies(
            cards,
            project_root(),
            now=datetime.now(UTC),
            assignments=read_assignments(assignments),
            notebooks=notebooks or None,
            watch=display,
            groups=groups_of,
            **options,
        )


def _told(record: RunRecord, as_json: bool, *, named: bool = False) -> None:
    """Tell what failed in a run, what is to be known of it, and where it lies."""
    from workbench.runs import damaged
    from workbench.runs.execution.failure import Failure

    of = f"{record.study}, " if named else ""
    for step in record.failures():
        err.print()
        if named:
            err.print(f"[bold]{escape(record.study)}[/bold]", highlight=False)
        err.print(
            Failure(**(step.error or {})).paragraph(), markup=False, highlight=False, soft_wrap=True
        )
    for step in record.notebooks.values():
        for note in step.notes:
            warn(f"{of}notebook {step.key}, {note}")
    for lost in damaged(record.folder.parent):
        warn(lost)
    if as_json:
        about = {"run": record.run, "folder": str(record.folder), "status": record.status}
        print_json({"event": "run-recorded", "study": record.study, **about})
    else:
        what = f"{of}run {record.run}: {os.path.relpath(record.folder)}"
        out.print(what, markup=False, highlight=False, soft_wrap=True)


def _compared(card: Study, record: RunRecord, as_json: bool) -> None:
    """Show what came of the combinations of a sweep, and write its pages."""
    from workbench.runs.sweep import compare_sweep
    from workbench.site.staging.sweep_page import write_comparison

    pages = write_comparison(card, record)
    found = compare_sweep(record)
    if as_json:
        for row in found.rows():
            print_json(row)
        return
    print_plainly(found)
    print_plainly("\n".join(f"wrote {os.path.relpath(page)}" for page in pages))


@app.command()
def backfill(
    study: Study_,
    start: Annotated[datetime, typer.Option("--from", formats=[DAY], help="The first day.")],
    end: Annotated[datetime, typer.Option("--to", formats=[DAY], help="The last day.")],
    every: Annotated[
        Literal["week", "month", "quarter", "year"], typer.Option(help="At the end of each.")
    ] = "month",
    notebook: Notebooks = None,
    jobs: Jobs = None,
    timeout: Timeout = None,
    as_json: Json = False,
) -> None:
    """Run a study as it would have been seen at the end of each period; show how it moved."""
    with plain_errors():
        from workbench.runs.backfill import backfill as run_days
        from workbench.runs.backfill import last_days, seen_history
        from workbench.runs.records.record import history_of

        card = load_card(study)
        options = {"jobs": jobs, "timeout": timeout, "force": False, "as_json": as_json}
        days = last_days(every, start.date(), end.date())
        records = list(
            run_days(card, days, lambda seen: run_notebooks(seen, [], notebook, **options))
        )
        history = seen_history(history_of(project_root(), card.name))
        history = history[history["as_of"].dt.date.isin(days)]
        if as_json:
            for row in history.astype({"as_of": str, "started": str}).to_dict("records"):
                print_json(row)
        else:
            print_plainly(_by_day(history))
        if any(record.status == "failed" for record in records):
            raise typer.Exit(FAILED)


def _by_day(history: pd.DataFrame) -> str:
    """Set the headline numbers of several days side by side, one row a number."""
    wide = history.assign(
        day=history["as_of"].dt.strftime(DAY), case=history["case"].fillna("")
    ).pivot_table("value", ["name", "case"], "day", aggfunc="last")
    return str(wide.to_string(float_format="{:.4g}".format, na_rep="")) if len(wide) else ""


@app.command()
def runs(study: Study_) -> None:
    """List a study's runs, and what changed in its headline numbers."""
    with plain_errors():
        from workbench.runs import changes, lost_numbers, read_runs

        folder = runs_of(study)
        records, damaged = read_runs(folder)
        for lost in [*damaged, *lost_numbers(folder)]:
            warn(lost)
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
    with plain_errors():
        from workbench.runs.records.prune import read_span
        from workbench.runs.records.record import history_of
        from workbench.runs.status import study_status

        ages = {"within": within, "data_within": data_within}
        spans = {name: read_span(text) for name, text in ages.items() if text is not None}
        now, worst = datetime.now(UTC), 0
        for name in studies or all_studies(project_root()):
            card = load_card(name)
            allowed = {} if card.alerts is None else card.alerts.days
            history = history_of(project_root(), card.name)
            found = study_status(history, now, **spans, tables_within=allowed)
            worst = max(worst, FAILED if found.wrong else 0)
            print_result(found, as_json)
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
    with plain_errors():
        raise typer.Exit(tell_addressees(studies, dry_run=dry_run, as_json=as_json))


def tell_addressees(
    studies: list[str] | None, *, dry_run: bool = False, as_json: bool = False
) -> int:
    """Tell what is new of studies, by default of all whose cards name somebody."""
    from workbench.digest.tell import tell

    def tell_one(name: str) -> int:
        card, root, now = load_card(name), project_root(), datetime.now(UTC)
        personal = texts_of_people([name])

        def page_of(digest: Digest, folder: Path) -> Path:
            from workbench.export import export_study

            language = digest.to.language or card.languages[0]
            file = folder / f"{card.name}-{digest.page}.html"
            site = root / "_site"
            return export_study(
                site, card.name, digest.page, to="html", language=language, out=file
            ).file

        told = tell(
            card, root, now, os.environ, forbidden=personal, only_say=dry_run, page_of=page_of
        )
        if as_json:
            sent = {"sent": told.sent, "failed": told.failed, "notes": told.notes}
            print_json({"event": "digest", "study": card.name, **sent})
        else:
            print_plainly(told)
        for each in told.failed:
            complain(WorkbenchError(each))
        return FAILED if told.failed else 0

    named = studies or [name for name in all_studies(project_root()) if _tells(name)]
    return worst_of(tell_one, named) if named else 0


def _tells(study: str) -> bool:
    """Whether a study names somebody to be told."""
    try:
        alerts = load_card(study).alerts
    except WorkbenchError:
        return True  # which is said where it is told
    return alerts is not None and bool(alerts.to)


@app.command()
def diff(
    runs: Annotated[
        list[str],
        typer.Argument(help="Two runs, or a study: its last two; for a page two studies."),
    ],
    page: Annotated[
        Path | None, typer.Option(help="Write both side by side as a page to this file.")
    ] = None,
    language: Annotated[str, typer.Option(help="Of the page.")] = "en",
    as_json: Json = False,
) -> None:
    """Show what differs between two runs: what went in, pages, numbers, findings, tables, figures.

    With --page FILE two runs, or two studies, stand side by side on a page.
    """
    with plain_errors():
        if page is not None:
            _side_by_side(runs, page, language)
            return
        from workbench.runs.records.compare import compare, find_run, last_two

        if len(runs) > 2:
            raise typer.BadParameter("two runs can be compared, or the last two of a study")
        if len(runs) == 2:
            before, after = (find_run(project_root(), name) for name in runs)
        else:
            before, after = last_two(runs_of(runs[0]))
        print_result(compare(before, after), as_json)


def _side_by_side(names: list[str], page: Path, language: str) -> None:
    """Write a page with two runs or two studies; of one study its last two runs."""
    from workbench.runs.records.compare import find_run, last_two
    from workbench.runs.records.record import read_runs
    from workbench.site.staging.side_by_side import side_of, write_side_by_side

    if len(names) > 2:
        raise typer.BadParameter("two runs or studies can be set side by side")
    root = project_root()
    if len(names) == 1:
        found = list(last_two(runs_of(names[0])))
    else:
        newest = {name: read_runs(root / "runs" / name)[0][:1] for name in names}
        found = [run for name in names for run in newest[name] or [find_run(root, name)]]
    sides = [side_of(load_card(run.study), run) for run in found]
    print_plainly(f"wrote {write_side_by_side(sides[0], sides[1], page, language)}")


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
    with plain_errors():
        from workbench.runs.records.prune import prune as prune_runs
        from workbench.runs.records.prune import read_size, read_span

        older = None if older_than is None else read_span(older_than)
        size = None if max_size is None else read_size(max_size)

        def prune_one(name: str) -> int:
            found = prune_runs(
                runs_of(name),
                datetime.now(UTC),
                older=older,
                most=keep,
                size=size,
                only_say=dry_run,
            )
            if as_json:
                print_json({"study": name, "removed": not dry_run, **asdict(found)})
            else:
                print_plainly(f"{name}: {found.said(dry_run)}")
            return 0

        raise typer.Exit(worst_of(prune_one, studies))


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
    with plain_errors():
        from workbench.runs.schedule import Job, Moment, files_for

        cards = [load_card(name) for name in studies]
        names = tuple(card.name for card in cards)
        alerts = [card.alerts for card in cards if card.alerts is not None]
        told = tuple(dict.fromkeys(to.address for each in alerts for to in each.to))
        command = shutil.which("workbench") or "workbench"
        files = files_for(kind, Job(names, project_root(), command, Moment.read(at), told))
        for name, text in files.items():
            if to is None:
                print_plainly(f"# {name}\n{text}")
            else:
                to.mkdir(parents=True, exist_ok=True)
                (to / name).write_text(text, encoding="utf-8")
                print_plainly(f"wrote {to / name}")
