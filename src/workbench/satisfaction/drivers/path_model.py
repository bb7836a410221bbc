"""Path models of the ECSI kind by partial least squares: from image to loyalty, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.satisfaction.drivers.partial_least_squares import (
    MOST_STEPS,
    Mode,
    PathSpecification,
    Scheme,
    Solved,
    lay_out,
    outer_weights,
    solve_paths,
)
from workbench.satisfaction.moments import (
    check_independent,
    complete,
    correlations,
    percentile_limits,
    resampled,
    respondents,
    standardise,
    usable_draws,
)


@dataclass(frozen=True)
class PathModel(Result):
    """A fitted path model: how constructs go together; the arrows are the analyst's.

    Attributes
    ----------
    table : DataFrame
        One row a path: `source`, `target`, `n`, `estimate` (standardised), `low`, `high`, `clear`
        (the interval leaves out 0), `indirect`, `total` with `total_low`, `total_high`.
    loadings : DataFrame
        One row an item: `construct`, `item`, `weight`, `estimate` (loading), `low`, `high`.
    constructs : DataFrame
        `construct`, `mode`, `items`, `r2` with `r2_low`, `r2_high` (NaN where nothing leads to
        it), `ave`, `composite_reliability`, `alpha` (NaN for one item or mode B), `redundancy`.
    scores : DataFrame, shape (n, constructs)
        Standardised scores, on the rows that were used.
    scheme : str
    n, excluded : int
    steps : int
        Iterations until the weights stood still.
    """

    table: pd.DataFrame
    loadings: pd.DataFrame
    constructs: pd.DataFrame
    scores: pd.DataFrame
    scheme: str
    n: int
    excluded: int
    steps: int

    def estimates(self) -> dict[str, Estimate]:
        """Paths (`path.Experience.Loyalty`) and explained variances (`r2.Loyalty`)."""
        paths = {
            f"path.{source}.{target}": replace(each, label=f"{source} → {target}")
            for source, target, each in zip(
                self.table["source"],
                self.table["target"],
                named_estimates(self.table.reset_index(), "index", digits=2).values(),
                strict=True,
            )
        }
        explained = self.constructs.dropna(subset="r2")
        return {
            **paths,
            **named_estimates(
                explained, "construct", estimate="r2", prefix="r2.", kind="percent", n=""
            ),
        }

    def findings(self) -> list[Finding]:
        """Which link is the closest, where one differs from 0."""
        clear = self.table[self.table["clear"]]
        meaning = Finding(
            "chain.meaning",
            "Each number says by how many standard deviations the second goes up with one of the"
            " first, all else that points to it held equal. The arrows are an assumption taken from"
            " the literature: the survey cannot tell which comes first.",
        )
        if clear.empty:
            return [Finding("chain", "No link differs clearly from 0"), meaning]
        closest = clear.iloc[int(clear["estimate"].abs().argmax())]
        values = {side: str(closest[side]).lower() for side in ("source", "target")}
        message = "The closest link runs from {source} to {target}"
        return [Finding("chain", message, values), meaning]

    def picture(self) -> Picture:
        """Paths with their intervals."""
        return Picture(
            self.plot,
            "From expectations to loyalty",
            "Standardised path coefficients, complete answers",
            self.table,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw each path with its interval, grouped by the construct it leads to."""
        say = speak(language)
        ax = ax or plt.gca()
        order = list(self.constructs["construct"])
        t = self.table.assign(
            place=self.table["target"].map(order.index), size=self.table["estimate"].abs()
        ).sort_values(["place", "size"], ascending=[False, True])
        colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
        for y, (_, row) in enumerate(t.iterrows()):
            ax.errorbar(
                row["estimate"],
                y,
                xerr=[[row["estimate"] - row["low"]], [row["high"] - row["estimate"]]],
                fmt="o",
                markersize=6,
                markerfacecolor=colours[0] if row["clear"] else "none",
                color=colours[0],
                capsize=3,
            )
        ax.axvline(0, color=plt.rcParams["text.color"], linewidth=0.8)
        pairs = zip(t["source"], t["target"], strict=True)
        ax.set_yticks(
            np.arange(len(t)),
            [say("From {source} to {target}", source=a, target=b) for a, b in pairs],
        )
        ax.tick_params(axis="y", length=0)
        ax.grid(visible=False, axis="y")
        ax.set_xlabel(say("Standardised path coefficient (line: 95% interval)"))
        return ax


