"""Commands about a study itself: its card, its tables, its people, its project."""

from __future__ import annotations

import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from workbench.cli.common import (
    BAD_INPUT,
    Studies,
    Study_,
    app,
    load_card,
    out,
    plain_errors,
    print_plainly,
    project_root,
    waiting,
    warn,
    worst_of,
)

if TYPE_CHECKING:
    from workbench.new.columns.proposal import OpenQuestion, Proposal


@app.command()
def check(
    studies: Studies = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Leave with status 2 where there are warnings, too.")
    ] = False,
) -> None:
    """Validate studies' cards and tables; say what will run, what will not, and why."""
    with plain_errors():
        status = worst_of(lambda name: _check(name, strict), studies)
    raise typer.Exit(status)


def _check(study: str, strict: bool) -> int:
    from workbench.gate import try_study

    card = load_card(study)
    with waiting() as say:
        gate = try_study(card, project_root(), watch=say)
    print_plainly(gate.report)
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
    with plain_errors():
        from workbench.new.live import pull
        from workbench.new.study import start_study

        root = project_root()
        ask = _ask if _at_a_terminal() and not yes else None
        today = datetime.now(UTC).date()
        with tempfile.TemporaryDirectory(prefix="workbench-") as scratch:
            brought = pull(live, Path(scratch), root=root) if live is not None else []
            tables = [*(source or []), *brought]
            started = start_study(root, name, tables, today=today, ask=ask)
        print_plainly(started)
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
def init(
    folder: Annotated[Path, typer.Argument(help="Where; made if it is not there.")],
) -> None:
    """Lay out a project: notebooks, pipeline, pages, and an empty data/."""
    with plain_errors():
        from workbench.new.project import lay_out

        print_plainly(lay_out(folder))
        out.print(
            f"Next: cd {folder}, then: workbench new NAME --from FILE",
            markup=False,
            highlight=False,
        )


@app.command()
def upgrade() -> None:
    """Bring newer notebooks and pages into a project, beside your own edits and never over them."""
    with plain_errors():
        from workbench.new.project import upgrade as bring_up

        print_plainly(bring_up(project_root()))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(context: typer.Context) -> None:
    """Open JupyterLab on the project's notebooks; what follows is handed to it."""
    with plain_errors():
        from workbench.new.lab import open_lab

        raise typer.Exit(open_lab(project_root(), context.args))


@app.command()
def instrument(
    study: Study_,
    wave: Annotated[
        str | None, typer.Option(help="Name of the coming wave, such as 2026-H2.")
    ] = None,
) -> None:
    """Write a study's questionnaire, for survey tools, Word and paper, from its card."""
    with plain_errors():
        from workbench.instrument import write_instrument

        print_plainly(
            write_instrument(
                load_card(study), project_root(), today=datetime.now(UTC).date(), wave=wave
            )
        )


@app.command()
def review(study: Study_) -> None:
    """Decide of pairs of customer records that may be one person; it is remembered."""
    with plain_errors():
        from workbench.data import decide, open_tables

        card = load_card(study)
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
def profile(
    study: Study_,
    customer: Annotated[str, typer.Argument(help="Pseudonym, or an id as the study's files have.")],
) -> None:
    """Show one customer from all sides; for this screen only, never published."""
    with plain_errors():
        from workbench.notebook import open_run
        from workbench.profile import customer_profile

        shown = customer_profile(open_run(load_card(study).folder), customer)
        print_plainly(shown.text)


@app.command("follow-up")
def follow_up(study: Study_) -> None:
    """Bring the working list of customers to be asked again up to date, in the study's folder."""
    with plain_errors():
        from workbench.data import update_follow_ups

        card = load_card(study)
        found = update_follow_ups(card)
        said = f"{found.added} new, {found.open} open, {found.late} beyond their day"
        print_plainly(f"{card.name}: {said}")
        print_plainly(f"{found.path}: fill in closed, action and settled; what you write stays")
        place = found.path.relative_to(card.folder).as_posix()
        if not any(table.path == place for table in card.tables.values()):
            print_plainly(f"the page counts them with `follow_ups: {{path: {place}}}` under tables")


@app.command()
def offers(study: Study_) -> None:
    """Write the list of next offers, by pseudonym, into the study's folder; never published."""
    with plain_errors():
        from workbench.data.offer_rules import write_offers
        from workbench.runs.records.record import history_of, last_good, list_runs

        card = load_card(study)
        record = last_good(list_runs(history_of(project_root(), card.name)), "products")
        folder = None if record is None else record.folder / "results" / "products"
        for path in write_offers(card, folder):
            print_plainly(f"{path}")


@app.command()
def plan(
    study: Study_,
    case: Annotated[str, typer.Argument(help="A case of the study's card.")],
) -> None:
    """Register a case's plan: its card, design, outcomes and power, with a hash and a time."""
    with plain_errors():
        from workbench.notebook import open_run
        from workbench.study import add_plan

        card = load_card(study)
        run = open_run(card.folder)
        chosen, facts = run.foreseen(case)
        added = add_plan(card.folder, chosen, facts, datetime.now(UTC))
        if added is None:
            print_plainly(f"{card.name}, {case}: the plan registered last says the same")
            return
        print_plainly(f"{card.name}, {case}: registered at {added.at.isoformat()}")
        for told in facts["outcomes"]:
            seen = told.get("detectable")
            power = f"seen with a probability of {facts['power']:.0%}"
            could = "" if seen is None else f"; an effect of {100 * seen:.1f} % is {power}"
            print_plainly(f"  {told['indicator']}: {told['design']}{could}")
        if not added.before(chosen.start):
            warn(f"the case began on {chosen.start}: the plan binds only what comes later")
        print_plainly(f"hash {added.hash}")
        print_plainly("Tell it to somebody now: the time is that of this machine's own clock.")


@app.command()
def forget(
    study: Study_,
    customer: Annotated[str, typer.Argument(help="An id, as the study's own files have it.")],
    absent: Annotated[bool, typer.Option(help="Also an id that no file has now.")] = False,
    withdraw: Annotated[
        bool, typer.Option(help="Take the study's earlier editions off the site, too.")
    ] = False,
) -> None:
    """Erase a person: no reader gives their rows any more; says what others must change."""
    with plain_errors():
        from workbench.forget import forget as erase

        card, root = load_card(study), project_root()
        print_plainly(
            erase(card, root, customer, now=datetime.now(UTC), absent=absent, withdraw=withdraw)
        )
