"""What goes with leaving sooner: Cox regression, with a check of what it takes for granted.

References
----------
Cox (1972), JRSS B 34(2), 187-220. Efron (1977), JASA 72, 557-565 (ties). Grambsch, Therneau
(1994), Proportional hazards tests and diagnostics based on weighted residuals, Biometrika 81(3),
515-526. Lin, Wei (1989), JASA 84, 1074-1078 (rows that belong together).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from workbench.arrays import Array, Mask
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.segments.churn.performance import concordance
from workbench.stats.cox import by_survival, proportionality, schoenfeld_residuals
from workbench.stats.intervals import normal_quantile
from workbench.stats.multiplicity import holm
from workbench.stats.survival import check_times, nobody_left

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OTHER = "other"

SOME = "{n} of {total} traits are linked to leaving sooner or later"
NONE = "No trait was found to be linked with leaving"
IN_PAIRS = (
    "These traits tell who leaves first in {share} of pairs; guessing gives 50%. Where a ratio "
    "is 2, contracts end at twice the rate."
)
CHANGING = "The ratios of {names} change over the life of a contract; read them as averages."
SAID_ALREADY = "Left out, because the other traits say the same already: {names}."
STEADY = "No hazard ratio was seen to change over the life of a contract."


@dataclass(frozen=True)
class Hazards(Result):
    """A Cox regression.

    Attributes
    ----------
    table : DataFrame
        One row a term: term, driver, level, reference, n (rows of that level), estimate (hazard
        ratio: 2 means leaving at twice the rate), low, high, p_value, p_holm (over all terms).
    coefficients : DataFrame
        One row a term: estimate, se (of the logarithm of the hazard ratio).
    proportionality : DataFrame
        One row a term and one called GLOBAL: term, driver, level, rho, statistic, p_value,
        p_holm. A small p-value says that the hazard ratio changes with time; rho tells which way.
    concordance : Estimate
        Share of pairs of which the one with the higher risk left first.
    n, events, left_out : int
        Rows used, rows that ended, rows left out because a driver is missing.
    log_likelihood : float
        Partial, at the estimate.
    redundant : tuple of str
        Drivers left out because they can be told from the others, as a region from the city.
    """

    table: pd.DataFrame
    coefficients: pd.DataFrame
    proportionality: pd.DataFrame
    concordance: Estimate
    n: int
    events: int
    left_out: int
    log_likelihood: float
    redundant: tuple[str, ...] = ()

    @property
    def changing(self) -> tuple[str, ...]:
        """Terms whose effect changes with time, at the 5 % level after Holm."""
        t = self.proportionality
        return tuple(t.loc[(t["p_holm"] < 0.05) & (t["term"] != "GLOBAL"), "term"])

    def estimates(self) -> dict[str, Estimate]:
        """Concordance and the hazard ratio of each term."""
        return {
            "concordance": self.concordance.named(kind="percent"),
            **named_estimates(self.table, "term"),
        }

    def findings(self) -> list[Finding]:
        """How many traits go with leaving, how surely; which were left out; whether steadily."""
        sure = int((self.table["p_holm"] < 0.05).sum())
        share = self.estimates()["concordance"]
        moving = list(self.changing)
        found = [
            Finding("churn.traits", SOME if sure else NONE, {"n": sure, "total": len(self.table)}),
            Finding("churn.traits.concordance", IN_PAIRS, {"share": share}),
        ]
        if self.redundant:
            names = {"names": list(self.redundant)}
            found.append(Finding("churn.traits.redundant", SAID_ALREADY, names))
        message = CHANGING if moving else STEADY
        return [*found, Finding("churn.traits.steady", message, {"names": moving})]

    def picture(self) -> Picture:
        """Hazard ratios."""
        return Picture(
            self.plot,
            "What is linked to churn",
            "Hazard ratio against the most frequent level",
            self.table,
        )

    def plot(
        self, ax: Axes | None = None, *, most: int = 14, language: str | Language = "en"
    ) -> Axes:
        """Dots with intervals: hazard ratios on a logarithmic scale, the surest on top."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import FuncFormatter, NullFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.sort_values("p_value", kind="stable").iloc[:most]
        t = t.sort_values("estimate", kind="stable")
        at = np.arange(len(t))
        sides = [t["estimate"] - t["low"], t["high"] - t["estimate"]]
        ax.errorbar(t["estimate"], at, xerr=sides, fmt="o")
        ax.axvline(1, color="0.6", linewidth=1)
        ax.set_yticks(at, [_named(say, *row) for row in zip(t["driver"], t["level"], strict=True)])
        ax.set_xscale("log")
        around = [0.1, 0.25, 0.5, 0.8, 1, 1.25, 2, 4, 10]
        low, high = float(t["low"].min()), float(t["high"].max())
        ax.set_xticks([x for x in around if low * 0.8 <= x <= high * 1.25] or [1])
        ax.xaxis.set_major_formatter(FuncFormatter(_times))
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.set_xlabel(say("Leaves at so many times the rate"))
        return ax


