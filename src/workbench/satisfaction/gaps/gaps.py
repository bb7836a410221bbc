"""Service-quality gaps: perception minus expectation, item by item, with paired intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.special import stdtr, stdtrit

from workbench.arrays import Array, Index
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.satisfaction.questionnaire.answers import Answers, SurveyError
from workbench.stats import adjust, column_moments
from workbench.stats.weights import several

CLOSE = "Close the gap to what customers expect: {gap} on average."
CLOSE_OF_WAVE = "Close the gap to what customers expect: {gap} on average in the wave {wave}."
ON_AVERAGE = (
    "Experience minus expectation is {gap} on average. It is lowest for “{item}”: {lowest}."
)
ON_AVERAGE_OF_WAVE = (
    "Experience minus expectation is {gap} on average in the wave {wave}. It is lowest for"
    " “{item}”: {lowest}."
)
GAP_AXIS = "Experience minus expectation, scale points (bar: 95% interval)"


@dataclass(frozen=True)
class Gaps(Result):
    """Gaps of one survey.

    Attributes
    ----------
    items : DataFrame
        One row an item: `item`, `label`, `dimension`, `n` (pairs), `missing`, `expectation`,
        `perception`, `estimate` (gap), `low`, `high`, `sd`, `d_z`, `p`, `p_holm`, `p_bh`.
    dimensions : DataFrame
        The same for each dimension and, last, `overall`; each respondent counts once.
    level : float
    wave : str
        The wave that was asked, where the survey has several and this is one of them.
    """

    items: pd.DataFrame
    dimensions: pd.DataFrame
    level: float = 0.95
    wave: str = ""

    @property
    def table(self) -> pd.DataFrame:
        """Gaps by item, the widest shortfall first."""
        return labelled(
            self.items.sort_values("estimate", kind="stable").reset_index(drop=True),
            label="Item",
            dimension="Dimension",
            n="Answers",
            missing="Missing",
            expectation=("Expectation", "number:2"),
            perception=("Experience", "number:2"),
            estimate="Gap",
            d_z=("Effect size (d)", "number:2"),
            p_holm=("p-value (Holm)", "p"),
            p_bh=("p-value (Benjamini-Hochberg)", "p"),
        )

    @property
    def overall(self) -> pd.Series:
        """The mean gap over all items (the unweighted SERVQUAL score)."""
        return self.dimensions.iloc[-1]

    @property
    def n_short(self) -> int:
        """Items whose gap lies below zero beyond chance (Holm over all items)."""
        return int(((self.items["estimate"] < 0) & self._shown).sum())

    @property
    def n_above(self) -> int:
        """Items whose gap lies above zero beyond chance (Holm over all items)."""
        return int(((self.items["estimate"] > 0) & self._shown).sum())

    @property
    def _shown(self) -> pd.Series:
        return self.items["p_holm"] < 1 - self.level

    @property
    def worst(self) -> pd.Series:
        """The dimension that falls furthest short."""
        parts = self.dimensions.iloc[:-1]
        return parts.iloc[int(np.nanargmin(parts["estimate"]))]

    @property
    def scores(self) -> pd.DataFrame:
        """SERVQUAL (gap) beside SERVPERF (perception alone), by dimension and, last, overall.

        References
        ----------
        Parasuraman, Zeithaml, Berry (1988), Journal of Retailing 64(1); Cronin, Taylor (1992),
        Journal of Marketing 56(3).
        """
        d = self.dimensions
        table = pd.DataFrame(
            {
                "dimension": d["dimension"],
                "n": d["n"],
                "servqual": d["estimate"],
                "servqual_low": d["low"],
                "servqual_high": d["high"],
                "servperf": d["perception"],
                "servperf_low": d["perception_low"],
                "servperf_high": d["perception_high"],
                "rank_servqual": d["estimate"].iloc[:-1].rank().reindex(d.index),
                "rank_servperf": d["perception"].iloc[:-1].rank().reindex(d.index),
            }
        )
        return labelled(
            table,
            dimension="Dimension",
            n="Answers",
            servqual=("Gap", "number:2"),
            servperf=("Experience", "number:2"),
            rank_servqual=("Rank by gap", "number:0"),
            rank_servperf=("Rank by experience", "number:0"),
        )

    def estimates(self) -> dict[str, Estimate]:
        """Gap overall (`gap`) and by dimension (`gap.tangibles`), scale points."""
        about: dict[str, Any] = {"kind": "points", "better": "up", "signed": True}
        parts = named_estimates(
            self.dimensions, "dimension", prefix="gap.", level=self.level, **about
        )
        whole = parts.pop("gap.overall").named("Experience minus expectation (scale points)")
        return {"gap": whole, **parts}

    def findings(self) -> list[Finding]:
        """How many items fall short beyond chance, and where the gap is widest."""
        gap, widest = self.estimates()["gap"], self.table.iloc[0]
        short, above = self.n_short, self.n_above
        counts = {"n": short, "above": above, "total": len(self.items)}
        where = {"dimension": self.worst["dimension"], "item": widest["label"]}
        if short and self.worst["estimate"] < 0:
            message, verdict = (
                "{n} of {total} items fall short of what customers expect, most of all {dimension}",
                "short",
            )
        elif short:
            message, verdict = (
                "{n} of {total} items fall short of what customers expect, most of all “{item}”",
                "short",
            )
        elif above:
            message, verdict = (
                "No item clearly falls short; {above} of {total} exceed what customers expect",
                "above",
            )
        else:
            message, verdict = (
                "No item clearly falls short of, or exceeds, what customers expect",
                "open",
            )
        advice = None
        if gap.high < 0:
            advice = Advice(CLOSE_OF_WAVE if self.wave else CLOSE, 3)
        (lowest,) = named_estimates(
            self.table.head(1), "label", kind="points", signed=True
        ).values()
        return [
            Finding(
                "gap",
                message,
                {**counts, **where, "gap": gap, "wave": self.wave},
                verdict=verdict,
                severity="note" if short or not above else "ok",
                estimates={"gap": gap},
                advice=advice,
            ),
            Finding(
                "gap.widest",
                ON_AVERAGE_OF_WAVE if self.wave else ON_AVERAGE,
                {"gap": gap, "item": widest["label"], "lowest": lowest, "wave": self.wave},
            ),
        ]

    def picture(self) -> Picture:
        """Gap of each item."""
        return Picture(
            self.plot,
            "Experience against expectation, item by item",
            "Scale points, respondents of the last wave",
            self.table,
        )

    def plot(
        self,
        ax: Axes | None = None,
        *,
        of: Literal["items", "dimensions"] = "items",
        language: str | Language = "en",
    ) -> Axes:
        """Draw each gap with its interval, the widest shortfall on top."""
        say = speak(language)
        ax = ax or plt.gca()
        table = self.items if of == "items" else self.dimensions.iloc[:-1]
        names = table["label"] if of == "items" else table["dimension"]
        order = np.argsort(-table["estimate"].to_numpy(), kind="stable")
        rows = table.iloc[order]
        place = np.arange(len(rows))
        short = (rows["high"] < 0).to_numpy()
        strong, muted = _two_colours(ax)
        for chosen, colour, marker in ((short, strong, "o"), (~short, muted, "D")):
            part = rows[chosen]
            ax.hlines(place[chosen], part["low"], part["high"], colors=colour, linewidth=2)
            ax.plot(part["estimate"], place[chosen], marker, color=colour, markersize=5)
        ax.axvline(0, color=plt.rcParams["axes.edgecolor"], linewidth=0.8)
        edge = float(np.nanmin([rows["low"].min(), rows["estimate"].min(), 0.0]))
        top = float(np.nanmax([rows["high"].max(), rows["estimate"].max(), 0.0]))
        ax.set_xlim(edge - 0.05 * abs(edge) - 0.02, top + 0.12)
        ax.set_yticks(place, [say.name(name) for name in names.iloc[order]])
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(-0.8, len(rows) - 0.2)
        ax.set_xlabel(say(GAP_AXIS))
        ax.grid(visible=False, axis="y")
        return ax


def _two_colours(ax: Axes) -> tuple[str, str]:
    colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    return colours[0], plt.rcParams["text.color"] if len(colours) < 2 else colours[1]


def paired(
    difference: Array,
    *,
    weights: Array | None = None,
    people: Index | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Student's t for the mean of each column, missing values left out.

    Parameters
    ----------
    difference : ndarray, shape (n, k)
    weights : ndarray, shape (n,), optional
        The variance is then the linearised one, the degrees of freedom those of the effective
        sample size.
    people : ndarray of int, shape (n,), optional
        Who gave each row, where some gave several: their rows may go together.

    Returns
    -------
    DataFrame, one row a column
        `n`, `missing`, `estimate`, `low`, `high`, `sd`, `d_z` (mean over SD), `p`. With fewer than
        two values, or no spread at all, there is no interval and no p: they are NaN.
    """
    m = column_moments(difference, weights, clusters=people)
    df = np.maximum(m.effective - 1, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.sqrt(m.variance)
        half = stdtrit(df, 0.5 + level / 2) * se
        return pd.DataFrame(
            {
                "n": m.n.astype(int),
                "missing": (difference.shape[0] - m.n).astype(int),
                "estimate": m.mean,
                "low": m.mean - half,
                "high": m.mean + half,
                "sd": m.sd,
                "d_z": m.mean / m.sd,
                "p": 2 * stdtr(df, -np.abs(m.mean / se)),
            }
        )


def gaps(answers: Answers, *, level: float = 0.95) -> Gaps:
    """Measure where experience falls short of expectation.

    The interval is the paired one: both answers come from the same person. Expectation and
    perception are averaged over the same pairs as the gap, so the columns add up.

    Weighted answers give weighted estimates with linearised variances. Somebody who answered in
    several waves is one cluster.

    Parameters
    ----------
    answers : Answers
    level : float
        Confidence of the intervals; p-values are two-sided and corrected over items, and over
        dimensions, by Holm and by Benjamini-Hochberg.

    References
    ----------
    Parasuraman, Zeithaml, Berry (1988), Journal of Retailing 64(1), 12-40. Effect size d_z:
    Cohen (1988), Statistical Power Analysis, section 2.3.5.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from workbench.satisfaction import gaps, read_answers
    >>> from workbench.study import Survey
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({
    ...     "respondent_id": range(80),
    ...     **{f"exp_{i}": rng.integers(5, 8, 80) for i in ("01", "02", "03")},
    ...     **{f"per_{i}": rng.integers(3, 7, 80) for i in ("01", "02", "03")},
    ... })
    >>> card = Survey(dimensions={"waiting": ["01", "02"], "staff": ["03"]})
    >>> found = gaps(read_answers(frame, card))
    >>> found.estimates()["gap"].high < 0
    True
    """
    sides = dimension_sides(answers)
    e, p = answers.expectation.to_numpy(), answers.perception.to_numpy()
    w = answers.weights if answers.weighted else None
    people = several(answers.people)
    items = _rows(e, p, w, people, level)
    items.insert(0, "item", answers.items)
    items.insert(1, "label", [answers.labels.get(i, i) for i in answers.items])
    items.insert(2, "dimension", [answers.dimension_of(i) for i in answers.items])
    names = [*answers.dimensions, "overall"]
    return Gaps(
        items=items,
        dimensions=dimension_gaps(names, *sides, w, people, level),
        level=level,
        wave=_only_wave(answers),
    )


def _only_wave(answers: Answers) -> str:
    """Name the wave of the answers; nothing where there is one alone, or they are of several."""
    waves = answers.background.get("wave")
    if waves is None or not isinstance(waves.dtype, pd.CategoricalDtype):
        return ""
    asked = waves.astype(str).unique()
    return str(asked[0]) if len(asked) == 1 and len(waves.cat.categories) > 1 else ""


def dimension_sides(answers: Answers) -> tuple[Array, Array]:
    """Average each respondent's expectation and experience by dimension and, last, over all items.

    Both are means over the items that have both, so their difference is the gap.

    Raises
    ------
    SurveyError
        Expectations were not asked.
    """
    if not answers.two_sided:
        raise SurveyError(
            "the survey did not ask for expectations",
            where="survey",
            remedy="without them there is no gap; see `perception_scores` for experience alone",
        )
    return answers.paired_scores


def dimension_gaps(
    names: list[str],
    e: Array,
    p: Array,
    w: Array | None,
    people: Index | None,
    level: float,
) -> pd.DataFrame:
    """Give the gap of each dimension and, last, over all items; see `Gaps.dimensions`."""
    dims = _rows(e, p, w, people, level)
    dims.insert(0, "dimension", names)
    # the overall mean is no further comparison: it is not part of the family
    for method in ("holm", "bh"):
        dims[f"p_{method}"] = np.append(adjust(dims["p"].iloc[:-1], method), dims["p"].iloc[-1])
    return dims


def _rows(e: Array, p: Array, w: Array | None, people: Index | None, level: float) -> pd.DataFrame:
    gap = p - e
    lone = np.isnan(gap)
    if lone.any():  # one side without the other counts for neither
        e, p = (np.where(lone, np.nan, side) for side in (e, p))
    table = paired(gap, weights=w, people=people, level=level)
    experience = paired(p, weights=w, people=people, level=level)
    table.insert(2, "expectation", column_moments(e, w).mean)
    table.insert(3, "perception", experience["estimate"])
    table["perception_low"], table["perception_high"] = experience["low"], experience["high"]
    table["p_holm"], table["p_bh"] = adjust(table["p"], "holm"), adjust(table["p"], "bh")
    return table
