"""The pages of one run alone: made from what a bundle holds, and compared by what they say."""

from __future__ import annotations

import base64
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from lxml import html

from workbench.bundle.parts import BEFORE, PROJECT, RUN, SITE, STUDY, Bundle
from workbench.bundle.seal import Discrepancy
from workbench.site import publish

#: A number as pages print it, in any grouping.
NUMBER = re.compile(r"\d[\d.,]*")
#: Pages tell when the site was made only through this, which no page needs to be told by.
_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)


@contextmanager
def laid_out(bundle: Bundle, data: str = STUDY, run: str = RUN) -> Iterator[Path]:
    """Lay a bundle out as a project on disk, for as long as it is needed.

    Parameters
    ----------
    bundle : Bundle
        Or its parts, before they are sealed.
    data : str
        The part that holds the study: the study itself, or its twin.
    run : str
        The part that becomes the study's run; empty for none.
    """
    study = bundle.facts["study"]
    with tempfile.TemporaryDirectory(
        prefix="workbench-bundle-", ignore_cleanup_errors=True
    ) as folder:
        root = Path(folder).resolve()
        bundle.lay_out(PROJECT, root)
        bundle.lay_out(data, root / "data" / study)
        bundle.lay_out(BEFORE, root / "runs" / study)
        if run:
            bundle.lay_out(run, root / "runs" / study / bundle.facts["run"])
        yield root


def rendered(bundle: Bundle) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Make the site of the run anew, from the executed notebooks and the stored results.

    Returns
    -------
    dict of str to bytes
        The site's files.
    tuple of str
        Warnings.
    """
    with laid_out(bundle) as root:
        made = publish(root, studies=[bundle.facts["study"]], renderer="embedded", now=_MOMENT)
        files = {
            path.relative_to(made.site).as_posix(): path.read_bytes()
            for path in sorted(made.site.rglob("*"))
            if path.is_file()
        }
    return files, made.warnings


def differing_pages(bundle: Bundle, anew: Mapping[str, bytes]) -> Iterator[Discrepancy]:
    """Compare the pages of a bundle with those made anew, by the texts that they show."""
    packed = bundle.below(SITE)
    for name in sorted({*packed, *anew}):
        where = f"{SITE}/{name}"
        if name not in packed:
            yield Discrepancy("page", where, "it should be there: the run has such a page")
        elif name not in anew:
            yield Discrepancy("page", where, "no notebook of the run makes this page")
        elif packed[name] != anew[name]:
            if not name.endswith(".html"):
                yield Discrepancy("page", where, "it is not what the run's notebooks make")
                continue
            told = list(_differences(packed[name], anew[name]))
            for place, was, now in told[:5]:
                yield Discrepancy(
                    "page", f"{where}, {place}", f"it says {was!r}, the run's notebooks say {now!r}"
                )
            if not told:
                yield Discrepancy("page", where, "its markup is not what the run's notebooks make")


def strange_numbers(bundle: Bundle, anew: Mapping[str, bytes]) -> Iterator[Discrepancy]:
    """Yield the numbers on a study's pages that are not on the pages made anew."""
    for name, page in bundle.below(SITE).items():
        if not name.endswith(".html") or "studies/" not in name:
            continue
        if name not in anew:
            yield Discrepancy("page", f"{SITE}/{name}", "no notebook of the run makes this page")
            continue
        known = {n for _, text in _texts(anew[name]) for n in NUMBER.findall(text)}
        for place, text in _texts(page):
            strange = [number for number in NUMBER.findall(text) if number not in known]
            if strange and not text.startswith("data:"):
                told = f"{', '.join(strange[:5])} stands in no executed notebook"
                yield Discrepancy("page", f"{SITE}/{name}, {place}", told)


def numbers_in(page: bytes) -> int:
    """Count the numbers that a page shows."""
    return sum(len(NUMBER.findall(text)) for _, text in _texts(page))


def _differences(packed: bytes, anew: bytes) -> Iterator[tuple[str, str, str]]:
    from difflib import SequenceMatcher

    old, new = list(_texts(packed)), list(_texts(anew))
    pairs = SequenceMatcher(None, [t for _, t in new], [t for _, t in old], autojunk=False)
    for kind, a, b, c, d in pairs.get_opcodes():
        if kind != "equal":
            place = (old[c:d] or new[a:b])[0][0]
            told, meant = (" ".join(t for _, t in part) for part in (old[c:d], new[a:b]))
            yield place, *differing_parts(told, meant)
    drawn = (_drawings(packed), _drawings(anew))
    if len(drawn[0]) == len(drawn[1]):
        for (place, was), (_, now) in zip(*drawn, strict=True):
            if was != now:
                yield place, *differing_parts(was, now)
    marks = (_marks(packed), _marks(anew))
    for (place, was), (_, now) in zip(*marks, strict=False):
        if was != now:
            yield place, was, now


def differing_parts(told: str, meant: str) -> tuple[str, str]:
    """Cut what two texts share at both ends, to whole words."""
    ours, theirs = told.split(), meant.split()
    while ours and theirs and ours[0] == theirs[0]:
        ours, theirs = ours[1:], theirs[1:]
    while ours and theirs and ours[-1] == theirs[-1]:
        ours, theirs = ours[:-1], theirs[:-1]
    return " ".join(ours)[:80], " ".join(theirs)[:80]


def _texts(page: bytes) -> Iterator[tuple[str, str]]:
    """Yield every text of a page with the heading that it stands under."""
    place = "head"
    for node in html.fromstring(page).iter():
        if not isinstance(node.tag, str) or node.tag in ("script", "style"):
            tail = " ".join((node.tail or "").split())
            if tail:
                yield place, tail
            continue
        if re.fullmatch(r"h[1-6]", node.tag):
            place = f"under {' '.join(node.text_content().split())!r}"
        for text in (node.text, *(child.tail for child in node if isinstance(child.tag, str))):
            plain = " ".join((text or "").split())
            if plain:
                yield place, plain
        for name in ("alt", "title", "aria-label", "content"):
            if node.get(name):
                yield place, " ".join(str(node.get(name)).split())
        if str(node.get("href") or "").startswith("data:"):
            yield f"{place}, the file offered there", _offered(str(node.get("href")))


def _offered(address: str) -> str:
    """Give the lines of a table that a page offers as a file, so that a changed cell is named."""
    kind, _, code = address.partition(";base64,")
    try:
        lines = base64.b64decode(code, validate=True).decode("utf-8-sig").split()
    except ValueError:
        return address
    return f"{kind} {' '.join(lines)}"


def _drawings(page: bytes) -> list[tuple[str, str]]:
    """List the figures that a page draws, each with the name it is read out by."""
    found = []
    for number, node in enumerate(html.fromstring(page).iter("svg"), start=1):
        names = (each.get("aria-label") for each in (node, *node.iterancestors()))
        said = " ".join(next((name for name in names if name), "").split())[:60]
        drawing = html.tostring(node, encoding="unicode", with_tail=False)
        found.append((f"figure {number} ({said})" if said else f"figure {number}", drawing))
    return found


def _marks(page: bytes) -> list[tuple[str, str]]:
    """List the numbers and verdicts that a page's markup carries."""
    names = ("data-fact", "data-number", "data-finding", "data-verdict")
    root = html.fromstring(page)
    return [
        (f"{name} of {' '.join(node.text_content().split())[:40]!r}", str(node.get(name)))
        for name in names
        for node in root.xpath(f"//*[@{name}]")
    ]