def _named(say: Language, driver: str, level: str) -> str:
    if not level:
        return say.name(driver)
    return say("{attribute}: {level}", attribute=driver, level=level)


def _times(x: float, _: object) -> str:
    return f"{x:g}"


def hazards(
    frame: pd.DataFrame,
    duration: ArrayLike,
    ended: ArrayLike,
    *,
    drivers: Sequence[str] | None = None,
    reference: Mapping[str, object] | None = None,
    cluster: ArrayLike | None = None,
    min_events: int = 5,
    level: float = 0.95,
) -> Hazards:
    """Fit a Cox regression with Efron's treatment of ties.

    Parameters
    ----------
    frame : DataFrame
        One row a customer or contract; numbers are used as they are, words by level. What is
        learnt only after the start must not be among them.
    duration, ended : array_like, shape (n,)
        Time watched, and whether they left.
    drivers : sequence of str, optional
        Columns to use; all by default.
    reference : mapping, optional
        Column -> the level against which the others are held; the most frequent by default.
    cluster : array_like, shape (n,), optional
        Rows that belong together (contracts of one customer): intervals allow for it.
    min_events : int
        Levels in which fewer left share the level "other".
    level : float
        Confidence.

    Raises
    ------
    DataError
        An unknown column, a driver that does not vary, a level in which nobody left, nobody who
        left at all, or an estimate that runs away.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from workbench.segments import hazards
    >>> rng = np.random.default_rng(1)
    >>> people = pd.DataFrame({"plan": rng.choice(["Basic", "Plus"], 300)})
    >>> months = rng.exponential(np.where(people["plan"] == "Plus", 20, 10))
    >>> found = hazards(people, months, np.ones(300, dtype=bool))
    >>> found.table[["level", "reference"]].to_numpy().tolist(), bool(found.table["low"].item() > 1)
    ([['Basic', 'Plus']], True)
    """
    from statsmodels.duration.hazard_regression import PHReg

    names = list(frame.columns if drivers is None else drivers)
    missing = [c for c in names if c not in frame]
    if missing:
        raise DataError(
            f"there is no column {', '.join(map(repr, missing))}",
            remedy=f"columns: {', '.join(map(str, frame.columns))}",
        )
    if not names:
        raise DataError("there is no driver", remedy="name at least one column")
    time, event = check_times(duration, ended)
    if len(frame) != time.size:
        raise DataError(
            f"there are {len(frame)} rows of drivers and {time.size} durations",
            remedy="give one row each",
        )
    if not event.any():
        raise nobody_left(event.size)
    kept = frame[names].notna().all(axis=1).to_numpy()
    if not kept.any() or not event[kept].any():
        raise DataError(
            "no row with all drivers known left",
            remedy="leave out the driver that is mostly missing",
        )
    X, terms = _design(frame.loc[kept, names], event[kept], dict(reference or {}), min_events)
    redundant = _redundant(X, terms["driver"].to_numpy())
    told = ~terms["driver"].isin(redundant).to_numpy()
    X, terms = X[:, told], terms[told].reset_index(drop=True)
    time, event = time[kept], event[kept]
    model = PHReg(time, X, status=event, ties="efron")
    groups = None if cluster is None else pd.factorize(np.asarray(cluster)[kept])[0]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        fit = model.fit(groups=groups)
        beta, se = np.asarray(fit.params), np.asarray(fit.bse)
        curvature = -model.hessian(beta)
    if np.isfinite(curvature).all():
        naive = np.linalg.pinv(curvature)
        # a coefficient that runs away leaves its curvature at next to nothing
        spread = np.sqrt(np.clip(np.diag(naive), 0, None)) * X.std(axis=0)
        runaway = ~np.isfinite(beta) | ~np.isfinite(se) | (spread > 50)
    else:
        # who the numbers failed on is not told; the steepest effect is the likeliest
        size = np.abs(np.nan_to_num(beta, nan=np.inf)) * X.std(axis=0)
        runaway = size == size.max()
    if runaway.any():
        raise DataError(
            f"the effect of {terms['term'][int(np.flatnonzero(runaway)[0])]!r} cannot be estimated",
            remedy="leave it out, or pool its levels",
        )
    z = normal_quantile(level)
    table = terms.assign(
        estimate=np.exp(beta), low=np.exp(beta - z * se), high=np.exp(beta + z * se),
        p_value=chdtrc(1, (beta / se) ** 2),
    )  # fmt: skip
    table["p_holm"] = holm(table["p_value"])
    table = labelled(
        table, driver="Trait", level="Level", reference="Against", n="Contracts",
        estimate=("Hazard ratio", "number:2"), p_holm=("p (Holm)", "p"),
    )  # fmt: skip
    steadiness = _proportionality(X, time, event, beta, naive, list(terms["term"]))
    named = terms[["term", "driver", "level"]]
    steadiness = steadiness.merge(named, on="term", how="left", validate="one_to_one")
    steadiness["driver"] = steadiness["driver"].fillna(steadiness["term"])
    steadiness["level"] = steadiness["level"].fillna("")
    return Hazards(
        table=table,
        coefficients=pd.DataFrame({"term": terms["term"], "estimate": beta, "se": se}),
        proportionality=labelled(
            steadiness,
            driver="Trait",
            level="Level",
            rho=("Correlation with time", "number:2"),
            statistic=("Chi-squared", "number:2"),
            p_value=("p", "p"),
            p_holm=("p (Holm)", "p"),
        ),
        concordance=concordance(time, event, X @ beta, level=level),
        n=int(kept.sum()),
        events=int(event.sum()),
        left_out=int((~kept).sum()),
        log_likelihood=float(fit.llf),
        redundant=redundant,
    )


