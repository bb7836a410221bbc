"""Hold the pages of a site against one another: what states the same fact must say the same.

Every number that states a fact carries its name and its value, and every finding with a verdict its
key, the page that found it and the verdict (`workbench.reporting.sentences`)::

    <span data-fact="contracts.kept_1y" data-number="0.703">70%</span>

Facts are a study's own; the front page's belong to the study whose card they stand in.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

from lxml import html

from workbench.site.editions.archive import pages_of

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_CARD = "ancestor::article[contains(@class, 'wb-study')]//h3/@id"

# What is said of each subject, and on which pages.
_Statements: TypeAlias = defaultdict[tuple[str, ...], defaultdict[str, list[str]]]


def disagreements(site: Path) -> list[str]:
    """Compare what the pages of a site say of each fact, and the verdict of each finding.

    Parameters
    ----------
    site : Path
        The finished site.

    Returns
    -------
    list of str
        One sentence a fact that has several texts in one language, or several values in all, and
        one a finding that has several verdicts; each names the pages. A page that was kept from an
        earlier run, since its notebook failed, is left out: it tells of another time and says so.
    """
    texts, values, verdicts = _no_statements(), _no_statements(), _no_statements()
    for path in pages_of(site):
        page = path.relative_to(site).as_posix()
        root = html.fromstring(path.read_bytes())
        if root.xpath("//*[contains(@class, 'wb-notice-title')]"):
            continue
        for node in root.xpath("//*[@data-fact]"):
            subject = (_study(page, node), str(node.get("data-fact")))
            number = str(node.get("data-number"))
            values[subject][number].append(page)
            if not _DAY.fullmatch(number):  # a card writes the name of a month short
                said = " ".join(node.text_content().split())
                texts[(*subject, _language(node))][said].append(page)
        for node in root.xpath("//*[@data-verdict]"):
            finder = node.get("data-page") or _notebook(page)
            subject = (_study(page, node), f"{finder}/{node.get('data-finding')}")
            verdicts[subject][str(node.get("data-verdict"))].append(page)
    return [*_contradictions(texts), *_contradictions(values), *_contradictions(verdicts)]


def _no_statements() -> _Statements:
    return defaultdict(lambda: defaultdict(list))


def _contradictions(statements: Mapping[tuple[str, ...], Mapping[str, list[str]]]) -> Iterator[str]:
    for subject, by_text in statements.items():
        if len(by_text) > 1:
            told = "; ".join(
                f"{text!r} on {', '.join(dict.fromkeys(pages))}" for text, pages in by_text.items()
            )
            yield f"{' '.join(subject)}: {told}"


def _study(page: str, node: Any) -> str:
    """Name the study that a fact belongs to; on a front page, that of the card it stands in."""
    parts = PurePosixPath(page).parts
    if "studies" in parts[:-1]:
        return parts[parts.index("studies") + 1]
    return "".join(node.xpath(_CARD)).removeprefix("study-")


def _notebook(page: str) -> str:
    """Name the execution whose page it is: ``clv``, or ``case_evaluation-desk``."""
    parts = PurePosixPath(page).with_suffix("").parts
    return "-".join(parts[parts.index("studies") + 2 :]) if "studies" in parts[:-1] else ""


def _language(node: Any) -> str:
    # The card of a study that has one language stands on the front page of another.
    tag = str(next(iter(node.xpath("ancestor-or-self::*[@lang][1]/@lang")), ""))
    return tag if tag.startswith("zh-Hant") else tag[:2]
