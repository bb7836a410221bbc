"""What has moved beyond noise, of all that a study watches: one finding for each that has.

Whether something has moved, the chart of `workbench.goals.change_points` says. Shares of countable
units are charted on the arcsine scale, small counts on that of their roots, other positive values
on that of their logarithms, so that their scatter is alike whatever their level; the rest as they
are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from workbench.arrays import Array
from workbench.goals.change_points import (
    FEWEST,
    PHI,
    WINDOW,
    Expected,
    expect,
    last_windows,
    likely_phi,
    limit_for,
    odds_of_phi,
    pull,
    scores,
    settled,
)
from workbench.goals.control_charts import digits_of
from workbench.goals.record import GoalError, IndicatorRecord, WithheldError, read_record
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Picture, Result, columns_of, labelled
from workbench.results.estimate import Kind
from workbench.study import Alerts, Watch
from workbench.study.fields import english

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOVED, BETTER, WORSE = "moved", "moved for the better", "moved for the worse"
NOISE, SHORT, SILENT, SMALL = (
    "no more than random variation",
    "too few periods",
    "no value any more",
    "too few customers to be shown",
)
#: Verdicts that are told, the most pressing first.
TOLD: Final = (SILENT, WORSE, MOVED, BETTER)
_MESSAGES: Final = {
    (True, False): "{what} has been at {after} since {since}, above its usual {usual}",
    (False, False): "{what} has been at {after} since {since}, below its usual {usual}",
    (True, True): "{what} ({of}) has been at {after} since {since}, above its usual {usual}",
    (False, True): "{what} ({of}) has been at {after} since {since}, below its usual {usual}",
}
_SILENT: Final = {
    False: "{what} has had no value since {since}",
    True: "{what} ({of}) has had no value since {since}",
}
_ADVICE: Final = {
    WORSE: Advice("Find out what changed in or before {since}, and whether it goes on.", 2),
    MOVED: Advice("Find out what changed in or before {since}, and whether it goes on.", 4),
    BETTER: Advice("Find out what brought this about, and keep it.", 7),
    SILENT: Advice("Ask why nothing has come in since {since}.", 0),
}
#: Counts below this scatter as their roots do.
_FEW: Final = 20


@dataclass(frozen=True)
class Alerting(Result):
    """All that is watched, and what of it has moved.

    Attributes
    ----------
    table : DataFrame
        One row a record, those that have moved first: indicator, title, by, of (the group), every,
        periods (measured), base (that set the limits), usual, low, high (between which the mean of
        the periods since would lie by chance), after (that mean), since (first period of a new
        level, or of none), score, limit, phi (autocorrelation), verdict.
    records : tuple of IndicatorRecord
        In the order of the table.
    periods : float
        In how many periods of one record a false alarm may begin.
    """

    table: pd.DataFrame
    records: tuple[IndicatorRecord, ...]
    periods: float

    @property
    def moved(self) -> pd.DataFrame:
        """The records to tell of, the most pressing first."""
        return self.table[self.table["verdict"].isin(TOLD)]

    def written(self, *, moved: bool = False) -> pd.DataFrame:
        """Give the records for readers, those that have moved or all: values in their own units."""
        rows = self.moved if moved else self.table
        usual: list[Any] = []
        after: list[Any] = []
        for at, row in rows.iterrows():
            level, since = self._levels(row, self.records[int(str(at))])
            usual.append(level if np.isfinite(level.value) else None)
            after.append(since if np.isfinite(since.value) else None)
        labels = {
            name: (x.label, "" if name in ("usual", "after") else x.format)
            for name, x in columns_of(self.table).items()
            if name not in ("low", "high")
        }
        return labelled(
            rows.assign(usual=usual, after=after).drop(columns=["low", "high"]), **labels
        )

    def _levels(
        self, row: Mapping[Any, Any] | pd.Series[Any], record: IndicatorRecord
    ) -> tuple[Estimate, Estimate]:
        about: dict[str, Any] = {"kind": record.form, "unit": record.unit}
        about["digits"] = _digits(row["high"] - row["low"], record.form)
        usual = Estimate(row["usual"], row["low"], row["high"], label="Usual level", **about)
        return usual, Estimate(row["after"], label="Mean since then", **about)

    def estimates(self) -> dict[str, Estimate]:
        """How many records are watched, and how many have moved."""
        charted = int((~self.table["verdict"].isin([SHORT, SMALL])).sum())
        return {
            "watched": Estimate(charted, label="Records watched", fact="alerts.watched"),
            "moved": Estimate(
                len(self.moved),
                label="Records that have moved beyond random variation",
                fact="alerts.moved",
            ),
        }

    def findings(self) -> list[Finding]:
        """How many have moved, and each of those."""
        found = self.estimates()
        values = {"n": int(found["moved"].value), "total": int(found["watched"].value)}
        if not values["total"]:
            text = "Nothing that is watched has been measured for long enough to be judged"
            return [Finding("alerts.standing", text, severity="refusal")]
        text = "{n} of {total} watched records have moved beyond random variation"
        if not values["n"]:
            text = "None of the {total} watched records has moved beyond random variation"
        worse = self.table["verdict"].isin([WORSE, SILENT]).any()
        standing = Finding(
            "alerts.standing", text, values, severity="warning" if worse else "ok", estimates=found
        )
        rows = self.moved.to_dict("records")
        return [standing, *(self._moved(row, self.records[i]) for i, row in enumerate(rows))]

    def _moved(self, row: Mapping[Any, Any], record: IndicatorRecord) -> Finding:
        verdict, grouped = str(row["verdict"]), bool(row["by"])
        usual, after = self._levels(row, record)
        values = {
            "what": row["title"], "of": row["of"], "by": row["by"],
            "since": row["since"].date(), "after": after, "usual": usual,
        }  # fmt: skip
        message = _SILENT[grouped]
        if verdict != SILENT:
            message = _MESSAGES[bool(row["after"] > row["usual"]), grouped]
        place = f"{row['by']}={row['of']}" if grouped else "all"
        return Finding(
            f"alerts.moved.{row['indicator']}.{row['every']}.{place}",
            message,
            values,
            verdict=verdict,
            severity="warning" if verdict in (WORSE, SILENT) else "note",
            estimates={} if verdict == SILENT else {"after": after, "usual": usual},
            advice=_ADVICE[verdict],
        )

    def picture(self) -> Picture | None:
        """Chart of the most pressing record that has moved; None where none has."""
        moved = self.moved[self.moved["verdict"] != SILENT]
        if moved.empty:
            return None
        row, place = moved.iloc[0], int(moved.index[0])
        return Picture(
            partial(self.plot, place=place),
            "{what} ({of}): what has moved" if row["by"] else "{what}: what has moved",
            "Measured values, the usual level, and the mean since {since}",
            self.measured(place),
            {"what": row["title"], "of": row["of"], "since": row["since"].date()},
        )

    def measured(self, place: int) -> pd.DataFrame:
        """Give the measured values of a record: period, value, base (whether it sets limits)."""
        record, row = self.records[place], self.table.iloc[place]
        first = _first_of_base(record.value.size, int(row["base"]))
        number = np.arange(record.value.size)
        table = pd.DataFrame(
            {
                "period": pd.to_datetime(record.start),
                "value": record.value,
                "base": (number >= first) & (number < first + int(row["base"])),
            }
        )
        form = {"percent": "percent:1", "money": "money:0"}.get(record.form, "number")
        return labelled(table, period=("Period", "date"), value=("Measured", form))

    def plot(
        self, ax: Axes | None = None, *, language: str | Language = "en", place: int = 0
    ) -> Axes:
        """Draw a record of the table: its values, its usual level, and what came since."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        row, course = self.table.iloc[place], self.measured(place)
        ax.plot(course["period"], course["value"], "o-", color="C0", markersize=3, linewidth=0.8)
        base = course.loc[course["base"], "period"]
        if len(base) and np.isfinite(row["usual"]):
            ax.hlines(row["usual"], base.iloc[0], course["period"].iloc[-1], color="C0",
                      linewidth=1.4, label=say("Usual level"))  # fmt: skip
        if np.isfinite(row["after"]):
            since, last = row["since"], course["period"].iloc[-1]
            ax.fill_between([since, last], row["low"], row["high"], color="C0", alpha=0.15,
                            linewidth=0, label=say("No more than random variation"))  # fmt: skip
            ax.hlines(row["after"], since, last, color="C1", linewidth=2.2,
                      label=say("Mean since then"))  # fmt: skip
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
        return ax


