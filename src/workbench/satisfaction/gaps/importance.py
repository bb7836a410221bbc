"""What customers say matters, beside what goes with their satisfaction."""

from __future__ import annotations

from dataclasses import dataclass, replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import label_points
from workbench.satisfaction.gaps.priorities import PriorityMap, priority_map
from workbench.satisfaction.moments import percentile_limits, resampled, respondents
from workbench.satisfaction.questionnaire.answers import Answers


@dataclass(frozen=True)
class Importance(Result):
    """Stated and derived importance of each item.

    Attributes
    ----------
    table : DataFrame
        `item`, `label`, `n`, `stated`, `stated_low`, `stated_high`, `derived`, `derived_low`,
        `derived_high`, `stated_rank`, `derived_rank`, `stated_quadrant`, `derived_quadrant`,
        `same` (both maps put the item into the same quadrant).
    agreement : Estimate
        Rank correlation (Spearman) of the two over the items, with a percentile bootstrap interval
        over respondents. Noise in either pulls it towards 0.
    stated, derived : PriorityMap
    """

    table: pd.DataFrame
    agreement: Estimate
    stated: PriorityMap
    derived: PriorityMap

    @property
    def n_same(self) -> int:
        """Items that both maps put into the same quadrant."""
        return int(self.table["same"].sum())

    def estimates(self) -> dict[str, Estimate]:
        """Rank correlation of the two over the items."""
        return {"agreement": self.agreement.named("Agreement of stated and derived importance")}

    def findings(self) -> list[Finding]:
        """Whether the two orders go together, apart, or cannot be told to do either."""
        r = self.agreement
        if r.low > 0.5:
            message = "What customers call important is also linked to their satisfaction"
        elif r.high < 0.5:
            message = "What customers call important is not always linked to their satisfaction"
        else:
            message = (
                "Whether what customers call important is linked to their satisfaction remains open"
            )
        return [
            Finding("importance", message, estimates={"agreement": r}),
            Finding(
                "importance.agreement",
                "Both views put {same} of {total} services into the same quadrant of the priority"
                " map. The two orders agree with a rank correlation of {r}, where 1 is the same"
                " order and 0 none.",
                {"same": self.n_same, "total": len(self.table), "r": r},
            ),
        ]

    def picture(self) -> Picture:
        """Stated against derived importance."""
        return Picture(
            self.plot,
            "Said to matter, and going with satisfaction",
            "Numbers are items of the survey; all waves",
            self.table,
            height=4.8,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw derived against stated importance, with intervals; numbers are items."""
        say = speak(language)
        ax = ax or plt.gca()
        t = self.table
        colour = plt.rcParams["axes.prop_cycle"].by_key()["color"][0]
        x, y = t["stated"], t["derived"]
        ax.errorbar(
            x,
            y,
            xerr=[x - t["stated_low"], t["stated_high"] - x],
            yerr=[(y - t["derived_low"]).clip(lower=0), (t["derived_high"] - y).clip(lower=0)],
            fmt="o",
            color=colour,
            elinewidth=0.8,
            alpha=0.7,
        )
        ax.margins(0.1)
        label_points(ax, x, y, list(t["item"]), [say.name(x) for x in t["label"]])
        ax.set_xlabel(say("Stated importance, mean answer"))
        ax.set_ylabel(say("Importance, correlation with overall satisfaction"))
        return ax


def importance(
    answers: Answers,
    *,
    outcome: str = "csat5",
    rng: np.random.Generator,
    draws: int = 300,
    level: float = 0.95,
) -> Importance:
    """Set stated beside derived importance.

    What people call important is often what is expected of them to name, or what everybody takes
    for granted; what goes with their satisfaction may be something else. Where the two part,
    neither is the truth: look at both.

    Parameters
    ----------
    answers : Answers
        With stated importance; its weights are used.
    outcome : str
        Column of overall satisfaction.
    rng : numpy.random.Generator

    Raises
    ------
    DataError
        Importance was asked of fewer than three items, or as in `priority_map`.

    References
    ----------
    Matzler, Bailom, Hinterhuber, Renzl, Pichler (2004), The asymmetric relationship between
    attribute-level performance and overall customer satisfaction, Industrial Marketing Management
    33(4), 271-277.
    """
    asked = [i for i in answers.items if i in answers.importance]
    if len(asked) < 3:
        raise DataError(
            f"importance was asked of {len(asked)} items",
            where="survey",
            remedy="columns imp_<item> hold it; at least three are needed",
        )
    part = replace(
        answers,
        expectation=answers.expectation.reindex(columns=asked),
        perception=answers.perception[asked],
        importance=answers.importance[asked],
        dimensions={
            name: tuple(i for i in items if i in asked)
            for name, items in answers.dimensions.items()
        },
    )
    said = {item: part.importance[item] for item in asked}
    stated = priority_map(part, stated=said, rng=rng, draws=draws, level=level)
    derived = priority_map(part, outcome=outcome, rng=rng, draws=draws, level=level)
    by_item = [each.table.set_index("item").loc[asked].reset_index() for each in (stated, derived)]
    table = pd.DataFrame(
        {
            "item": asked,
            "label": by_item[0]["label"],
            "n": np.minimum(by_item[0]["n"], by_item[1]["n"]),
        }
    )
    for name, found in zip(("stated", "derived"), by_item, strict=True):
        table[name] = found["importance"]
        table[f"{name}_low"], table[f"{name}_high"] = (
            found["importance_low"],
            found["importance_high"],
        )
        table[f"{name}_rank"] = (
            found["importance"].rank(ascending=False, method="first").astype(int)
        )
        table[f"{name}_quadrant"] = found["quadrant"]
    table["same"] = table["stated_quadrant"] == table["derived_quadrant"]
    table = labelled(
        table.sort_values("derived_rank", ignore_index=True),
        item="No.",
        label="Item",
        stated=("Stated importance", "number:2"),
        derived=("Derived importance", "number:2"),
        stated_quadrant="Quadrant, as stated",
        derived_quadrant="Quadrant, as derived",
    )
    return Importance(table, _agreement(part, outcome, rng, draws, level), stated, derived)


def _agreement(
    part: Answers, outcome: str, rng: np.random.Generator, draws: int, level: float
) -> Estimate:
    """Spearman's correlation of the two importances over the items."""
    said = part.importance[part.items].to_numpy(dtype=float)
    felt = part.perception.to_numpy(dtype=float)
    y = pd.to_numeric(part.background[outcome], errors="coerce").to_numpy(dtype=float)
    w = part.weights
    found = [_rank_correlation(said, felt, y, w)]
    found += [_rank_correlation(said, felt, y, d) for d in resampled(w, draws, rng, part.people)]
    low, high = percentile_limits(np.array(found[1:]), level, respondents(w, part.people))
    return Estimate(found[0], float(low), float(high), float(len(part.items)), level, digits=2)


def _rank_correlation(said: Array, felt: Array, y: Array, w: Array) -> float:
    seen = ~np.isnan(said)
    stated = (np.where(seen, said, 0.0) * w[:, None]).sum(axis=0) / (seen * w[:, None]).sum(axis=0)
    both = ~np.isnan(felt) & ~np.isnan(y)[:, None]
    weight = both * w[:, None]
    total = weight.sum(axis=0)
    x = np.where(both, felt, 0.0)
    z = np.where(both, y[:, None], 0.0)
    mx, mz = (weight * x).sum(axis=0) / total, (weight * z).sum(axis=0) / total
    dx, dz = np.where(both, x - mx, 0.0), np.where(both, z - mz, 0.0)
    r = (weight * dx * dz).sum(axis=0)
    r = r / np.sqrt((weight * dx**2).sum(axis=0) * (weight * dz**2).sum(axis=0))
    one, two = (pd.Series(side).rank().to_numpy(dtype=float) for side in (stated, r))
    return float(np.corrcoef(one, two)[0, 1])