def path_model(
    frame: pd.DataFrame,
    *,
    blocks: Mapping[str, Sequence[str]],
    paths: Mapping[str, Sequence[str]],
    modes: Mode | Mapping[str, Mode] = "A",
    scheme: Scheme = "path",
    weights: ArrayLike | None = None,
    people: ArrayLike | None = None,
    rng: np.random.Generator,
    draws: int = 300,
    level: float = 0.95,
) -> PathModel:
    """Fit a path model by partial least squares.

    Parameters
    ----------
    frame : DataFrame
        One row a respondent; rows with a missing item are left out and counted.
    blocks : mapping of str to sequence of str
        The columns that measure each construct.
    paths : mapping of str to sequence of str
        For each construct that something leads to, the constructs that lead to it.
    modes : {"A", "B"} or mapping
        A: the items reflect the construct (weights are correlations). B: they form it (weights
        are regression slopes). Constructs that a mapping leaves out have A.
    scheme : {"centroid", "factorial", "path"}
        How neighbours count in the inner estimate.
    weights : array_like, shape (n,), optional
        Survey weights.
    people : array_like, shape (n,), optional
        Who gave each answer: somebody who answered twice is resampled as one.
    rng : numpy.random.Generator
        For the bootstrap over respondents: percentile intervals, widened as Student's t is, for R2
        with the bias taken out; a draw's signs follow the estimate's.
    draws : int
        0 leaves the intervals out.

    Returns
    -------
    PathModel

    Raises
    ------
    DataError
        A column that is not there, a construct without items or without neighbours, a circle of
        paths, constant or collinear items, fewer complete answers than ten a path into one
        construct, or weights that do not settle.

    References
    ----------
    Tenenhaus, Esposito Vinzi, Chatelin, Lauro (2005), PLS path modeling, Computational Statistics
    & Data Analysis 48(1), 159-205, sections 2 to 4; Lohmoeller (1989), Latent Variable Path
    Modeling with Partial Least Squares, chapter 2; Monecke, Leisch (2012), Journal of Statistical
    Software 48(3).
    """
    layout = lay_out(blocks, paths, modes)
    absent = [c for c in layout.items if c not in frame]
    if absent:
        raise DataError(
            f"there are no columns {', '.join(map(repr, absent))}",
            where="path model",
            remedy="name columns of the survey in the blocks",
        )
    if scheme not in ("centroid", "factorial", "path"):
        raise DataError(f"scheme is {scheme!r}", remedy="choose centroid, factorial or path")
    x, w, seen = complete(frame[list(layout.items)], weights)
    needed = 10 * max(int(layout.leads.sum(axis=0).max()), 2)
    if len(x) < needed:
        raise DataError(
            f"{len(x)} complete answers for the path model",
            remedy=f"at least {needed} are needed: ten for each path into a construct",
        )
    z = standardise(x, w, layout.items)
    r = correlations(z, [w])
    for j, mode in enumerate(layout.mode):
        if mode == "B":
            inside = layout.member[:, j]
            mine = [item for item, yes in zip(layout.items, inside, strict=True) if yes]
            check_independent(r[0][np.ix_(inside, inside)], mine)
    outer, steps, settled = outer_weights(r, layout, scheme)
    if not settled[0]:
        raise DataError(
            f"the weights do not settle within {MOST_STEPS} steps",
            where="path model",
            remedy="choose another scheme, or leave out items that go with nothing",
        )
    solved = solve_paths(r, outer, layout)
    drawn = None
    who = None if people is None else np.asarray(people)[seen]
    limits = _Limits(level, respondents(w, who))
    if draws:
        many = correlations(z, resampled(w, draws, rng, who))
        many = many[usable_draws(many)]
        free, _, fine = outer_weights(many, layout, scheme)
        # A construct's sign is arbitrary: each draw takes that of the estimate.
        agree = np.einsum("bij,ij->bj", many @ free, outer[0])
        drawn = solve_paths(
            many[fine], (free * np.where(agree < 0, -1.0, 1.0)[:, None, :])[fine], layout
        )
    scores = pd.DataFrame(z @ outer[0], columns=layout.names, index=frame.index[seen])
    return PathModel(
        table=_path_table(solved, drawn, layout, len(x), limits),
        loadings=_loading_table(solved, drawn, layout, outer[0], limits),
        constructs=_construct_table(solved, drawn, layout, r[0], limits),
        scores=scores,
        scheme=scheme,
        n=len(x),
        excluded=len(frame) - len(x),
        steps=steps,
    )


