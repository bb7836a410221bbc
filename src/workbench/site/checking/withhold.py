"""Keep a page that failed its check off the site, so that it harms no other.

In its place stays the page that was published before, if it passes the check today, with a notice;
else the page's own head with the notice alone.
"""

from __future__ import annotations

import posixpath
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

from workbench.site.checking.check import Fault
from workbench.site.editions.archive import pages_of
from workbench.site.editions.records import StudyRecord, card_texts
from workbench.site.words import BASE, MADE, NAMES, language_of, word

#: Checks a site anew.
Check = Callable[[], list[Fault]]


def withhold(
    new: Path, old: Path, check: Check, records: Iterable[StudyRecord]
) -> tuple[list[Fault], list[str]]:
    """Check a site, and put what failed aside where it is a page of a study.

    Parameters
    ----------
    new : Path
        The finished site; changed in place.
    old : Path
        The site published before; it need not be there.
    check : callable
        Gives the faults of `new` as it is.
    records : iterable of StudyRecord
        The studies on it.

    Returns
    -------
    faults : list of Fault
        What is still wrong: faults of the front page, of written pages, of the theme.
    warnings : list of str
        Of each page that was withheld: study, page, what is wrong, and the key of the card that
        holds the text, where one does.
    """
    found = check()
    told: dict[str, list[Fault]] = {}
    for from_before in (True, False):
        pages = _pages_of(new, found)
        if not pages:
            break
        for page, faults in pages.items():
            told.setdefault(page, faults)
            _replace(new, old if from_before else None, page, told[page])
        _mend_links(new, set(told))
        found = check()
    known = {record.study.name: record for record in records}
    return found, [_warning(page, faults, known) for page, faults in sorted(told.items())]


def study_of(page: str) -> str | None:
    """Name the study that a page belongs to; None for written pages and front pages."""
    parts = PurePosixPath(page).parts
    if parts and parts[0] in {*NAMES, *MADE} and parts[0] != BASE:
        parts = parts[1:]
    return parts[1] if len(parts) > 2 and parts[0] == "studies" else None


def _pages_of(site: Path, faults: Sequence[Fault]) -> dict[str, list[Fault]]:
    """Gather faults by the page of a study that they harm; those of a figure by who shows it."""
    pages: dict[str, list[Fault]] = {}
    for fault in faults:
        if study_of(fault.page) is None:
            continue
        if fault.page.endswith(".html"):
            pages.setdefault(fault.page, []).append(fault)
            continue
        name = PurePosixPath(fault.page).name
        folder = site / PurePosixPath(fault.page).parent.parent
        for path in folder.glob("*.html"):
            if name in path.read_text(encoding="utf-8"):
                pages.setdefault(path.relative_to(site).as_posix(), []).append(fault)
    return pages


def _replace(new: Path, old: Path | None, page: str, faults: Sequence[Fault]) -> None:
    language = language_of(page)
    kinds = {"personal" if "personal" in fault.kind else fault.kind for fault in faults}
    why = {"personal": "withheld_personal", "unrendered markup": "withheld_markup"}
    cause = "; ".join(dict.fromkeys(word(why.get(k, "withheld_other"), language) for k in kinds))
    kept = old is not None and (old / page).is_file()
    source = old / page if old is not None and kept else new / page
    soup = BeautifulSoup(source.read_text(encoding="utf-8"), "lxml")
    article = soup.select_one("main article")
    if not isinstance(article, Tag):
        return
    notice = soup.new_tag("div", attrs={"class": "wb-notice wb-withheld", "role": "note"})
    said = [word("withheld", language, cause=cause)]
    if kept and old is not None:
        said.append(word("withheld_kept", language))
        _bring_files(soup, old, new, page)
    else:
        _empty(soup, article, page)
    for text in said:
        line = soup.new_tag("p")
        line.string = text
        notice.append(line)
    head = article.find("header")
    if isinstance(head, Tag):
        head.insert_after(notice)
    else:
        article.insert(0, notice)
    (new / page).write_text(str(soup), encoding="utf-8")


def _empty(soup: BeautifulSoup, article: Tag, page: str) -> None:
    """Leave of a page its frame: what it says may be what is wrong."""
    name = PurePosixPath(page).stem if PurePosixPath(page).stem != "index" else study_of(page)
    title = str(name).replace("_", " ").capitalize()
    for child in list(article.children):
        if isinstance(child, Tag) and child.name == "header":
            for inner in child.find_all(recursive=False):
                if inner.name == "h1":
                    inner.string = title
                elif not {"wb-kicker", "wb-dates", "wb-banner"} & set(inner.get("class") or ()):
                    inner.decompose()
        else:
            child.extract()
    for toc in soup.select("nav.wb-toc, meta[name=description], meta[property]"):
        toc.decompose()
    if soup.title is not None:
        soup.title.string = title


def _bring_files(soup: BeautifulSoup, old: Path, new: Path, page: str) -> None:
    """Copy the figures of a page that stays; two pages never share one."""
    for image in soup.select("article img[src]"):
        parts = urlsplit(str(image["src"]))
        if parts.scheme or not parts.path:
            continue
        place = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(parts.path)))
        source, target = (old / place).resolve(), new / place
        if source.is_relative_to(old.resolve()) and source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _mend_links(site: Path, changed: set[str]) -> None:
    """Take away where links point within pages that are not what they were, and dead links there.

    A link to a section that is gone leads to the page; a link of a kept page to a page that is gone
    leaves its words.
    """
    targets = {(site / page).resolve() for page in changed}
    for path in pages_of(site):
        own = path.relative_to(site).as_posix() in changed
        text = path.read_text(encoding="utf-8")
        names = {re.escape(PurePosixPath(page).name) for page in changed}
        if not own and not re.search(rf"(?:{'|'.join(names)})#", text):
            continue
        soup = BeautifulSoup(text, "lxml")
        for link in soup.find_all("a", href=True):
            parts = urlsplit(str(link["href"]))
            if parts.scheme or not parts.path:
                continue
            target = (path.parent / unquote(parts.path)).resolve()
            if own and not target.exists():
                link.unwrap()
            elif parts.fragment and (own or target in targets):
                link["href"] = parts.path
        path.write_text(str(soup), encoding="utf-8")


def _warning(page: str, faults: Sequence[Fault], known: dict[str, StudyRecord]) -> str:
    study = study_of(page) or ""
    said = "; ".join(dict.fromkeys(f"{fault.kind}: {fault.detail}" for fault in faults[:3]))
    text = f"{study}: {page} was withheld: {said}"
    record = known.get(study)
    texts = card_texts(record.study) if record else {}
    plain = {key: " ".join(held.split()) for key, held in texts.items()}
    keys = [
        key
        for fault in faults
        for key, held in plain.items()
        if held and (held in fault.detail or fault.detail in held)
    ]
    where = ", ".join(dict.fromkeys(keys))
    return f"{text} (in {record.study.path}: {where})" if where and record else text
