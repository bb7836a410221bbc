"""One page that sets the combinations of a sweep side by side; it lies with the sweep's run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import Any

from workbench.languages import Language
from workbench.reporting.overview import PAGES
from workbench.reporting.study_words import language_of
from workbench.results import Estimate
from workbench.runs.records.record import RunRecord
from workbench.runs.sweep import SweepComparison, compare_sweep
from workbench.site.personal import redact
from workbench.study import Study

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}"
    "table{border-collapse:collapse;display:block;overflow-x:auto}"
    "th,td{padding:.3rem .7rem;border-bottom:1px solid #ccc;text-align:right;vertical-align:top}"
    "th:first-child,td:first-child{text-align:left}"
)


def write_comparison(study: Study, record: RunRecord) -> list[Path]:
    """Write the comparison of a sweep into its run, a page a language of the study.

    Returns
    -------
    list of Path
        ``comparison-<language>.html``, and last the same numbers as ``comparison.csv``.
    """
    import pandas as pd

    found, paths = compare_sweep(record), list[Path]()
    for code in study.languages:
        paths.append(record.folder / f"comparison-{code}.html")
        page = "\n".join(_page(study, found, language_of(study, code), record))
        paths[-1].write_text(page + "\n", encoding="utf-8")
    paths.append(record.folder / "comparison.csv")
    pd.DataFrame(found.rows()).to_csv(paths[-1], index=False)
    return paths


def _page(study: Study, found: SweepComparison, say: Language, record: RunRecord) -> Iterator[str]:
    called = say(PAGES.get(found.notebook, found.notebook))
    title = say("{study}: {page} with other values", study=study.title, page=called)
    yield f'<!doctype html>\n<html lang="{say.tag}"><head><meta charset="utf-8">'
    yield f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>{escape(title)}</h1>"
    moving = found.moving
    count = say("{n} combinations; {moving} of {all} numbers differ between them.",
                n=len(found.settings), moving=len(moving), all=len(found.names))  # fmt: skip
    yield f"<p>{escape(count)}</p>"
    labels = [say(_label(found, name)) for name in moving]
    yield from _table([*found.varied, *labels], _cells(found, moving, say))
    same = [name for name in found.names if name not in moving]
    if same:
        yield f"<h2>{escape(say('The same in all of them'))}</h2>"
        first = next(iter(found.numbers.values()))
        rows = [[say(_label(found, name)), _written(first.get(name), say)] for name in same]
        yield from _table([say("Number"), say("Value")], rows)
    yield f"<p>{escape(record.run)}</p></body></html>"


def _cells(found: SweepComparison, moving: Iterable[str], say: Language) -> Iterator[list[str]]:
    for page, values in found.settings.items():
        given = [str(values[name]) for name in found.varied]
        if page in found.missing:
            yield [*given, redact(found.missing[page])]
            continue
        named = found.numbers.get(page, {})
        yield [*given, *(_written(named.get(name), say) for name in moving)]


def _label(found: SweepComparison, name: str) -> str:
    return next((n[name].label for n in found.numbers.values() if name in n), name) or name


def _written(estimate: Estimate | None, say: Language) -> str:
    return "" if estimate is None else say.write(estimate)


def _table(head: Iterable[str], rows: Iterable[list[Any]]) -> Iterator[str]:
    yield "<table><thead><tr>" + "".join(f"<th>{escape(h)}</th>" for h in head) + "</tr></thead>"
    yield "<tbody>"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
    yield "</tbody></table>"