@dataclass(frozen=True)
class _Limits:
    """Intervals of the draws, if there are any."""

    level: float
    effective: float

    def of(
        self, drawn: Array | None, estimate: Array | None = None
    ) -> tuple[Array | float, Array | float]:
        if drawn is None or not len(drawn):
            return np.nan, np.nan
        return percentile_limits(drawn, self.level, self.effective, estimate=estimate)


def _path_table(
    solved: Solved, drawn: Solved | None, layout: PathSpecification, n: int, limits: _Limits
) -> pd.DataFrame:
    to = [(i, j) for j in layout.order for i in layout.order if layout.leads[i, j]]
    i, j = (np.array(side, dtype=int) for side in zip(*to, strict=True))
    low, high = limits.of(None if drawn is None else drawn.path[:, i, j])
    total_low, total_high = limits.of(None if drawn is None else drawn.total[:, i, j])
    path, total = solved.path[0, i, j], solved.total[0, i, j]
    table = pd.DataFrame(
        {
            "source": [layout.names[k] for k in i],
            "target": [layout.names[k] for k in j],
            "n": n,
            "estimate": path,
            "low": low,
            "high": high,
            "clear": (np.asarray(low) > 0) | (np.asarray(high) < 0),
            "indirect": total - path,
            "total": total,
            "total_low": total_low,
            "total_high": total_high,
        }
    )
    return labelled(
        table,
        source="From",
        target="To",
        n="Answers",
        estimate=("Path", "number:2"),
        indirect=("By way of others", "number:2"),
        total=("In all", "number:2"),
    )


def _loading_table(
    solved: Solved, drawn: Solved | None, layout: PathSpecification, w: Array, limits: _Limits
) -> pd.DataFrame:
    low, high = limits.of(None if drawn is None else drawn.loading)
    return pd.DataFrame(
        {
            "construct": [layout.names[j] for j in layout.member.argmax(axis=1)],
            "item": layout.items,
            "weight": w.sum(axis=1),
            "estimate": solved.loading[0],
            "low": low,
            "high": high,
        }
    )


def _construct_table(
    solved: Solved,
    drawn: Solved | None,
    layout: PathSpecification,
    correlation: Array,
    limits: _Limits,
) -> pd.DataFrame:
    ends = [~np.isnan(solved.r2[0]), layout.member.sum(axis=0)]
    low, high = (np.full(len(layout.names), np.nan) for _ in range(2))
    if drawn is not None and ends[0].any():
        low[ends[0]], high[ends[0]] = limits.of(drawn.r2[:, ends[0]], solved.r2[0, ends[0]])
    rows = []
    for j, name in enumerate(layout.names):
        mine = layout.member[:, j]
        size, loading = int(mine.sum()), solved.loading[0, mine]
        ave = float(np.square(loading).mean())
        block = correlation[np.ix_(mine, mine)]
        reflects = size > 1 and layout.mode[j] == "A"
        errors = float((1 - np.square(loading)).sum())
        square = float(loading.sum()) ** 2
        rows.append(
            {
                "construct": name,
                "mode": layout.mode[j],
                "items": size,
                "r2": solved.r2[0, j],
                "r2_low": low[j],
                "r2_high": high[j],
                "ave": ave,
                "composite_reliability": square / (square + errors) if reflects else np.nan,
                "alpha": size / (size - 1) * (1 - size / block.sum()) if reflects else np.nan,
                "redundancy": ave * solved.r2[0, j],
            }
        )
    return labelled(
        pd.DataFrame(rows),
        construct="Part",
        items=("Questions", "number:0"),
        r2=("Explained share", "percent"),
        ave=("Shared variance (AVE)", "number:2"),
        composite_reliability=("Composite reliability", "number:2"),
    )
