"""One page that sets two studies, or two runs of one, side by side: message, numbers, figures.

Numbers stand as their pages stored them. Of two runs of one study it is said by how much each has
moved and whether that is more than noise; of two studies nothing is subtracted, since their
customers, times and currencies differ.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from workbench.errors import SiteError
from workbench.languages import Language
from workbench.reporting.cards import change, label_of, shown_value
from workbench.reporting.landing import sentences
from workbench.reporting.overview import Overview, overview_of
from workbench.reporting.sentences import text_of
from workbench.reporting.study_words import language_of
from workbench.runs.records.figures import StoredFigure, figures
from workbench.runs.records.handover import read_findings, read_headlines
from workbench.runs.records.record import RunRecord
from workbench.site.editions.records import pick
from workbench.site.personal import redact
from workbench.site.words import say_day, say_moment, word
from workbench.study import Study

_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,"Noto Sans SC",sans-serif;margin:2rem auto;max-width:72rem}
body{padding:0 1rem;background:light-dark(#fff,#15191f);color:light-dark(#1d2430,#e9edf2)}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:1rem 2rem}
h1{font-size:1.75rem}h2{font-size:1.25rem;margin:1.8rem 0 .4rem}
.k{color:light-dark(#566171,#a9b3c1);font-size:.875rem}
.w{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.35rem .6rem;border-bottom:1px solid light-dark(#dde2e9,#2f3742);text-align:right}
th,td{vertical-align:baseline}
th:first-child,td:first-child{text-align:left;font-weight:400}thead th{font-weight:600}
figure{margin:0}img{max-width:100%;background:#fff}h3{font-size:1rem;margin:1rem 0 .3rem}
@media print{body{margin:0;max-width:none}tr{break-inside:avoid}}
"""


@dataclass(frozen=True)
class Side:
    """One of the two: the card, the run, and what the run stored."""

    study: Study
    run: RunRecord
    overview: Overview


def side_of(study: Study, run: RunRecord) -> Side:
    """Read what a run stored.

    Parameters
    ----------
    study : Study
        Its card.
    run : RunRecord
        The run.

    Raises
    ------
    SiteError
        When it has no number.
    """
    lost: list[str] = []
    folders = sorted(run.folder.glob("results/*/"))
    numbers, found = read_headlines(folders, lost), read_findings(folders, lost)
    if not numbers:
        raise SiteError(
            "the run has stored no headline number", where=str(run.folder),
            remedy="choose a run that succeeded",
        )  # fmt: skip
    return Side(study, run, overview_of(study, numbers, found, {}))


def write_side_by_side(one: Side, other: Side, file: Path, language: str) -> Path:
    """Write the page.

    Parameters
    ----------
    one, other : Side
        What is compared; of two runs the older first.
    file : Path
        Where to.
    language : str
        Of the page, one that both studies have.

    Raises
    ------
    SiteError
        When a study has no edition in that language.
    """
    for side in (one, other):
        if language not in side.study.languages:
            raise SiteError(
                f"study {side.study.name!r} has no edition in {language!r}",
                where=str(side.study.path),
                remedy=f"choose one of {', '.join(side.study.languages)}",
            )
    file.write_text("\n".join(_page((one, other), language)) + "\n", encoding="utf-8")
    return file


