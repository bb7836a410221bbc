"""Publish: stage, render and finish aside, check, and only then swap the new site in."""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from workbench.errors import SiteError
from workbench.languages.traditional import MADE_OF, REGIONS, traditional
from workbench.site.checking.agreement import disagreements
from workbench.site.checking.check import check, refuse
from workbench.site.checking.withhold import withhold
from workbench.site.config import read_config, site_address
from workbench.site.editions.archive import STUDIES, archive, archive_place
from workbench.site.editions.page_cache import PageCache, clear_builds, made_of, recall, remember
from workbench.site.editions.records import card_texts, studies_with_runs
from workbench.site.finishing.finish import finish, titles_of, twins
from workbench.site.finishing.search import write_search
from workbench.site.finishing.traditional import also_made, made_news, regions_of
from workbench.site.render import render
from workbench.site.staging.feed import write_feed
from workbench.site.staging.furniture import social_picture, write_card, write_lost, write_sitemap
from workbench.site.staging.stage import CARDS, FONT, REPORTS, Staged, edition_folder, stage
from workbench.site.words import MADE, NAMES

SITE = "_site"
WORK = ".site"
# of Linux' renameat2: paths are as seen from here; two names change places
_HERE, _EXCHANGE = -100, 2
_REMEMBERED = ("pages", "studies", "renderer", "warnings")


@dataclass(frozen=True)
class PublishedSite:
    """A site that was published.

    Attributes
    ----------
    site : Path
        The folder.
    pages : tuple of str
        Paths of the pages from the site's root.
    studies : tuple of str
        The studies on it.
    renderer : str
        What rendered it, such as ``smalldocs 0.5.4``.
    at : datetime
        When.
    warnings : tuple of str
        What is on the site but should be known: failed notebooks, pages kept from earlier runs,
        texts without words in a page's language, pages that do not agree with one another.
    """

    site: Path
    pages: tuple[str, ...]
    studies: tuple[str, ...]
    renderer: str
    at: datetime
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        studies = ", ".join(self.studies) or "none yet"
        said = f"{len(self.pages)} pages in {self.site} (studies: {studies}; {self.renderer})"
        return "\n".join([said, *(f"warning: {x}" for x in self.warnings)])


def publish(
    root: Path,
    *,
    studies: Iterable[str] | None = None,
    renderer: str = "auto",
    now: datetime | None = None,
    forbidden: Iterable[str] = (),
) -> PublishedSite:
    """Publish the last good runs as ``_site``.

    Until the last moment the work is done in ``.site/``; a site that fails its check leaves the
    published one as it was.

    Parameters
    ----------
    root : Path
        The project.
    studies : iterable of str, optional
        The studies to show; all with a finished run when left out.
    renderer : {"auto", "quarto", "embedded"}
        See `workbench.site.render.render`.
    now : datetime, optional
        The moment of publication.
    forbidden : iterable of str
        Texts that no page may hold, such as names of customers.

    Raises
    ------
    SiteError
        When a study has no finished run, nothing renders, or the check finds something that is not
        one study's page (such a page is withheld, see `withhold`); the message says that the old
        site still stands.
    """
    root = Path(root).resolve()
    at = now or datetime.now(UTC)
    work = root / WORK
    secrets = sorted(set(forbidden))
    with _alone(work):
        clear_builds(work)
        bring_back(root / SITE)
        names = tuple(studies_with_runs(root) if studies is None else studies)
        inputs = made_of(root, names, _staged_places(root), _asked(names, renderer, secrets))
        before = recall(work, root / SITE, inputs)
        if before is not None:
            return PublishedSite(
                site=root / SITE,
                pages=tuple(before["pages"]),
                studies=tuple(before["studies"]),
                renderer=str(before["renderer"]),
                at=datetime.fromisoformat(before["at"]),
                warnings=tuple(before["warnings"]),
            )
        kept = PageCache(work / "kept")
        staged = stage(root, names, kept)
        folder = Path(tempfile.mkdtemp(prefix="build-", dir=work))
        try:
            rendered = render(root, folder / "render", renderer=renderer, kept=kept)
            new = folder / "site"
            regions = regions_of(record.study for record in staged.records)
            pages = finish(
                rendered.folder, new, sources=folder / "render", kept=kept, regions=regions
            )
            dress(new, root / SITE, folder / "render", staged, pages, regions)
            secrets = sorted(also_made(secrets, regions))
            texts = [card_texts(record.study) for record in staged.records]
            contacts = [(record.study.contact or {}).values() for record in staged.records]
            faults, withheld = withhold(
                new,
                root / SITE,
                lambda: check(
                    new,
                    forbidden=secrets,
                    literal=[text for held in texts for text in held.values()],
                    allowed=[text for held in contacts for text in held],
                    kept=kept,
                ),
                staged.records,
            )
            try:
                refuse(faults)
            except SiteError as error:
                stands = (root / SITE).is_dir()
                what_stands = (
                    "the site published before still stands" if stands else "nothing was published"
                )
                raise SiteError(
                    f"{error.what} ({what_stands})", where=error.where, remedy=error.remedy
                ) from None
            write_search(new, kept)
            differing = [f"the pages disagree: {each}" for each in disagreements(new)]
            withdrawn = archive(new, root / SITE, staged.records)
            swap(new, root / SITE)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        kept.tidy()
        published = PublishedSite(
            site=root / SITE,
            pages=tuple(pages),
            studies=staged.studies,
            renderer=rendered.renderer,
            at=at,
            warnings=(*staged.warnings, *rendered.warnings, *withheld, *differing, *withdrawn),
        )
        said = {key: getattr(published, key) for key in _REMEMBERED}
        remember(work, root / SITE, inputs, {**said, "at": at.isoformat()})
    return published


