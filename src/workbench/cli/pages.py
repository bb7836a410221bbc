"""Commands that make pages, and hand them on."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from workbench import stopping
from workbench.cli.common import (
    FAILED,
    Force,
    Jobs,
    Json,
    Renderer,
    Scheduler,
    Studies,
    Study_,
    Timeout,
    all_studies,
    app,
    is_left_out,
    load_card,
    plain_errors,
    print_json,
    print_plainly,
    project_root,
    settings,
    texts_of_people,
    waiting,
)
from workbench.cli.running import run_all, tell_addressees
from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.site.reload import Edited


@app.command()
def report(
    studies: Studies = None,
    jobs: Jobs = None,
    scheduler: Scheduler = None,
    timeout: Timeout = None,
    force: Force = False,
    renderer: Renderer = "auto",
    digest: Annotated[
        bool, typer.Option("--digest", help="Then tell those whom the cards name what is new.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run studies, all by default, then publish the site."""
    settings["json"] = as_json
    with plain_errors():
        named = studies or [n for n in all_studies(project_root()) if not _left_out(n)]
        options: dict[str, Any] = {"jobs": jobs, "scheduler": scheduler, "force": force}
        status = run_all(named, [], None, timeout=timeout, as_json=as_json, **options)
        try:
            make_site(None, renderer, as_json=as_json)  # the other studies stay on the site
        finally:
            if digest and stopping.status() is None:
                status = max(status, tell_addressees(studies, as_json=as_json))
    raise typer.Exit(status)


def _left_out(study: str) -> bool:
    try:
        return is_left_out(study)
    except WorkbenchError:
        return False  # which is said when it is to be run


@app.command()
def publish(studies: Studies = None, renderer: Renderer = "auto") -> None:
    """Render the site from the last good pages, check it, and swap it in."""
    with plain_errors():
        make_site(studies, renderer)


def make_site(studies: list[str] | None, renderer: str, *, as_json: bool = False) -> None:
    """Publish the site, and say what came of it."""
    from workbench.site import publish as publish_site
    from workbench.site import with_published

    root = project_root()
    studies = with_published(root, studies) if studies else None
    published = publish_site(
        root,
        studies=studies,
        renderer=renderer,
        forbidden=texts_of_people(studies or all_studies(root)),
    )
    if as_json:
        about = {"site": str(published.site), "warnings": published.warnings}
        print_json({"event": "site-published", **about, "pages": len(published.pages)})
        return
    print_plainly(published)


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
    with plain_errors():
        from workbench.export import export_study

        name = Path(study).name
        site = project_root() / "_site"
        print_plainly(export_study(site, name, page, to=to, language=language, out=out_file))


@app.command()
def preview(
    folder: Annotated[Path | None, typer.Argument(help="The site; _site by default.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535)] = 4200,
    study: Annotated[
        str | None, typer.Option("--edit", help="Run and publish this study as it is edited.")
    ] = None,
) -> None:
    """Serve the published site on this machine; open pages reload when it is published anew.

    With --edit STUDY a notebook that is saved in notebooks/ runs for that study and is published; a
    changed card lets all that it concerns run, a changed page in reports/ is published.
    """
    with plain_errors():
        from workbench.site import preview as serve
        from workbench.site.reload import Edited, watch_work

        root = project_root()
        site, work = folder or root / "_site", None
        if study is not None:
            name = load_card(study).name
            if not (site / "index.html").is_file():
                _again(root, name, Edited(everything=True))
            work = partial(watch_work, root, name, partial(_again, root, name))
        serve(site, port, work=work)


def _again(root: Path, study: str, edited: Edited) -> None:
    """Run what was edited and publish; a failure is told here and on its page."""
    command = [sys.executable, "-m", "workbench"]
    if edited.notebooks or edited.everything:
        one = [] if edited.everything else [f"--notebook={x}" for x in edited.notebooks]
        subprocess.run([*command, "run", study, *one], cwd=root, check=False)
    subprocess.run([*command, "publish", study], cwd=root, check=False)


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
    with plain_errors():
        from workbench.bundle.pack import choose_run, pack

        card, root = load_card(study), project_root()
        chosen = choose_run(root, card.name, run)
        with waiting() as say:
            packed = pack(card, root, chosen, now=datetime.now(UTC), data=data, to=to, watch=say)
        print_plainly(packed)


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
    with plain_errors():
        from workbench.bundle.review import write_report
        from workbench.bundle.verify import verify as verify_bundle

        with waiting() as say:
            found = verify_bundle(file, seal=seal, rerun=rerun, watch=say)
        print_plainly(found)
        for path in report or ():
            write_report(found, path)
            print_plainly(f"wrote {path}")
        raise typer.Exit(0 if found.ok else FAILED)
