"""Each published run keeps its address: ``archive/<run>/`` holds its pages as they were published.

The folder is a small site of its own: the study's pages in each edition, the written pages and the
theme of that day. Its other links lead to the site of today, and a notice says what it is.
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
from collections.abc import Callable, Iterable
from functools import cache
from html import escape
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote

import pandas as pd

from workbench.site.editions.near import rows_of_customers, too_near
from workbench.site.editions.records import StudyRecord
from workbench.site.words import BASE, MADE, NAMES, in_language, language_of, say_moment, word

ARCHIVE = "archive"
STUDIES = "studies"
_LINK = re.compile(r'\b(href|src)="([^"#?]+)((?:[#?][^"]*)?)"')
_ARTICLE = re.compile(r"<article[^>]*>\s*<header.*?</header>", re.DOTALL)
_HERE = ("404.html", "index.html")


def archive_place(run: str, study: str, language: str) -> str:
    """Return where the first page of a run stays, from the site's root."""
    return f"{ARCHIVE}/{run}/{in_language(f'{STUDIES}/{study}/index.html', language)}"


def is_archived(path: Path, site: Path) -> bool:
    """Whether a file of a site belongs to an earlier publication, which was checked then."""
    return path.relative_to(site).parts[:1] == (ARCHIVE,)


def pages_of(site: Path) -> list[Path]:
    """List the pages of a site, without those of its archive."""
    return [path for path in sorted(site.rglob("*.html")) if not is_archived(path, site)]


def published_as(path: Path, site: Path) -> Path:
    """Give the page of a site that an address of its archive will be a copy of."""
    if not path.is_relative_to(site / ARCHIVE):
        return path
    return site.joinpath(*path.relative_to(site / ARCHIVE).parts[1:])


def archive(new: Path, old: Path, records: Iterable[StudyRecord]) -> list[str]:
    """Keep what was published before, and put the newest runs beside it.

    Parameters
    ----------
    new : Path
        The finished site, its pages checked; changed in place.
    old : Path
        The site published before; it need not be there.
    records : iterable of StudyRecord
        The studies on the new site, each with its newest run. Published again, a run's pages take
        the place of those that stood there: what was mended is mended there, too.

    Returns
    -------
    list of str
        Which editions are kept no longer, and why: those from which, with the newest, one customer
        could be told (`workbench.site.editions.near`).
    """
    dropped: list[str] = []
    newest = {record.run.run: record for record in records}
    today = cache(rows_of_customers)  # read once, however many editions are held against it
    if (old / ARCHIVE).is_dir():
        for folder in sorted((old / ARCHIVE).iterdir()):
            if folder.is_dir() and folder.name not in newest:
                if told := _told_by(folder.name, newest.values(), today):
                    dropped.append(told)
                    continue
                shutil.copytree(folder, new / ARCHIVE / folder.name, copy_function=_linked)
    for run, record in newest.items():
        _keep(new, new / ARCHIVE / run, record)
    return dropped


def _told_by(
    run: str, records: Iterable[StudyRecord], today: Callable[[Path], dict[str, pd.DataFrame]]
) -> str:
    for record in records:
        before = record.run.folder.parent / run
        if before.is_dir():
            rule = record.study.privacy
            near = too_near(rows_of_customers(before), today(record.run.folder), rule)
            if near:
                return (
                    f"{record.study.name}: the edition of run {run} is kept no longer: with today's"
                    f" it would tell of single customers ({near})"
                )
    return ""


def _linked(source: str, target: str) -> None:
    """Let a file have a second name, where the file system can: it is never written again."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _keep(site: Path, base: Path, record: StudyRecord) -> None:
    pages: list[Path] = []
    for language in (*NAMES, *MADE):
        edition = PurePosixPath("" if language == BASE else language)
        study = site / edition / STUDIES / record.study.name
        if not study.is_dir():
            continue
        for path in sorted([*study.rglob("*"), *(site / edition).glob("*.html")]):
            if path.is_dir() or (path.parent == site / edition and path.name in _HERE):
                continue
            out = base / path.relative_to(site)
            out.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".html":
                pages.append(path)
                shutil.copyfile(path, out)
            else:
                _linked(str(path), str(out))
    if not pages:
        return
    shutil.copytree(site / "theme", base / "theme", copy_function=_linked)
    for path in pages:
        page = path.relative_to(site).as_posix()
        out = base / page
        out.write_text(_as_archived(path.read_text("utf-8"), page, base, record), "utf-8")


def _as_archived(html: str, page: str, base: Path, record: StudyRecord) -> str:
    language = language_of(page)
    folder = posixpath.dirname(page)

    def moved(found: re.Match[str]) -> str:
        link = found[2]
        if ":" in link or link.startswith("/"):
            return found[0]
        place = posixpath.normpath(posixpath.join(folder, unquote(link)))
        if (base / place).is_file():
            return found[0]
        today = "../" * (page.count("/") + 2) + quote(place, safe="/:@!$,;~+&=")
        return f'{found[1]}="{today}{found[3]}"'

    html = _LINK.sub(moved, html)
    html = html.replace(' data-root="', ' data-root="../../', 1)  # what is searched is of today
    when = say_moment(record.run.finished, language, record.study.time_zone)
    now = f"{'../' * page.count('/')}../../{page}"
    notice = (
        f'\n<div class="wb-notice wb-archived" role="note"><p>'
        f"{escape(word('archived', language, when=when))}"
        f' <a href="{escape(now, quote=True)}">{escape(word("archived_now", language))}</a>'
        f"</p></div>"
    )
    html = html.replace("<head>\n", '<head>\n<meta name="robots" content="noindex">\n', 1)
    return _ARTICLE.sub(lambda found: found[0] + notice, html, count=1)
