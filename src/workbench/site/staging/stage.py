"""Turn the last good runs into pages that either renderer can read.

What is written, and where. Written pages are ``reports/*.qmd`` and, for another language,
``reports/zh/*.qmd``; they are never changed. Everything made from runs goes below
``reports/studies/`` and ``reports/zh/studies/``: one executed notebook a page, its figures beside
it. These folders are made aside and renamed, so a reader of the sources never meets half of them.
The studies' cards lie beside the written pages, in ``_studies.html``. Git ignores all of it.

How the cards get into the front page. ``reports/index.qmd`` holds a block of the class
``studies`` with a sentence for a fresh clone. An include shortcode would not do: Quarto stops where
its file is missing, as it is on a fresh clone, and both renderers follow it out of the project. So
the block is filled at render time: under Quarto by ``reports/theme/studies.lua``, which reads
``_studies.html`` beside the page if it is there, and under the embedded renderer, which runs
no Lua, by `workbench.site.render`, which does the same. Hence ``quarto render`` by hand gives what
``workbench publish`` gives, and the written page stays as it was written.

How a page that Quarto renders by hand has Chinese letters on a machine without such a font: stage
writes ``reports/theme/han.css``, and the same filter links it. `workbench publish` does without.

How the sidebar knows the studies. ``_quarto.yml`` lists ``reports/studies`` with ``auto:``, so that
a new study needs no edit; the order comes from ``order:`` in each page's front matter.
"""

from __future__ import annotations

import posixpath
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path, PurePosixPath
from typing import Any

import nbformat
import yaml
from nbformat.v4 import new_notebook, new_raw_cell

from workbench.errors import SiteError
from workbench.languages import speak
from workbench.reporting.overview import PAGES
from workbench.runs.records.record import data_to
from workbench.site.config import site_address, site_titles
from workbench.site.editions.archive import STUDIES
from workbench.site.editions.page_cache import PageCache
from workbench.site.editions.records import (
    LANDING,
    PageSource,
    StudyRecord,
    pick,
    read_record,
    studies_with_runs,
)
from workbench.site.staging import blocks
from workbench.site.staging.blocks import relinked
from workbench.site.staging.edition import Edition, cut, raw_html, read_notebook, title_of
from workbench.site.staging.feed import News
from workbench.site.staging.fonts import staged_rule
from workbench.site.staging.literal import literal
from workbench.site.staging.stored import StoredResults, read_stored
from workbench.site.words import BASE, NAMES, in_language, word

REPORTS = "reports"
CARDS = "_studies.html"
FONT = "theme/han.css"