@dataclass(frozen=True)
class _Charted:
    """A record on the scale on which it is charted, and what its baseline lets one expect."""

    row: dict[str, Any]
    record: IndicatorRecord
    expected: Expected | None = None
    means: Array | None = None
    back: Callable[[Any], Any] = lambda value: value


def alerts(
    card: Alerts, measured: Sequence[pd.DataFrame], *, as_of: dt.date, min_cell: int = 5
) -> Alerting:
    """Find what has moved of all that a study watches.

    Parameters
    ----------
    card : Alerts
        The card's part.
    measured : sequence of DataFrame
        Of each entry of `card.watch` its indicator by period (and by group), as
        `workbench.notebook.Run.indicator` gives it.
    as_of : date
        The study's day: a record that ends before the last whole period before it is silent.
    min_cell : int
        A group whose periods have fewer behind them at the median is not shown.

    Returns
    -------
    Alerting
    """
    charted = [
        each
        for watch, frame in zip(card.watch, measured, strict=True)
        for each in _records(watch, frame, as_of, min_cell)
    ]
    live = [each for each in charted if each.expected is not None]
    periods = sum(each.record.season_length for each in live) / card.false_alarms
    periods = max(float(periods), 60.0)
    odds = None
    if live:
        likely = [likely_phi(each.expected) for each in live if each.expected is not None]
        odds = odds_of_phi(np.concatenate(likely, axis=1))
    rows = [_judged(each, odds, periods) for each in charted]
    columns = ["indicator", "title", "by", "of", "every", "periods", "base", "usual", "low", "high",
               "after", "since", "score", "limit", "phi", "verdict"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    table["since"] = pd.to_datetime(table["since"])
    urgent = {verdict: place for place, verdict in enumerate(TOLD)}
    order = sorted(
        range(len(table)),
        key=lambda i: (urgent.get(rows[i]["verdict"], 9), -abs(np.nan_to_num(rows[i]["score"]))),
    )
    table = table.iloc[order].reset_index(drop=True)
    table = labelled(
        table,
        title="Watched",
        of="Group",
        periods="Periods",
        base="That set the limits",
        usual=("Usual level", "number"),
        low=("Lower limit", "number"),
        high=("Upper limit", "number"),
        after=("Mean since then", "number"),
        since=("Since", "date"),
        verdict="Verdict",
    )
    return Alerting(table, tuple(charted[i].record for i in order), periods)


def _records(
    watch: Watch, frame: pd.DataFrame, as_of: dt.date, min_cell: int
) -> Iterator[_Charted]:
    about = frame.attrs.get("indicator", {})
    title = english(watch.title) or str(about.get("title", watch.indicator))
    if watch.since is not None:
        frame = frame[pd.to_datetime(frame["period"]) >= pd.Timestamp(watch.since)]
    groups: list[tuple[str, pd.DataFrame]] = [("", frame)]
    if watch.by is not None:
        groups = [(str(of), part) for of, part in frame.groupby(watch.by, observed=True)]
    for of, part in groups:
        row = {
            "indicator": watch.indicator, "title": title, "by": watch.by or "", "of": of,
            "every": watch.every, "better": about.get("better", "") if _sided(watch) else "",
        }  # fmt: skip
        part.attrs["indicator"] = about
        try:
            record = read_record(part, name=title)
        except WithheldError:
            record = read_record(part.assign(estimate=0.0), name=title)
            yield _Charted(row | {"periods": 0, "base": 0, "verdict": SMALL}, record)
            continue
        except GoalError:
            continue  # never measured: there is nothing to watch
        record = replace(record, kind=watch.every)
        yield _charted(row, record, watch, as_of, min_cell)


def _sided(watch: Watch) -> bool:
    """Tell whether more or less of it is better: of rows that come in, neither is."""
    return not watch.indicator.startswith(("rows.", "series"))


def _charted(
    row: dict[str, Any], record: IndicatorRecord, watch: Watch, as_of: dt.date, min_cell: int
) -> _Charted:
    row |= {"periods": record.value.size, "base": 0}
    if watch.by and np.nanmedian(record.n) < min_cell and not watch.indicator.startswith("rows."):
        return _Charted(row | {"verdict": SMALL}, record)
    gaps = np.diff(record.step) - 1
    lately = record.step_of(as_of) - int(record.step[-1])
    if record.value.size > FEWEST and lately > gaps.max():
        silent = pd.Timestamp(record.end[-1])
        return _Charted(row | {"verdict": SILENT, "since": silent}, record)
    if record.value.size <= FEWEST:
        return _Charted(row | {"verdict": SHORT}, record)
    size = watch.most if record.value.size > watch.most else FEWEST
    first = _first_of_base(record.value.size, size)
    value, se, back = _on_a_scale(record, first, size)
    scale = _uneven(value, se, first, size)
    after = value.size - first - size
    later = slice(first + size, value.size)
    windows = last_windows(after)
    by_chance = (se / scale)[first : first + size] ** 2
    known = by_chance[np.isfinite(by_chance)]
    expected = expect(
        value[None, first : first + size],
        windows,
        record.step[first:],
        season=record.season_length,
        scale=scale[first:],
        least=float(np.sqrt(known.mean())) if known.size else 0.0,
    )
    means = (value[later] @ windows.T)[None]
    return _Charted(row | {"base": size}, record, expected, means, back)


def _first_of_base(periods: int, base: int) -> int:
    """Give the first period of the baseline: once there is room, it ends before the windows."""
    return max(0, periods - WINDOW - base)


def _on_a_scale(
    record: IndicatorRecord, first: int, size: int
) -> tuple[Array, Array, Callable[[Any], Any]]:
    """Give values and errors on a scale on which they scatter alike, and the way back."""
    value, n = record.value, record.n
    if record.counted and np.isfinite(n).all() and (n > 0).all():
        root = np.arcsin(np.sqrt((value * n + 3 / 8) / (n + 3 / 4)))
        return root, 1 / (2 * np.sqrt(n + 1 / 2)), lambda x: np.sin(np.clip(x, 0, np.pi / 2)) ** 2
    whole = (value >= 0).all() and np.allclose(value, np.round(value))
    if whole and np.median(value[first : first + size]) < _FEW:
        return 2 * np.sqrt(value + 3 / 8), np.ones(value.size), _squared
    if (value > 0).all():
        return np.log(value), record.se / value, np.exp
    return value, record.se, lambda x: x


def _squared(x: Any) -> Any:
    return np.maximum((np.maximum(x, 0) / 2) ** 2 - 3 / 8, 0)


def _uneven(value: Array, se: Array, first: int, size: int) -> Array:
    """Say how uncertain the values are, one against another: by chance, and beyond it."""
    if not np.isfinite(se).all():
        return np.ones(value.size)
    base = slice(first, first + size)
    beyond = max(0.0, float(value[base].var(ddof=1) - (se[base] ** 2).mean()))
    variance = beyond + se**2
    if not variance[base].mean() > 0:
        return np.ones(value.size)
    return np.asarray(np.sqrt(variance / variance[base].mean()))


def _judged(each: _Charted, odds: Array | None, periods: float) -> dict[str, Any]:
    nothing = dict.fromkeys(("usual", "low", "high", "after", "score", "limit", "phi"), np.nan)
    row = {**nothing, "since": pd.NaT, **each.row}
    if each.expected is None or each.means is None:
        return row
    found = scores(each.expected, each.means, odds)[0]
    pulls = pull(found, np.arange(1, found.size + 1))
    place = int(pulls.argmax())
    limit = limit_for(row["base"], periods)
    centre, reach = _limits(each.expected, odds, place, limit)
    record = each.record
    usual, low, high = (float(each.back(x)) for x in (centre, centre - reach, centre + reach))
    after = float(each.back(each.means[0, place]))
    verdict = NOISE
    if pulls[place] > limit:
        gain = np.sign(after - usual) * {"up": 1, "down": -1}.get(row["better"], 0)
        verdict = BETTER if gain > 0 else WORSE if gain < 0 else MOVED
    weight = settled(each.expected, odds)[:, 0]
    return row | {
        "usual": usual, "low": low, "high": high, "after": after, "score": float(found[place]),
        "since": pd.Timestamp(record.start[-1 - place]), "limit": limit, "verdict": verdict,
        "phi": float(weight @ np.array(PHI)[each.expected.phi]),
    }  # fmt: skip


def _limits(
    expected: Expected, odds: Array | None, place: int, limit: float
) -> tuple[float, float]:
    """Find the mean of a window that is expected, and how far from it the limit lies."""
    one = Expected(
        expected.weight, expected.phi, expected.free,
        expected.centre[:, :, [place]], expected.error[:, :, [place]],
    )  # fmt: skip
    centre = float(settled(one, odds)[:, 0] @ one.centre[:, 0, 0])
    near, far = 0.0, 60 * float(one.error.max())
    for _ in range(40):
        middle = (near + far) / 2
        beyond = pull(scores(one, np.array([[centre + middle]]), odds), place + 1)[0, 0] > limit
        near, far = (near, middle) if beyond else (middle, far)
    return centre, far


def _digits(width: float, form: Kind) -> int | None:
    if not np.isfinite(width):
        return None
    return max(1, digits_of(100 * width) - 1) if form == "percent" else digits_of(width)
