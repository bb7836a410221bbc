"""What satisfaction goes with in each group of customers, where a group has answers enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.arrays import Mask
from workbench.errors import DataError
from workbench.results import Estimate, Finding, Result, labelled
from workbench.satisfaction.drivers.drivers import Drivers
from workbench.satisfaction.drivers.ordinal import service_drivers
from workbench.satisfaction.questionnaire.answers import Answers, require_questions

#: Complete answers that a group needs: so many a driver, and so many at least.
PER_DRIVER: Final = 20
LEAST: Final = 100
_ERROR: Final = 0.05


@dataclass(frozen=True)
class GroupDrivers(Result):
    """Drivers of satisfaction, group by group.

    Attributes
    ----------
    table : DataFrame
        One row a group and driver: `group`, `n`, `driver`, `estimate` (share of the differences in
        satisfaction) with `low` and `high`, `direction`, `rank`; of a group that is too small one
        row with `reason`.
    drivers : dict of str to Drivers
        The groups that are large enough.
    needed : int
        Complete answers that a group needs.
    p : float
        Of the hypothesis that all groups weigh the drivers alike; NaN with fewer than two groups.
    """

    table: pd.DataFrame
    drivers: dict[str, Drivers]
    needed: int
    p: float

    @property
    def differ(self) -> bool:
        """Whether groups are shown to weigh the drivers differently."""
        return bool(self.p < _ERROR)

    def estimates(self) -> dict[str, Estimate]:
        """Share of each driver in each group: `North.tangibles`."""
        return {
            f"{group}.{row['driver']}": Estimate.of_row(
                row.rename({"low": "estimate_low", "high": "estimate_high"}), "estimate",
                kind="percent", label=str(row["driver"]),
            )
            for group, found in self.drivers.items()
            for _, row in found.table.iterrows()
        }  # fmt: skip

    def findings(self) -> list[Finding]:
        """Say whether groups weigh the drivers differently, what leads in each, who is too few."""
        small = [str(g) for g in self.table["group"].unique() if g not in self.drivers]
        values: dict[str, Any] = {"needed": self.needed, "n": len(self.drivers)}
        told = []
        if small:
            told.append(
                Finding(
                    "drivers.small",
                    "Too few complete answers for drivers of their own (fewer than {needed}):"
                    " {groups}.",
                    {**values, "groups": tuple(small)},
                )
            )
        if not self.drivers:
            head = Finding(
                "drivers.groups", "No group has answers enough for drivers of its own", values
            )
            return [head, *told]
        lead = [
            Finding(
                f"drivers.of.{group}",
                "{group}: most closely linked is {driver}"
                if len(found.contenders) == 1
                else "{group}: {driver} leads, which may be chance",
                {"group": group, "driver": str(found.top["driver"])},
            )
            for group, found in self.drivers.items()
        ]
        message, verdict = "No group weighs the services clearly differently", "alike"
        if len(self.drivers) == 1:
            message, verdict = "Only one group has answers enough for drivers of its own", "one"
        elif self.differ:
            message, verdict = "Groups weigh the services differently", "differ"
        return [Finding("drivers.groups", message, values, verdict=verdict), *lead, *told]


def drivers_by(
    answers: Answers,
    by: str,
    outcome: str = "csat5",
    *,
    rng: np.random.Generator,
    draws: int = 200,
    level: float = 0.95,
) -> GroupDrivers:
    """Divide overall satisfaction among the dimensions of service, for each group by itself.

    Whether groups weigh the dimensions differently is one Wald test of all interactions of group
    and dimension in a linear model of the outcome, its covariance robust and clustered by people.

    Parameters
    ----------
    answers : Answers
    by : str
        Column of `answers.background` that holds the groups. One with fewer complete answers than
        20 a dimension, or than 100, is named and left out.
    outcome, rng, draws, level
        As of `service_drivers`.

    Raises
    ------
    DataError
        No such column, no outcome or no items; fewer than two groups.

    References
    ----------
    Cameron, Miller (2015), A practitioner's guide to cluster-robust inference, Journal of Human
    Resources 50(2), 317-372.
    """
    require_questions(answers.background, by)
    if outcome not in answers.background or not answers.dimensions:
        raise DataError(
            f"there is no column {outcome!r}, or there are no items",
            where="survey",
            remedy="name the column of overall satisfaction",
        )
    groups = answers.background[by].astype("string")
    names = sorted(groups.dropna().unique())
    if len(names) < 2:
        raise DataError(f"there is one group of {by!r} only", where="survey")
    needed = max(LEAST, PER_DRIVER * len(answers.dimensions))
    scores = answers.scores(answers.perception).drop(columns="overall")
    given = pd.to_numeric(answers.background[outcome], errors="coerce")
    complete = (scores.notna().all(axis=1) & given.notna()).to_numpy()
    found: dict[str, Drivers] = {}
    rows: list[pd.DataFrame] = []
    for name in names:
        mine = (groups == name).fillna(False).to_numpy(dtype=bool)
        n = int((mine & complete).sum())
        short = {"group": str(name), "n": n, "reason": "too few answers"}
        if n < needed:
            rows.append(pd.DataFrame([short]))
            continue
        try:
            own = service_drivers(answers.subset(mine), outcome, rng=rng, draws=draws, level=level)
        except DataError:  # a dimension without spread in this group
            rows.append(pd.DataFrame([{**short, "reason": "answers do not vary enough"}]))
            continue
        found[str(name)] = own
        rows.append(own.table.sort_values("rank").assign(group=str(name), reason=""))
    p = _alike(answers, scores, given, groups, complete, list(found))
    columns = ["group", "n", "driver", "estimate", "low", "high", "direction", "rank", "reason"]
    table = pd.concat(rows, ignore_index=True).reindex(columns=columns)
    return GroupDrivers(
        labelled(
            table,
            group="Group",
            n="Answers",
            driver="Driver",
            estimate=("Share of variance", "percent:1"),
            direction="Higher answers go with",
            rank=("Rank", "number:0"),
            reason="Note",
        ),
        found,
        needed,
        p,
    )


def _alike(
    answers: Answers,
    scores: pd.DataFrame,
    outcome: pd.Series,
    groups: pd.Series,
    complete: Mask,
    names: list[str],
) -> float:
    """Test whether the slopes of the groups are the same; NaN with fewer than two."""
    if len(names) < 2:
        return float("nan")
    # imported here: not every page that draws drivers needs it
    import statsmodels.api as sm

    kept = complete & groups.isin(names).fillna(False).to_numpy(dtype=bool)
    x = scores[kept].to_numpy(dtype=float)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    member = groups[kept].to_numpy(dtype=object)
    own = np.column_stack([member == name for name in names]).astype(float)
    cross = [own[:, g : g + 1] * x for g in range(1, len(names))]
    design = np.hstack([own, x, *cross])
    q = x.shape[1] * (len(names) - 1)
    fit = sm.WLS(outcome[kept].to_numpy(dtype=float), design, weights=answers.weights[kept]).fit(
        cov_type="cluster", cov_kwds={"groups": answers.people[kept]}, use_t=True
    )
    wanted = np.zeros((q, design.shape[1]))
    wanted[:, -q:] = np.eye(q)
    return float(np.squeeze(fit.f_test(wanted).pvalue))
