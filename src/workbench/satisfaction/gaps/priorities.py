"""What to mend first: importance against experience, and how sure each place on the map is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, islice

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import label_points, name_quarters
from workbench.satisfaction.moments import percentile_limits, resampled, respondents
from workbench.satisfaction.questionnaire.answers import Answers

QUADRANTS = ("Concentrate here", "Keep up the good work", "Low priority", "Possible overkill")


@dataclass(frozen=True)
class PriorityMap(Result):
    """Importance and perception of each item.

    Attributes
    ----------
    table : DataFrame
        By quadrant, the most important first: `item`, `label`, `dimension`, `n`, `perception`,
        `perception_low`, `perception_high`, `importance`, `importance_low`, `importance_high`,
        `quadrant`, `probability` (share of bootstrap samples in which the item lies in that
        quadrant), `sure` (at least .9), and one column a quadrant with its probability.
    perception_cut, importance_cut : float
        Means over the items, where the lines are drawn.
    source : str
        "derived" (correlation with the outcome) or "stated".
    """

    table: pd.DataFrame
    perception_cut: float
    importance_cut: float
    source: str

    @property
    def first(self) -> pd.DataFrame:
        """Items to concentrate on, the surest first."""
        rows = self.table[self.table["quadrant"] == QUADRANTS[0]]
        return rows.sort_values("probability", ascending=False).reset_index(drop=True)

    def estimates(self) -> dict[str, Estimate]:
        """Count the items of the first quadrant.

        The value counts the items seen there, its lower end those with a probability of at least
        .95, its upper end all that have at least .05.
        """
        p, seen = self.table[QUADRANTS[0]], len(self.first)
        least, most = int((p >= 0.95).sum()), int((p >= 0.05).sum())
        count = Estimate(seen, min(least, seen), max(most, seen), len(p), better="down")
        return {"to_concentrate_on": count.named("Items to concentrate on")}

    def findings(self) -> list[Finding]:
        """How many items matter much and are served below average, and how many of them surely."""
        first, sure = len(self.first), int(self.first["sure"].sum())
        if not first:
            message = "No item matters much and is served below average"
        elif sure == first:
            message = (
                "{n} items matter most and score below average; all stay so in 90% of resamples"
            )
        else:
            message = (
                "{n} items matter most and score below average; {sure} of them stay so in 90% "
                "of resamples"
            )
        return [
            Finding("priorities", message, {"n": first, "sure": sure}),
            Finding(
                "priorities.sure",
                "An item is settled when it stays in its quadrant in nine of ten resamples of "
                "the respondents.",
            ),
        ]

    def picture(self) -> Picture:
        """Draw importance against experience."""
        return Picture(
            self.plot,
            "Importance and experience of each item",
            "Numbers are items of the survey; all waves",
            self.table,
            height=5.2,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the map; filled marks lie in their quadrant with probability .9 or more."""
        say = speak(language)
        ax = ax or plt.gca()
        t = self.table
        first = (t["quadrant"] == QUADRANTS[0]).to_numpy()
        colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
        muted = plt.rcParams["text.color"]
        for chosen, colour in ((first, colours[1 % len(colours)]), (~first, colours[0])):
            for sure in (True, False):
                part = t[chosen & (t["sure"].to_numpy() == sure)]
                face = colour if sure else "none"
                ax.scatter(
                    part["perception"],
                    part["importance"],
                    s=36,
                    facecolors=face,
                    edgecolors=colour,
                    linewidths=1.4,
                    zorder=3,
                )
        ax.axvline(self.perception_cut, color=muted, linewidth=0.7, linestyle="--")
        ax.axhline(self.importance_cut, color=muted, linewidth=0.7, linestyle="--")
        ax.margins(0.12)
        full = [say.name(x) for x in t["label"]]
        label_points(ax, t["perception"], t["importance"], list(t["item"]), full)
        name_quarters(ax, [say(name) for name in QUADRANTS], colour=muted)
        ax.set_xlabel(say("Experience, mean answer"))
        derived = "Importance, correlation with overall satisfaction"
        ax.set_ylabel(
            say(derived if self.source == "derived" else "Stated importance, mean answer")
        )
        return ax


