"""Headline numbers as cards: label, value, interval, and the change since the last run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from workbench.errors import ReportingError
from workbench.languages import Language
from workbench.languages.numbers import PERCENT, Value, day, money, num, pct, points
from workbench.reporting.display import emit, reader, readers
from workbench.reporting.sentences import marked, text_of
from workbench.results import Estimate, Result

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """How a number moved since the last run.

    Attributes
    ----------
    by : Value
        The difference, with its sign; percentages differ by percentage points.
    direction : {-1, 0, 1}
        Down, the same as printed, up.
    good : bool or None
        Whether that is what one wants; None when neither direction is better.
    clear : bool
        Whether the last value lies outside this run's interval; True without an interval.
    """

    by: Value
    direction: int
    good: bool | None
    clear: bool

    def text(self, language: str | Language) -> str:
        """Say it, such as ``▲ 1.2 percentage points since the last run: better``."""
        language = reader(language)
        if not self.direction:
            return language("No change since the last run")
        arrow = "▲" if self.direction > 0 else "▼"
        by = f"{arrow} {self.by.estimate(language)}"
        if not self.clear:
            message = "{by} since the last run, within the margin of error"
        elif self.good is None:
            message = "{by} since the last run"
        elif self.good:
            message = "{by} since the last run: better"
        else:
            message = "{by} since the last run: worse"
        return language(message).format(by=by)

    @property
    def css(self) -> str:
        """Class of the line, so that a style sheet can add colour to the words."""
        if not self.direction or self.good is None or not self.clear:
            return "wb-card-change"
        return f"wb-card-change {'wb-better' if self.good else 'wb-worse'}"


def headlines(
    run: Any,
    *what: Sequence[str] | Result | Mapping[str, Estimate | None] | None,
    topic: str = "",
    most: int = 4,
) -> None:
    """Show headline numbers of a run as cards, and keep those that are given whole.

    Parameters
    ----------
    run : Run
        Has ``headlines()`` and ``previous()``, estimates by page and name, and ``notebook``.
    *what : sequence of str, Result, mapping or None
        Names of numbers that were kept, such as ``clv.mean``; where several notebooks have one
        of that name, this notebook's own is taken. Or results, or estimates by name, which are
        kept; the first of them are shown. Nothing is kept or shown of None.
    topic : str
        Comes before the names of estimates, with a dot: ``clv`` for ``clv.mean``.
    most : int
        How many of the estimates are shown.
    """
    names: list[str] = []
    for each in what:
        if isinstance(each, Result):
            each = each.estimates()
        if isinstance(each, Mapping):
            for name, estimate in each.items():
                if estimate is not None:
                    names.append(f"{topic}.{name}" if topic else name)
                    run.headline(names[-1], estimate)
        else:
            names += each or []
    if not all(isinstance(each, list | tuple) for each in what):
        names = names[:most]
    if not names:
        return
    now = records(run.headlines())
    chosen = [_row_named(now, name, run.notebook) for name in names]
    absent = [name for name, row in zip(names, chosen, strict=True) if row is None]
    if absent:
        known = ", ".join(dict.fromkeys(str(row["name"]) for row in now)) or "none"
        raise ReportingError(
            f"there is no headline number {', '.join(absent)}",
            where="headlines(...)",
            remedy=f"this run has {known}; call run.headline first",
        )
    rows = [row for row in chosen if row is not None]
    before = run.previous([(str(row["notebook"]), str(row["name"])) for row in rows])
    show_cards(rows, records(before))


def show_cards(
    chosen: Sequence[Row], before: Sequence[Row], links: Mapping[str, str] | None = None
) -> None:
    """Show rows of headline numbers as cards, in every language.

    Parameters
    ----------
    chosen : sequence of mapping
        Rows of this run, as `records` gives them.
    before : sequence of mapping
        Rows of the last run.
    links : mapping, optional
        Notebook of a row to the page that tells more.
    """
    for language in readers():
        cards = [card(row, before, language, links or {}) for row in chosen]
        html = f'<ul class="wb-headlines" lang="{language.tag}">' + "\n".join(cards) + "</ul>"
        plain = "\n".join(
            f"{label_of(row, language)}: {shown_value(row).text(language)}" for row in chosen
        )
        emit("headlines", language, {"text/html": html, "text/plain": plain})


def records(numbers: Mapping[str, Mapping[str, Estimate]]) -> list[dict[str, Any]]:
    """List headline numbers, given by page and name, as rows."""
    return [
        {
            **vars(each),
            "notebook": page,
            "case": page.partition("-")[2] or None,
            "name": name,
            "value": each.day if each.kind == "date" else each.value,
        }
        for page, named in numbers.items()
        for name, each in named.items()
    ]


def shown_value(row: Row) -> Value:
    """Make the value that a row of headline numbers shows."""
    kind = str(row.get("kind") or "number")
    if kind == "date":
        return day(row["value"])
    number, digits = _number(row, kind), _known(row.get("digits"))
    return replace(
        number,
        fact=_text(row.get("fact")),
        signed=bool(_known(row.get("signed"))),
        digits=number.digits if digits is None else int(digits),
    )


def _number(row: Row, kind: str) -> Value:
    x, low, high = (_known(row.get(end)) for end in ("value", "low", "high"))
    if low is None or high is None:
        low = high = None
    if kind == "money":
        return money(x, low, high, _text(row.get("unit")) or None)
    if kind == "percent":
        return pct(x, low, high)
    if kind == "points":
        return points(x, low, high, percentage=_text(row.get("unit")) == PERCENT)
    whole = x is not None and low is None and float(x).is_integer()
    return num(int(x) if x is not None and whole else x, low, high)


def label_of(row: Row, language: str | Language) -> str:
    """Say a number's label; that of one case among several begins with the case's title."""
    language = reader(language)
    label = language(_text(row.get("label")) or str(row["name"]))
    title = row.get("case_title")
    if not isinstance(title, Mapping) or not title:
        return label
    words = text_of(title, language)
    return label if words in label else language("{case}: {label}").format(case=words, label=label)


def change(row: Row, before: Sequence[Row]) -> Change | None:
    """Compare a number with the last run's; None when there is nothing to compare with."""
    same = ("notebook", "name", "kind", "unit")
    old = [r for r in before if all(_text(r.get(k)) == _text(row.get(k)) for k in same)]
    if not old or _text(row.get("kind")) == "date":
        return None
    value, last = shown_value(row), shown_value(old[0])
    if value.x is None or last.x is None:
        return None
    hundredths = value.kind == "percent" or value.percentage
    step = 10.0 ** -value.decimals() / (100 if hundredths else 1)
    by = value.x - last.x
    moved = abs(by) >= 0.5 * step
    direction = (by > 0) - (by < 0) if moved else 0
    better = _text(row.get("better"))
    good = None if better not in ("up", "down") else (by > 0) == (better == "up")
    ends = (value.low, value.high)
    clear = ends[0] is None or ends[1] is None or not ends[0] <= last.x <= ends[1]
    # of an interval that is open on one side nobody knows whether the last value lies within it
    clear &= (_known(row.get("low")) is None) == (_known(row.get("high")) is None)
    return Change(_difference(value, by), direction, good, clear)


