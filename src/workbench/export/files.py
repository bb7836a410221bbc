"""Export: read what was published, make the file, say where it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from workbench.errors import SiteError
from workbench.export.pictures import begins_on, browser, draw, print_pdf
from workbench.export.reading import Page, PagePart, read_pages
from workbench.site.staging.fonts import SHEET
from workbench.site.words import BASE

_STYLES = ("tokens.css", "content.css", "page.css")


@dataclass(frozen=True)
class Exported:
    """A file that was made, of how many pages, and what a reader should know of it."""

    file: Path
    pages: int
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = f"{self.file} ({self.pages} page{'s' if self.pages > 1 else ''} of the site)"
        return "\n".join([said, *self.notes])


def export_study(
    site: Path,
    study: str,
    page: str | None = None,
    *,
    to: str,
    language: str = BASE,
    out: Path | None = None,
    today: date | None = None,
) -> Exported:
    """Make a file of a published study.

    Parameters
    ----------
    site : Path
        The published site.
    study : str
        Its name.
    page : str, optional
        One page; all when left out.
    to : str
        One of `FORMATS`.
    language : str
        The edition.
    out : Path, optional
        The file; ``STUDY-PAGE-LANGUAGE-DATE.TO`` here when left out.
    today : date, optional
        The date in that name.

    Raises
    ------
    SiteError
        When what is asked for is not on the site.
    SiteError
        When a PDF is asked for where nothing prints one.
    """
    if to not in FORMATS:
        raise SiteError(f"there is no format {to!r}", remedy=f"choose one of {', '.join(FORMATS)}")
    pages = read_pages(site, study, page, language)
    named = "-".join(filter(None, (study, (page or "").replace("/", "-"), language)))
    day = (today or date.today()).isoformat()
    file = out or Path(f"{named}-{day}.{to}")
    if not file.parent.is_dir():
        raise SiteError("there is no such folder", where=str(file.parent), remedy="make it first")
    notes = FORMATS[to](pages, site, language, file)
    return Exported(file, len(pages), tuple(notes))


def _styles(site: Path, language: str) -> str:
    names = list(_STYLES)
    if language != BASE and (site / "theme" / SHEET).is_file():
        names.insert(1, SHEET)  # the letters of its language
    return "\n".join((site / "theme" / x).read_text(encoding="utf-8") for x in names)


def _drawn(pages: Sequence[Page], site: Path, language: str) -> tuple[dict[int, bytes], list[str]]:
    """Draw all figures at once; without a browser say what stands in their place."""
    figures: list[PagePart] = [
        x for page in pages for x in page.parts if x.kind == "figure" and x.svg
    ]
    if figures and browser() is None:
        return {}, [f"{len(figures)} figures are there as tables: no Chromium on PATH draws them"]
    pictures = draw([x.svg for x in figures], _styles(site, language))
    return {id(x): png for x, png in zip(figures, pictures, strict=True)}, []


def _word(pages: Sequence[Page], site: Path, language: str, file: Path) -> list[str]:
    from workbench.export.word import write_word

    pictures, said = _drawn(pages, site, language)
    write_word(pages, pictures, language, file)
    return said


def _slides(pages: Sequence[Page], site: Path, language: str, file: Path) -> list[str]:
    from workbench.export.slides import write_slides

    pictures, said = _drawn(pages, site, language)
    return [*said, *write_slides(pages, pictures, language, file)]


def _sheets(pages: Sequence[Page], site: Path, language: str, file: Path) -> list[str]:
    from workbench.export.sheets import write_sheets

    return write_sheets(pages, language, file)


def _mail(pages: Sequence[Page], site: Path, language: str, file: Path) -> list[str]:
    from workbench.export.mail import one_page

    file.write_text(one_page(pages, _styles(site, language), language), encoding="utf-8")
    return []


def _pdf(pages: Sequence[Page], site: Path, language: str, file: Path) -> list[str]:
    from workbench.export.mail import one_page

    css = _styles(site, language)
    print_pdf(one_page(pages, css, language), file)
    if len(pages) > 1:  # the contents name the sheets that the first print had
        print_pdf(one_page(pages, css, language, begins_on(file)), file)
    return []


FORMATS: dict[str, Callable[[Sequence[Page], Path, str, Path], list[str]]] = {
    "docx": _word,
    "pptx": _slides,
    "xlsx": _sheets,
    "html": _mail,
    "pdf": _pdf,
}