def _staged_places(root: Path) -> list[Path]:
    """List what stage leaves below ``reports/``."""
    folders = [root / edition_folder(language) for language in NAMES]
    made = [folder / name for folder in folders for name in (STUDIES, CARDS)]
    return [*made, root / REPORTS / FONT]


def _asked(studies: Sequence[str], renderer: str, secrets: Sequence[str]) -> Iterator[str]:
    yield repr(studies)
    yield f"{renderer} {shutil.which('quarto')}"
    yield from secrets


def with_published(root: Path, studies: Iterable[str]) -> list[str]:
    """List studies together with those on the site: publishing one takes no other off."""
    folders = [root / SITE / STUDIES, *(root / SITE / x / STUDIES for x in (*NAMES, *MADE))]
    there = {path.name for folder in folders if folder.is_dir() for path in folder.iterdir()}
    return sorted(there & set(studies_with_runs(root)) | set(studies))


def dress(
    new: Path,
    old: Path,
    sources: Path,
    staged: Staged,
    pages: list[str],
    regions: Mapping[str, Collection[str]] | None = None,
) -> None:
    """Add to the pages what a site has besides: feeds, sitemap, the page for what is not there.

    Parameters
    ----------
    new, old : Path
        The finished site, and the one published before (it need not be there).
    sources : Path
        The project or its copy, with ``_quarto.yml`` and its profiles.
    staged : Staged
        What the runs have to tell.
    pages : list of str
        The pages, from the site's root.
    regions : mapping, optional
        Editions that are made of the Chinese one, with the studies that have them.
    """
    address = site_address(sources)
    titles = titles_of(sources, regions or {})
    homes = twins("index.html", titles, pages)
    every = {**staged.news}
    for region, studies in (regions or {}).items():
        every[region] = made_news(staged.news.get(MADE_OF, ()), region, studies)
    places = {
        (told.run, told.language): archive_place(told.run, told.study, told.language)
        for news in every.values()
        for told in news
    }
    for language in homes:
        news = every.get(language, ())
        write_feed(new, old, language, news, title=titles[language], address=address, places=places)
        for told in news if address else ():
            picture = new / social_picture(language, told.study)
            write_card(picture, told.title, told.says, titles[language])
        if address:
            about = site_description(sources, language)
            write_card(new / social_picture(language, None), titles[language], about, "")
    write_sitemap(new, address, {page: twins(page, titles, pages) for page in pages})
    write_lost(new, homes, titles, address)


def site_description(sources: Path, language: str) -> str:
    """Give what the site says of itself in an edition."""
    own = MADE_OF if language in REGIONS else language
    about = str(read_config(sources, own)["website"].get("description") or "")
    return traditional(about, language) if language in REGIONS else about


def swap(new: Path, site: Path) -> None:
    """Put a finished folder in a site's place, in one step: no reader finds none.

    Where the system cannot exchange two folders the old one is renamed first, and put back by the
    next publication if this one ends in between.

    Parameters
    ----------
    new : Path
        The new site, on the same file system.
    site : Path
        Where it belongs.
    """
    old = site.with_name(f"{site.name}.old")
    bring_back(site)
    if old.exists():
        shutil.rmtree(old)
    if site.exists() and exchange(new, site):
        shutil.rmtree(new, ignore_errors=True)
        return
    if site.exists():
        site.rename(old)
    try:
        new.rename(site)
    except OSError:
        if old.exists():
            old.rename(site)
        raise
    shutil.rmtree(old, ignore_errors=True)


def bring_back(site: Path) -> None:
    """Put the old site back where a publication ended between its two renames."""
    old = site.with_name(f"{site.name}.old")
    if old.is_dir() and not site.exists():
        old.rename(site)


def exchange(one: Path, other: Path) -> bool:
    """Let two folders change places at once; False where the system cannot."""
    if not one.is_dir():
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    names = os.fsencode(one), os.fsencode(other)
    return bool(rename(_HERE, names[0], _HERE, names[1], _EXCHANGE) == 0)


@contextmanager
def _alone(work: Path) -> Iterator[None]:
    """Hold the lock of the project's site, so that two publications do not meet."""
    work.mkdir(parents=True, exist_ok=True)
    try:
        held = FileLock(work / "lock").acquire(timeout=0)
    except Timeout as error:
        raise SiteError(
            "another publication is under way",
            where=str(work),
            remedy="wait until it has ended",
        ) from error
    with held:
        yield