def priority_map(
    answers: Answers,
    *,
    outcome: str = "csat5",
    stated: Mapping[str, pd.Series] | None = None,
    rng: np.random.Generator,
    draws: int = 500,
    level: float = 0.95,
) -> PriorityMap:
    """Map importance against perception.

    Importance is the correlation of the item's experience with the outcome, or, with `stated`,
    the mean of what respondents said. Lines are drawn at the means over items, afresh in every
    bootstrap sample of respondents, so the probabilities contain the lines' own uncertainty.

    Parameters
    ----------
    answers : Answers
        Weighted answers give weighted estimates; somebody who answered in several waves is
        resampled as one.
    outcome : str
        Column of overall satisfaction in `answers.background`.
    stated : mapping of item to Series, optional
        Stated importance, aligned with the answers.
    rng : numpy.random.Generator

    References
    ----------
    Martilla, James (1977), Journal of Marketing 41(1), 77-79.
    """
    perception = answers.perception.to_numpy(dtype=float)
    if stated is None:
        if outcome not in answers.background:
            raise DataError(
                f"there is no column {outcome!r}",
                where="survey",
                remedy="name the column of overall satisfaction, or give `stated`",
            )
        y = pd.to_numeric(answers.background[outcome], errors="coerce").to_numpy(dtype=float)
        other = np.repeat(y[:, None], perception.shape[1], axis=1)
    else:
        absent = [i for i in answers.items if i not in stated]
        if absent:
            raise DataError(
                f"items {', '.join(absent)} have no stated importance",
                remedy="give one column an item",
            )
        other = np.column_stack([np.asarray(stated[i], dtype=float) for i in answers.items])
    usable = (~np.isnan(perception) & ~np.isnan(other)).sum(axis=0)
    if usable.min() < 10:
        raise DataError(
            f"item {answers.items[int(usable.argmin())]} has {usable.min()} usable answers",
            remedy="a priority map needs at least ten for each item",
        )
    drawn = chain([answers.weights], resampled(answers.weights, draws, rng, answers.people))
    parts = []
    while some := list(islice(drawn, 100)):  # a hundred at once, so that large surveys fit
        parts.append(_coordinates(perception, other, np.vstack(some), derived=stated is None))
    level_of, weight_of = (np.vstack(side) for side in zip(*parts, strict=True))
    flat = [i for i, v in zip(answers.items, weight_of[0], strict=True) if np.isnan(v)]
    if flat:
        raise DataError(
            f"items {', '.join(flat)} have no spread",
            remedy="every respondent gave the same answer; leave them out",
        )
    cuts = np.nanmean(level_of, axis=1), np.nanmean(weight_of, axis=1)
    # 0 concentrate (important, weak), 1 keep up, 2 low priority, 3 overkill
    quadrant = 2 * (weight_of < cuts[1][:, None]) + (level_of >= cuts[0][:, None])
    odds = np.array([(quadrant[1:] == q).mean(axis=0) for q in range(4)])
    worth = respondents(answers.weights, answers.people)
    bounds = [percentile_limits(part[1:], level, worth) for part in (level_of, weight_of)]
    probability = odds[quadrant[0], np.arange(len(answers.items))]
    table = pd.DataFrame(
        {
            "item": answers.items,
            "label": [answers.labels.get(i, i) for i in answers.items],
            "dimension": [answers.dimension_of(i) for i in answers.items],
            "n": usable,
            "perception": level_of[0],
            "perception_low": bounds[0][0],
            "perception_high": bounds[0][1],
            "importance": weight_of[0],
            "importance_low": bounds[1][0],
            "importance_high": bounds[1][1],
            "quadrant": [QUADRANTS[q] for q in quadrant[0]],
            "probability": probability,
            "sure": probability >= 0.9,
            **{name: odds[q] for q, name in enumerate(QUADRANTS)},
        }
    )
    table = labelled(
        table.sort_values(
            ["quadrant", "importance"], ascending=[True, False], kind="stable", ignore_index=True
        ),
        item="No.",
        label="Item",
        quadrant="Quadrant",
        probability=("Probability", "percent"),
        perception=("Experience", "number:2"),
        importance=("Importance", "number:2"),
    )
    source = "derived" if stated is None else "stated"
    return PriorityMap(table, float(cuts[0][0]), float(cuts[1][0]), source)


def _coordinates(x: Array, y: Array, weights: Array, *, derived: bool) -> tuple[Array, Array]:
    """Weighted mean of x, and mean of y or correlation of x with y: each (draws, items)."""
    seen = ~np.isnan(x) & ~np.isnan(y)
    mask = seen.astype(float)
    # centring first keeps the moments exact
    u = np.where(seen, x - np.nanmean(x, axis=0), 0.0)
    v = np.where(seen, y - np.nanmean(y, axis=0), 0.0)
    total = weights @ mask
    with np.errstate(divide="ignore", invalid="ignore"):
        mu, mv = weights @ u / total, weights @ v / total
        level = mu + np.nanmean(x, axis=0)
        if not derived:
            return level, mv + np.nanmean(y, axis=0)
        uu, vv = weights @ u**2 / total - mu**2, weights @ v**2 / total - mv**2
        uv = weights @ (u * v) / total - mu * mv
        strength = np.where((uu > 1e-12) & (vv > 1e-12), uv / np.sqrt(uu * vv), np.nan)
    return level, strength
