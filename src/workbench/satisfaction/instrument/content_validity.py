"""Whether experts find that items measure what they should, and whether their rounds converge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import binom, rankdata

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.results import Estimate, Finding, Result, labelled
from workbench.stats import mean_interval, wilson

#: Modified kappa from which an item is excellent, good, fair (Polit, Beck and Owen 2007).
GRADES: Final = ((0.74, "excellent"), (0.60, "good"), (0.40, "fair"))
#: S-CVI/Ave from which a scale's content counts as valid (Waltz, Strickland and Lenz 2005).
VALID: Final = 0.90
#: Delphi: range of the middle half, share in agreement, share who still change their rating.
NARROW, AGREED, MOVING = 1.0, 0.75, 0.15


@dataclass(frozen=True)
class ContentValidity(Result):
    """What experts say of items.

    Attributes
    ----------
    table : DataFrame
        One row an item: `item`, `experts`, `relevant` (how many found it so), `estimate` (I-CVI)
        with `low`, `high` (Wilson), `chance` (that as many agree by chance), `kappa`, `cvr`
        (Lawshe), `critical` (least CVR beyond chance), `verdict`.
    average : Estimate
        S-CVI/Ave, its interval over the experts.
    universal : Estimate
        S-CVI/UA: share of the items that all experts find relevant.
    """

    table: pd.DataFrame
    average: Estimate
    universal: Estimate

    @property
    def doubtful(self) -> list[str]:
        """Items that are less than good, the worst first."""
        rows = self.table[~self.table["verdict"].isin(["excellent", "good"])]
        return [str(item) for item in rows.sort_values("kappa", kind="stable")["item"]]

    def estimates(self) -> dict[str, Estimate]:
        """S-CVI/Ave and S-CVI/UA."""
        return {
            "s_cvi_ave": self.average.named("Content validity, mean of the items (S-CVI/Ave)"),
            "s_cvi_ua": self.universal.named("Items that all experts find relevant (S-CVI/UA)"),
        }

    def findings(self) -> list[Finding]:
        """Whether the content is valid, and which items to revise."""
        named = self.estimates()
        valid = self.average.value >= VALID
        message = "The content is valid by the experts' ratings: {average}"
        if not valid:
            message = "The content is not yet valid by the experts' ratings: {average}, below 90%"
        verdict = "valid" if valid else "not valid"
        values = {"average": named["s_cvi_ave"]}
        found = [Finding("content", message, values, verdict=verdict, estimates=named)]
        if self.doubtful:
            items = self.doubtful
            found.append(Finding("content.items", "Revise or drop {items}", {"items": items}))
        return found


def content_validity(ratings: pd.DataFrame, *, relevant: float = 3) -> ContentValidity:
    """Say how far experts agree that items are relevant, beyond chance.

    Parameters
    ----------
    ratings : DataFrame, shape (experts, items)
        Relevance, mostly on four grades; a missing rating counts for nothing.
    relevant : float
        The least grade that means relevant (or, for Lawshe, essential).

    Raises
    ------
    DataError
        No item has been rated by three experts: with two, agreement is as good as chance.

    References
    ----------
    Polit, Beck, Owen (2007), Research in Nursing & Health 30, 459-467. Lawshe (1975), Personnel
    Psychology 28, 563-575. Ayre, Scally (2014), Measurement and Evaluation in Counseling and
    Development 47, 79-86.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.satisfaction.instrument.content_validity import content_validity
    >>> found = content_validity(pd.DataFrame({"01": [4, 4, 3, 4, 2], "02": [4, 3, 4, 4, 4]}))
    >>> found.table[["item", "estimate", "kappa"]].round(2).values.tolist()
    [['01', 0.8, 0.76], ['02', 1.0, 1.0]]
    """
    grades = ratings.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    given = ~np.isnan(grades)
    n, agree = given.sum(axis=0), ((grades >= relevant) & given).sum(axis=0)
    if not len(n) or n.max() < 3:
        raise DataError(
            "no item has been rated by three experts",
            where="expert ratings",
            remedy="ask at least three experts, better five to ten, one row each",
        )
    with np.errstate(invalid="ignore", divide="ignore"):
        share = agree / n
        chance = binom.pmf(agree, n, 0.5)
        kappa = (share - chance) / (1 - chance)
        cvr = (agree - n / 2) / (n / 2)
    low, high = wilson(agree, n)
    table = pd.DataFrame(
        {
            "item": [str(column) for column in ratings.columns],
            "experts": n,
            "relevant": agree,
            "estimate": share,
            "low": low,
            "high": high,
            "chance": chance,
            "kappa": kappa,
            "cvr": cvr,
            "critical": [critical_cvr(int(each)) for each in n],
            "verdict": [_grade(k) for k in kappa],
        }
    )
    rated = n > 0
    by_expert = np.where(given, grades >= relevant, np.nan)[:, rated]
    whole = ~np.isnan(by_expert).all(axis=1)
    interval = mean_interval(np.nanmean(by_expert[whole], axis=1))
    average = Estimate(
        float(share[rated].mean()), max(interval.low, 0.0), min(interval.high, 1.0),
        int(whole.sum()), kind="percent",
    )  # fmt: skip
    universal = Estimate(float((share[rated] == 1).mean()), n=int(rated.sum()), kind="percent")
    labels = labelled(
        table,
        item="Item",
        experts="Experts",
        relevant="Find it relevant",
        estimate=("Share (I-CVI)", "percent"),
        kappa=("Agreement beyond chance", "number:2"),
        cvr=("Content validity ratio", "number:2"),
        critical=("Least ratio beyond chance", "number:2"),
        verdict="Verdict",
    )
    return ContentValidity(labels, average, universal)


def _grade(kappa: float) -> str:
    if np.isnan(kappa):
        return "not rated"
    return next((word for least, word in GRADES if kappa > least), "poor")


def critical_count(experts: int, *, alpha: float = 0.05) -> int | None:
    """Give how many experts must agree so that chance is beyond `alpha`; None where none can.

    The exact binomial test, one-sided: Ayre and Scally (2014), which corrects the table of Lawshe
    (1975).

    Examples
    --------
    >>> from workbench.satisfaction.instrument.content_validity import critical_count
    >>> [critical_count(n) for n in (4, 5, 8, 15, 40)]
    [None, 5, 7, 12, 26]
    """
    counts = np.arange(experts + 1)
    enough = counts[binom.sf(counts - 1, experts, 0.5) <= alpha]
    return int(enough[0]) if enough.size else None


def critical_cvr(experts: int, *, alpha: float = 0.05) -> float:
    """Give the least content validity ratio beyond chance; NaN for fewer than five experts."""
    count = critical_count(experts, alpha=alpha)
    return float("nan") if count is None else (count - experts / 2) / (experts / 2)


# --- rounds of a Delphi study -------------------------------------------------------------------


@dataclass(frozen=True)
class DelphiRounds(Result):
    """How experts' ratings move from round to round.

    Attributes
    ----------
    rounds : DataFrame
        One row a round: `round`, `experts`, `agreement` (Kendall's W), `p`, `narrow` (items whose
        middle half spans at most one grade), `agreed` (items with three in four within one grade of
        the median).
    table : DataFrame
        One row an item: `item`, `median`, `before`, `range` (of the middle half), `range_before`,
        `changed` (share of the experts who changed their rating in the last round), `verdict`:
        agreed, stable without agreement, or still moving.
    """

    rounds: pd.DataFrame
    table: pd.DataFrame

    @property
    def open(self) -> list[str]:
        """Items to ask again."""
        return [str(i) for i in self.table.loc[self.table["verdict"] == "still moving", "item"]]

    def estimates(self) -> dict[str, Estimate]:
        """Agreement of the last round (Kendall's W)."""
        last = self.rounds.iloc[-1]
        n = float(last["experts"])
        return {
            "agreement": Estimate(float(last["agreement"]), n=n, label="Agreement (Kendall's W)")
        }

    def findings(self) -> list[Finding]:
        """Whether another round is worth it."""
        settled = len(self.table) - len(self.open)
        values = {"n": settled, "total": len(self.table), **self.estimates()}
        message = "{n} of {total} items have settled; agreement of the experts is {agreement}"
        found = [Finding("delphi", message, values, estimates=self.estimates())]
        if self.open:
            ask = "Ask again, with the group's median beside each item: {items}"
            found.append(Finding("delphi.open", ask, {"items": self.open}))
        else:
            found.append(Finding("delphi.done", "No further round is needed"))
        return found


def delphi(rounds: list[pd.DataFrame], *, agreed: float = AGREED) -> DelphiRounds:
    """Compare the rounds of a Delphi study.

    An item has settled when the middle half of its ratings spans at most one grade and enough
    experts are within one grade of the median, or when fewer than 15 % of the experts changed
    their rating: more rounds will not bring them together.

    Parameters
    ----------
    rounds : list of DataFrame, shape (experts, items)
        Their index names the experts, so that changes are those of persons.
    agreed : float
        Share of the experts within one grade of the median that counts as agreement.

    Raises
    ------
    DataError
        No round, or a round with other items.

    References
    ----------
    Scheibe, Skutsch, Schofer (1975), in Linstone and Turoff, The Delphi Method, 277-281; von der
    Gracht (2012), Technological Forecasting and Social Change 79, 1525-1536.
    """
    if not rounds:
        raise DataError("there is no round of ratings", where="delphi", remedy="give one or more")
    items = list(rounds[0].columns)
    for number, each in enumerate(rounds, start=1):
        if set(each.columns) != set(items):
            other = sorted(map(str, set(items) ^ set(each.columns)))
            raise DataError(
                f"round {number} has other items than the first: {', '.join(other)}",
                where="delphi",
                remedy="give each round the same items; leave cells empty where nothing was asked",
            )
    values = [each[items].apply(pd.to_numeric, errors="coerce") for each in rounds]
    told = [_round(number, each, agreed) for number, each in enumerate(values, start=1)]
    last, before = values[-1], values[-2] if len(values) > 1 else None
    rows = []
    for item in items:
        now = last[item].dropna()
        changed = float("nan")
        if before is not None:
            both = pd.concat([before[item], last[item]], axis=1).dropna()
            changed = float((both.iloc[:, 0] != both.iloc[:, 1]).mean()) if len(both) else changed
        width = _width(now)
        together = width <= NARROW and _within(now) >= agreed
        verdict = "agreed" if together else "still moving"
        if not together and changed < MOVING:
            verdict = "stable without agreement"
        earlier = before[item].dropna() if before is not None else now.iloc[:0]
        rows.append(
            {
                "item": str(item), "median": now.median(), "before": earlier.median(),
                "range": width, "range_before": _width(earlier), "changed": changed,
                "verdict": verdict,
            }
        )  # fmt: skip
    table = labelled(
        pd.DataFrame(rows),
        item="Item",
        median=("Median", "number:1"),
        before=("Median before", "number:1"),
        range=("Range of the middle half", "number:1"),
        range_before=("Range before", "number:1"),
        changed=("Changed their rating", "percent"),
        verdict="Verdict",
    )
    return DelphiRounds(pd.DataFrame(told), table)


def kendall_w(ratings: Array) -> tuple[float, float]:
    """Kendall's coefficient of concordance with ties, and the p-value of its chi-square test.

    Parameters
    ----------
    ratings : ndarray, shape (experts, items)
        Without missing values.

    References
    ----------
    Siegel, Castellan (1988), Nonparametric Statistics for the Behavioral Sciences, 9.5.
    """
    from scipy.special import chdtrc

    m, n = ratings.shape
    if m < 2 or n < 2:
        return float("nan"), float("nan")
    ranks = rankdata(ratings, axis=1)
    spread = ((ranks.sum(axis=0) - m * (n + 1) / 2) ** 2).sum()
    ties = sum((c**3 - c).sum() for c in (np.unique(row, return_counts=True)[1] for row in ranks))
    most = m * m * (n**3 - n) - m * ties
    if most <= 0:
        return float("nan"), float("nan")
    w = float(12 * spread / most)
    return w, float(chdtrc(n - 1, m * (n - 1) * w))


def _round(number: int, ratings: pd.DataFrame, agreed: float) -> dict[str, float]:
    whole = ratings.dropna()
    w, p = kendall_w(whole.to_numpy(dtype=float))
    columns = [ratings[item].dropna() for item in ratings]
    return {
        "round": number,
        "experts": len(whole),
        "agreement": w,
        "p": p,
        "narrow": sum(_width(each) <= NARROW for each in columns),
        "agreed": sum(_within(each) >= agreed for each in columns),
    }


def _width(values: pd.Series) -> float:
    return float(values.quantile(0.75) - values.quantile(0.25)) if len(values) else float("nan")


def _within(values: pd.Series) -> float:
    return float(((values - values.median()).abs() <= 1).mean()) if len(values) else 0.0