@dataclass(frozen=True)
class Staged:
    """What stage left for the renderers.

    Attributes
    ----------
    pages : tuple of Path
        Pages, relative to the project's root.
    studies : tuple of str
        Studies that have pages.
    warnings : tuple of str
        What a publisher should know: failed notebooks, pages kept from earlier runs, texts without
        words in a page's language, addresses taken out of a card's texts.
    records : tuple of StudyRecord
        The studies, each with its newest run.
    """

    pages: tuple[Path, ...] = ()
    studies: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    records: tuple[StudyRecord, ...] = ()
    #: What the runs have to tell, by edition.
    news: Mapping[str, tuple[News, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class _SiteNames:
    title: str
    address: str


@dataclass
class _Page:
    entry: PageSource | None
    path: str
    kind: str
    order: int
    title: str
    subtitle: str = ""
    edition: Edition = field(default_factory=Edition)
    cards: list[str] = field(default_factory=list)
    verdict: str = ""
    failed: bool = False


def edition_folder(language: str) -> str:
    """Return the folder of an edition's written pages: ``reports``, or ``reports/zh``."""
    return REPORTS if language == BASE else f"{REPORTS}/{language}"


def stage(
    root: Path, studies: Iterable[str] | None = None, kept: PageCache | None = None
) -> Staged:
    """Stage the pages of studies.

    Parameters
    ----------
    root : Path
        The project: holds ``data/``, ``runs/`` and ``reports/``.
    studies : iterable of str, optional
        Studies to show; all with a finished run when left out.
    kept : PageCache, optional
        Editions and fonts that were cut before.

    Returns
    -------
    Staged
        What is there now.

    Raises
    ------
    SiteError
        When a study asked for has no finished run.
    """
    names = list(studies) if studies is not None else studies_with_runs(root)
    kept = kept or PageCache()
    records = [read_record(root, name) for name in names]
    titles = _source_titles(root)
    warnings = {said: None for record in records for said in record.taken_out}
    pages: list[Path] = []
    news: dict[str, tuple[News, ...]] = {}
    called, address = site_titles(root), site_address(root)
    for language in _languages(root, records):
        site = _SiteNames(called.get(language) or word("site", language), address)
        files, said, news[language] = _edition_files(records, language, titles, site, kept)
        target = root / edition_folder(language) / STUDIES
        cards = files.pop(CARDS, b"")
        _replace_folder(target, files)
        _replace_file(target.with_name(CARDS), cards)
        warnings.update(dict.fromkeys(said))
        pages += [
            (target / path).relative_to(root)
            for path in files
            if PurePosixPath(path).suffix == ".ipynb"
        ]
    rule = staged_rule(root / REPORTS, sorted(root.glob("_quarto*.yml")), kept)
    _replace_file(root / REPORTS / FONT, rule.encode("utf-8"))
    return Staged(tuple(pages), tuple(names), tuple(warnings), tuple(records), news)


def _languages(root: Path, records: list[StudyRecord]) -> list[str]:
    used = {language for record in records for language in record.study.languages}
    written = {x for x in NAMES if x != BASE and (root / edition_folder(x)).is_dir()}
    return [BASE, *(x for x in NAMES if x in used | written and x != BASE)]


def _source_titles(root: Path) -> Mapping[str, Mapping[str, str]]:
    titles = {}
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        try:
            notebook = read_notebook(path.read_text(encoding="utf-8"), path.name)
            titles[path.stem] = {x: title_of(notebook, x) for x in NAMES}
        except (SiteError, OSError):
            continue  # a broken source has no title; what was executed of it may still be shown
    return titles


def _edition_files(
    records: list[StudyRecord],
    language: str,
    titles: Mapping[str, Mapping[str, str]],
    site: _SiteNames,
    kept: PageCache,
) -> tuple[dict[str, bytes], list[str], tuple[News, ...]]:
    files: dict[str, bytes] = {}
    news: list[News] = []
    warnings: list[str] = []
    cards = []
    for order, record in enumerate(records, start=1):
        name = record.study.name
        own = language in record.study.languages
        shown = language if own else record.study.languages[0]
        stored = read_stored(record, shown)
        pages, said = _pages(record, shown, titles, order, stored, kept)
        news.append(stored.told(record, shown))
        if own:
            warnings += [*record.damaged, *stored.lost, *said]
            for page in pages:
                files |= _page_files(page, pages, record, language, titles, site)
            href = f"{STUDIES}/{name}/index.html"
        else:
            base = "../" if language != BASE else ""
            href = base + in_language(f"{STUDIES}/{name}/index.html", shown)
        cards.append(
            blocks.study_card(
                record,
                language,
                href=href,
                edition=shown,
                stored=stored,
            )
        )
    if cards:
        html = blocks.studies(cards, language)
        files[CARDS] = html.encode("utf-8")
    return files, warnings, tuple(news)


def _pages(
    record: StudyRecord,
    language: str,
    titles: Mapping[str, Mapping[str, str]],
    order: int,
    stored: StoredResults,
    kept: PageCache,
) -> tuple[list[_Page], list[str]]:
    warnings: list[str] = []
    pages: list[_Page] = []
    study = record.study.name
    place = {case.name: i for i, case in enumerate(record.study.cases, start=1)}
    rank_of: dict[str, int] = {}
    for rank, entry in enumerate(record.entries, start=1):
        rank_of.setdefault(entry.step.notebook, rank)
        if entry.listed_as_skipped:
            continue
        edition = Edition()
        failed = entry.step.status == "failed"
        if failed:
            stays = "; its last good page is kept" if entry.page else ""
            warnings.append(f"{study}: {entry.key} failed{stays}")
        elif entry.step.ended_itself:
            warnings.append(
                f"{study}: {entry.key}: {entry.step.reason}; its last good page is kept"
            )
        if entry.page is not None:
            try:
                text = entry.page.read_text(encoding="utf-8")
                edition = _cut(text, entry, language, kept)
            except SiteError as error:
                warnings.append(f"{study}: {entry.key}: {error}")
                edition = Edition(
                    cells=[_note(word("unreadable", language, cause=error.what))],
                )
        lacking = dict.fromkeys(edition.missing)
        warnings += [f"{study}: {entry.key}: no {language} for {text!r}" for text in lacking]
        known = titles.get(entry.step.notebook, {}).get(language, "")
        heading = edition.title or known or entry.step.notebook.replace("_", " ").capitalize()
        title = name_of_page(entry.step.notebook, titles, language, heading)
        page = _Page(entry, f"{study}/{entry.key}.ipynb", "page", rank, title)
        page.subtitle = heading if heading != title else ""
        page.edition, page.failed = edition, failed
        page.cards, page.verdict = stored.of_page(entry.key), stored.verdict(entry.key)
        if entry.step.case:
            titles_of = {case.name: case.title for case in record.study.cases}
            page.path = f"{study}/{entry.step.notebook}/{entry.step.case}.ipynb"
            page.kind, page.subtitle = "case", heading
            page.order = place.get(entry.step.case, len(place) + rank)  # as the card lists them
            group = str(entry.step.parameters.get("group") or entry.step.case)
            own = titles_of.get(entry.step.case)
            page.title = pick(own, language) if own else speak(language).name(group)
        elif entry.step.notebook == LANDING:
            page.path, page.kind, page.order = f"{study}/index.ipynb", "study", order
            # its message stands where other pages have their question
            page.title, page.subtitle = pick(record.study.title, language), ""
        pages.append(page)
    if not any(page.kind == "study" for page in pages):
        title = pick(record.study.title, language)
        subtitle = pick(record.study.description, language)
        pages.append(_Page(None, f"{study}/index.ipynb", "study", order, title, subtitle))
    for notebook in dict.fromkeys(
        p.entry.step.notebook for p in pages if p.kind == "case" and p.entry is not None
    ):
        members = [p for p in pages if p.entry is not None and p.entry.step.notebook == notebook]
        question = titles.get(notebook, {}).get(language, "") or members[0].subtitle
        title = name_of_page(notebook, titles, language, question)
        place_of = f"{study}/{notebook}/index.ipynb"
        pages.append(_Page(None, place_of, "cases", rank_of[notebook], title, question))
    return pages, warnings


def _cut(text: str, entry: PageSource, language: str, kept: PageCache) -> Edition:
    """Cut a page's edition, or take it as it was cut of the same notebook."""
    name = entry.step.case or entry.key

    def make() -> str:
        return cut(read_notebook(text, str(entry.page)), language, name=name).to_json()

    return Edition.from_json(kept.text("cut", [text, language, name], make))


def name_of_page(
    notebook: str,
    titles: Mapping[str, Mapping[str, str]],
    language: str,
    heading: str = "",
) -> str:
    """Give the one name of a notebook's page: that of the house, else its heading."""
    if notebook in PAGES:
        return speak(language)(PAGES[notebook])
    known = titles.get(notebook, {}).get(language, "")
    return heading or known or notebook.replace("_", " ").capitalize()


def _page_files(
    page: _Page,
    pages: list[_Page],
    record: StudyRecord,
    language: str,
    titles: Mapping[str, Mapping[str, str]],
    site: _SiteNames,
) -> dict[str, bytes]:
    folder = PurePosixPath(page.path).parent
    deep = len(folder.parts) > 1
    up = "../" if deep else ""
    trail = [(word("all_studies", language), f"{up}../../index.html")]
    if page.kind != "study":
        trail.append((pick(record.study.title, language), f"{up}index.html"))
    if page.kind == "case" and page.entry is not None:
        trail.append((name_of_page(page.entry.step.notebook, titles, language), "index.html"))
    until = ""
    if page.kind == "case" and page.entry is not None and page.entry.source is not None:
        # cases of one study may rest on data of different times
        until = data_to(page.entry.source.folder / "results", page.entry.key)
    cells: list[Any] = [
        raw_html(
            blocks.masthead(
                record,
                language,
                trail=trail,
                kind=page.kind,
                data_to=until,
                subtitle=page.subtitle,
                description=page.edition.lead[:300],
            )
        ),
    ]
    if page.failed and page.entry is not None:
        cells.append(raw_html(blocks.failure(page.entry, record, language)))
    elif page.entry is not None and page.entry.step.ended_itself:
        cells.append(raw_html(blocks.ended_itself(page.entry, record, language)))
    places = {
        p.entry.key: posixpath.relpath(str(PurePosixPath(p.path).with_suffix(".html")), str(folder))
        for p in pages
        if p.entry is not None
    }
    names = {p.entry.key: p.title for p in pages if p.entry is not None}
    cells += relinked(page.edition.cells, places, titles, names)
    if page.kind == "study":
        inner = [p for p in pages if p.kind in ("page", "cases")]
        links = [_link(p, folder) for p in sorted(inner, key=lambda p: p.order)]
        # Where there is a landing page, what the pages say stands on it already.
        if page.entry is not None and page.entry.page is not None:
            links = [replace(link, cards=(), lead="") for link in links]
        links = [replace(link, cards=link.cards[:1]) for link in links]
        cells += _block(blocks.contents(links, language, heading=word("contents", language)))
        cells += _block(blocks.skipped(_skipped(record, language, titles), language))
    elif page.kind == "cases":
        members = [p for p in pages if PurePosixPath(p.path).parent == folder and p is not page]
        members.sort(key=lambda p: p.order)
        links = [_link(p, folder) for p in members]
        cells += _block(blocks.contents(links, language, heading=word("case_pages", language)))
    if page.entry is not None:
        own = f"{STUDIES}/{PurePosixPath(page.path).with_suffix('.html')}"
        place = in_language(own, language)
        cited = blocks.Cited(page.title, place, site.title, site.address)
        cells += _block(blocks.provenance(page.entry, record, language, cited))
    front: dict[str, Any] = {"title": literal(page.title)}
    if page.subtitle:
        front["subtitle"] = literal(page.subtitle)
    if page.edition.lead:
        front["description"] = literal(page.edition.lead[:300])
    front["order"] = page.order
    yaml_text = yaml.safe_dump(front, allow_unicode=True, sort_keys=False, width=10_000)
    head = new_raw_cell(f"---\n{yaml_text}---")  # type: ignore[no-untyped-call]
    notebook: Any = new_notebook(  # type: ignore[no-untyped-call]
        cells=[head, *cells],
        metadata={
            "kernelspec": {
                "name": "python3",
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
            },
            "language_info": {"name": "python"},
        },
    )
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    text: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    files = {page.path: text.encode("utf-8")}
    return files | {str(folder / name): data for name, data in page.edition.files.items()}


def _link(page: _Page, folder: PurePosixPath) -> blocks.PageLink:
    target = PurePosixPath(page.path).relative_to(folder).with_suffix(".html")
    return blocks.PageLink(
        href=str(target),
        title=page.title,
        lead=page.verdict or escape(page.edition.lead or page.subtitle),
        cards=tuple(page.cards),
        status="failed" if page.failed else "done",
    )


def _skipped(
    record: StudyRecord, language: str, titles: Mapping[str, Mapping[str, str]]
) -> list[tuple[str, str]]:
    return [
        (
            name_of_page(entry.step.notebook, titles, language),
            blocks.reason(entry.step.reason, language),
        )
        for entry in record.entries
        if entry.listed_as_skipped
    ]


def _note(text: str) -> Any:
    return raw_html(f'<div class="wb-notice" role="note"><p>{escape(text)}</p></div>')


def _block(html: str) -> list[Any]:
    return [raw_html(html)] if html else []


def _replace_folder(target: Path, files: Mapping[str, bytes]) -> None:
    aside = target.with_name(f".{target.name}.new")
    old = target.with_name(f".{target.name}.old")
    for folder in (aside, old):
        shutil.rmtree(folder, ignore_errors=True)
    for name, data in files.items():
        path = aside / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    if target.exists():
        target.rename(old)
    if files:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _replace_file(target: Path, data: bytes) -> None:
    if not data:
        target.unlink(missing_ok=True)
        return
    aside = target.with_name(f".{target.name}.new")
    aside.write_bytes(data)
    aside.replace(target)