def _design(
    frame: pd.DataFrame, event: Mask, reference: dict[str, object], min_events: int
) -> tuple[Array, pd.DataFrame]:
    columns: list[Array] = []
    terms: list[dict[str, Any]] = []
    for name in frame:
        values = frame[name]
        if pd.api.types.is_numeric_dtype(values):
            number = np.asarray(values, dtype=float)
            if not np.isfinite(number).all():
                raise DataError(f"{name} is infinite somewhere", remedy="mend or cap it")
            _refuse_constant(str(name), number)
            columns.append(number)
            terms.append({"term": str(name), "driver": str(name), "level": "", "reference": "",
                          "n": number.size})  # fmt: skip
            continue
        words = _pooled(values.astype(str), event, min_events)
        counts = words.value_counts()
        if len(counts) < 2:
            raise DataError(
                f"{name} is {counts.index[0]!r} throughout", remedy="leave this driver out"
            )
        base = str(reference.get(str(name), counts.index[0]))
        if base not in counts.index:
            raise DataError(
                f"{name} has no level {base!r}", remedy=f"levels: {', '.join(counts.index)}"
            )
        for word in [w for w in sorted(counts.index, key=lambda w: (w == OTHER, w)) if w != base]:
            inside = (words == word).to_numpy()
            for what, those in ((word, inside), (base, (words == base).to_numpy())):
                if not event[those].any():
                    raise DataError(
                        f"nobody left whose {name} is {what!r} ({int(those.sum()):,} rows): its"
                        " hazard ratio has no estimate",
                        remedy="pool it with another level (min_events), or leave the driver out",
                    )
            columns.append(inside.astype(float))
            terms.append({"term": f"{name}: {word}", "driver": str(name), "level": word,
                          "reference": base, "n": int(inside.sum())})  # fmt: skip
    return np.column_stack(columns), pd.DataFrame(terms)


def _redundant(X: Array, drivers: Array) -> tuple[str, ...]:
    """Give the drivers to leave out until no column can be told from the others.

    A whole driver goes, not a level: without one of its levels the others would be held against
    another reference than the table says. Of those that the rest tells, the one with the fewest
    levels goes (a region, not the cities in it), of equals the later.
    """
    centred = (X - X.mean(axis=0)) / X.std(axis=0)
    order, out = list(dict.fromkeys(drivers)), []

    def rank(names: list[str]) -> int:
        return int(np.linalg.matrix_rank(centred[:, np.isin(drivers, names)], tol=limit))

    limit = 1e-7 * np.sqrt(X.size)
    while (whole := rank(order)) < np.isin(drivers, order).sum():
        size = {each: int((drivers == each).sum()) for each in order}
        adds = {each: whole - rank([d for d in order if d != each]) for each in order}
        told = [each for each in order if adds[each] == 0]
        # where none is told as a whole, the last that repeats a part of the others goes
        told = told or [each for each in order if adds[each] < size[each]][-1:]
        out.append(min(reversed(told), key=lambda each: size[each]))
        order.remove(out[-1])
    return tuple(out)


def _pooled(words: pd.Series, event: Mask, min_events: int) -> pd.Series:
    left = words[event].value_counts()
    rare = [w for w in words.unique() if left.get(w, 0) < min_events]
    # One rare level alone would only change its name.
    return words.where(~words.isin(rare), OTHER) if len(rare) > 1 else words


def _refuse_constant(name: str, number: Array) -> None:
    if np.ptp(number) == 0:
        raise DataError(f"{name} is {number[0]:g} throughout", remedy="leave this driver out")


def _proportionality(
    X: Array, time: Array, event: Mask, beta: Array, naive: Array, terms: list[str]
) -> pd.DataFrame:
    """Test each term and all of them; time is measured by 1 - Kaplan-Meier."""
    residuals = schoenfeld_residuals(time, event, X, beta)
    found = proportionality(residuals, naive, by_survival(time, event))
    corrected = holm(found.p) if np.isfinite(found.p).all() else found.p
    return pd.DataFrame(
        {
            "term": [*terms, "GLOBAL"],
            "rho": np.append(found.rho, np.nan),
            "statistic": np.append(found.statistic, found.statistic_all),
            "p_value": np.append(found.p, found.p_all),
            "p_holm": np.append(corrected, np.nan),
        }
    )