def _difference(value: Value, by: float) -> Value:
    size, digits = abs(by), max(value.decimals(), 0)
    if value.kind == "percent":
        return points(size, digits=digits, percentage=True)
    if value.kind == "points":
        return points(size, digits=digits, percentage=value.percentage)
    if value.kind == "money":
        return money(size, currency=value.currency or None, digits=digits)
    return num(size, digits=digits)


def card(
    row: Row, before: Sequence[Row], language: Language, links: Mapping[str, str] | None = None
) -> str:
    """Write a row of headline numbers as an ``<li>``; `before` has the rows of the last run."""
    value = shown_value(row)
    label = escape(label_of(row, language))
    page = (links or {}).get(str(row.get("notebook")))
    if page:
        label = f'<a href="{escape(page, quote=True)}">{label}</a>'
    parts = [
        f'<p class="wb-card-label">{label}</p>',
        f'<p class="wb-card-value">{marked(value, value.short(language))}{_unit(row, value)}</p>',
    ]
    if not value.known:
        parts.append(f'<p class="wb-card-interval">{language("not known")}</p>')
    interval = value.interval(language, whole=True)
    if interval:
        words = language("95% interval: {interval}").format(interval=interval)
        if row.get("of") == "forecast":
            level = language.percent(float(row["level"]), 0)
            words = language("{level} forecast range: {interval}").format(
                level=level, interval=interval
            )
        parts.append(f'<p class="wb-card-interval">{escape(words)}</p>')
    moved = change(row, before)
    if moved is not None and moved.direction:  # the page of an unchanged run is the same page
        parts.append(f'<p class="{moved.css}">{escape(moved.text(language))}</p>')
    return f'<li class="wb-card">{"".join(parts)}</li>'


def _unit(row: Row, value: Value) -> str:
    unit = _text(row.get("unit"))
    if value.kind != "number" or not unit or not value.known:
        return ""
    return f' <span class="wb-card-unit">{escape(unit)}</span>'


def _row_named(rows: Sequence[Row], name: str, notebook: str) -> Row | None:
    found = [row for row in rows if row["name"] == name]
    mine = [row for row in found if row.get("notebook") == notebook]
    return next(iter(mine or found), None)


def _known(cell: Any) -> Any:
    return None if cell is None or cell != cell else cell


def _text(cell: Any) -> str:
    return "" if cell is None or cell != cell else str(cell)