def _page(sides: tuple[Side, Side], language: str) -> Iterator[str]:
    one, other = sides
    same = one.study.name == other.study.name
    says = [language_of(side.study, language) for side in sides]
    say = says[0]
    names = [_name(side, language, same) for side in sides]
    title = word("side_by_side", language, one=names[0], other=names[1])
    if same:
        title = word("colon", language).join((pick(one.study.title, language), title))
    yield f'<!doctype html>\n<html lang="{say.tag}"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>"
    yield f'<h1>{escape(title)}</h1>\n<div class="two">'
    for side, name, speaks in zip(sides, names, says, strict=True):
        until = say_day(side.run.data_to, language)
        yield f"<section><h2>{escape(name)}</h2>"
        yield f"<p>{redact(sentences(side.overview.message(), speaks, 'html'))}</p>"
        yield f'<p class="k">{escape(word("data_to", language))} {escape(until)}</p></section>'
    yield "</div>"
    heads = [word("number", language), *names, *([word("moved_by", language)] if same else [])]
    for page, rows in _pages(sides, says).items():
        yield f'<h2>{escape(page)}</h2><div class="w" tabindex="0"><table>'
        yield "<thead><tr>" + "".join(f'<th scope="col">{escape(x)}</th>' for x in heads) + "</tr>"
        yield "</thead><tbody>"
        for cells in rows:
            shown = cells if same else cells[:3]
            first, *others = (escape(x) for x in shown)
            yield f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{x}</td>" for x in others)
            yield "</tr>"
        yield "</tbody></table></div>"
    if same:
        yield from _figures(sides, names, language)
    how = word("side_by_side_how_same" if same else "side_by_side_how", language)
    yield f'<p class="k">{escape(how)}</p>'
    yield "</main></body></html>"


def _figures(sides: tuple[Side, Side], names: Sequence[str], language: str) -> Iterator[str]:
    """Draw what the two runs drew differently, a pair a figure."""
    drawn = [figures(side.run, [], language) for side in sides]
    pairs = {key: (drawn[0].get(key), drawn[1].get(key)) for key in [*drawn[1], *drawn[0]]}
    differ = [(one, other) for one, other in pairs.values() if one != other]
    if not differ:
        return
    yield f"<h2>{escape(word('figures_differ', language))}</h2>"
    for pair in differ:
        title = redact(escape(next(each.title for each in reversed(pair) if each is not None)))
        yield f'<h3>{title}</h3><div class="two">'
        for figure, name in zip(pair, names, strict=True):
            shown = escape(word("figure_missing", language))
            if figure is not None:
                shown = f'<img alt="{title}, {escape(name)}" src="{_address(figure)}">'
            yield f"<figure><figcaption>{escape(name)}</figcaption>{shown}</figure>"
        yield "</div>"


def _address(figure: StoredFigure) -> str:
    """Give a drawing as an address, whose scripts, were there any, do not run in a picture."""
    content = figure.content.strip()
    if figure.kind == "image/svg+xml":
        content = base64.b64encode(content.encode()).decode()
    return f"data:{figure.kind};base64,{content}"


def _name(side: Side, language: str, same: bool) -> str:
    if not same:
        return pick(side.study.title, language)
    return say_moment(side.run.finished or side.run.started, language, side.study.time_zone)


def _pages(
    sides: tuple[Side, Side], says: Sequence[Language]
) -> dict[str, list[tuple[str, str, str, str]]]:
    """Give the rows by page: label, both values, and by how much it has moved."""
    newer = sides[1]
    found: dict[str, list[tuple[str, str, str, str]]] = {}
    keyed = [{_key(row): row for row in side.overview.rows} for side in sides]
    for key in dict.fromkeys([*keyed[0], *keyed[1]]):
        rows = [each.get(key) for each in keyed]
        known: Any = rows[1] or rows[0]
        page = newer.overview.name_of(str(known["notebook"]))
        name = text_of(page, says[1]) if isinstance(page, Mapping) else says[1](str(page))
        label = label_of(known, says[1])
        written = [
            "–" if row is None else shown_value(row).text(say)
            for row, say in zip(rows, says, strict=True)
        ]
        found.setdefault(name, []).append(
            (label, written[0], written[1], _moved(rows[0], rows[1], says[1]))
        )
    return found


def _moved(before: Any, after: Any, say: Language) -> str:
    by = change(after, [before]) if before is not None and after is not None else None
    if by is None:
        return "–"
    return by.text(say)


def _key(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row["notebook"]), str(row["name"])
