"""A look at the questionnaire itself: who answered what, how carefully, and how far it can tell."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from workbench.arrays import Mask
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.satisfaction.questionnaire.answers import Answers, SurveyError
from workbench.satisfaction.questionnaire.attention import FAILED
from workbench.stats import column_moments, wilson

#: From this share of answers at one end, an item can hardly show a change towards it.
PILED = 0.4
#: Those who took less than this share of the median time cannot have read the questions.
HURRIED = 0.4
_ALIKE = {
    "expectation": "same answer to all expectation items",
    "perception": "same answer to all experience items",
    "importance": "same answer to all importance items",
}


@dataclass(frozen=True)
class Pilot(Result):
    """How a questionnaire works.

    Attributes
    ----------
    items : DataFrame
        One row an item and side: `item`, `label`, `side`, `asked`, `n`, `answered` (share), `low`,
        `high`, `mean`, `sd`, `floor`, `ceiling` (shares at the ends of the scale), `piled`. The
        last five speak of the customers and are weighted where the answers are; `answered`, and all
        that follows, speaks of the questionnaires that came back and is not.
    care : DataFrame
        Signs of careless answers: `sign`, `n`, `asked`, `estimate` (share), `low`, `high`.
    patterns : DataFrame
        Which parts are missing together, the most frequent first: a column a part ("complete",
        "some items missing", "page left out"), `n`, `share`.
    careless : ndarray of bool
        Respondents with at least one sign.
    """

    items: pd.DataFrame
    care: pd.DataFrame
    patterns: pd.DataFrame
    careless: Mask

    @property
    def table(self) -> pd.DataFrame:
        """The items."""
        return labelled(
            self.items.assign(side=self.items["side"].replace("perception", "experience")),
            label="Item",
            side="Score",
            n="Answers",
            answered=("Answered", "percent"),
            mean=("Mean", "number:2"),
            sd=("SD", "number:2"),
            floor=("Lowest answer", "percent"),
            ceiling=("Highest answer", "percent"),
        )

    @property
    def share(self) -> Estimate:
        """Share of the respondents with at least one sign of carelessness (Wilson's interval)."""
        n, total = int(self.careless.sum()), self.careless.size
        low, high = wilson(n, total)
        share = Estimate(n / total, float(low), float(high), total, kind="percent")
        return share.named("Careless responses", better="down")

    @property
    def piled(self) -> pd.DataFrame:
        """Items with many answers at one end of the scale, the most first."""
        rows = self.items[self.items["piled"]]
        order = rows[["floor", "ceiling"]].max(axis=1).sort_values(ascending=False).index
        return rows.loc[order].reset_index(drop=True)

    @property
    def least_answered(self) -> pd.Series:
        """The question that the fewest answered."""
        return self.items.iloc[int(np.argmin(self.items["answered"]))]

    def estimates(self) -> dict[str, Estimate]:
        """Share with any sign of carelessness (`careless`), and with each."""
        signs = named_estimates(self.care, "sign", prefix="care.", kind="percent", better="down")
        return {"careless": self.share, **signs}

    def findings(self) -> list[Finding]:
        """How many answers are careless, which question fewest answered, what piles up."""
        least, piled = self.least_answered, len(self.piled)
        answered = Estimate(*least[["answered", "low", "high", "n"]], kind="percent")
        crowded = "No question piles up at one end of the scale"
        if piled:
            crowded = "In {n} of {total} questions most answers lie at one end of the scale"
        return [
            Finding(
                "care",
                "{share} of the answers show a sign of carelessness",
                {"share": self.share},
                estimates={"careless": self.share},
            ),
            Finding(
                "care.least_answered",
                "Nobody is left out for it: the table says how often each sign occurs. The question"
                " that the fewest answered is “{item}”: {share} did.",
                {"item": least["label"], "share": answered},
            ),
            Finding("ends", crowded, {"n": piled, "total": len(self.items)}),
            Finding(
                "ends.meaning",
                "Where two in five answers are the highest or the lowest possible, a question can"
                " hardly show a change in that direction.",
            ),
        ]

    def picture(self) -> Picture:
        """Draw the ends of the scale, item by item."""
        return Picture(
            self.plot,
            "How many sit at the ends of the scale",
            "Items of the survey, last wave",
            self.table,
            height=1.4 + 0.42 * self.items["item"].nunique(),
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the shares at the two ends of the scale, item by item, for the two sides."""
        say = speak(language)
        ax = ax or plt.gca()
        sides = {
            name: rows.iloc[::-1].reset_index(drop=True)
            for name, rows in self.items.groupby("side")
        }
        rows = sides["perception"]
        ax.hlines(
            rows.index,
            100 * rows["floor"],
            100 * rows["ceiling"],
            linewidth=0.8,
            color=plt.rcParams["axes.edgecolor"],
        )
        ax.plot(100 * rows["floor"], rows.index, "s", label=say("lowest answer, experience"))
        ax.plot(100 * rows["ceiling"], rows.index, "o", label=say("highest answer, experience"))
        if "expectation" in sides:
            high = 100 * sides["expectation"]["ceiling"]
            ax.plot(high, rows.index, "D", label=say("highest answer, expectation"))
        ax.axvline(100 * PILED, color=plt.rcParams["axes.edgecolor"], linewidth=0.8, linestyle="--")
        ax.set_yticks(rows.index, [say.name(v) for v in rows["label"]])
        ax.set_xlabel(say("Share of answers at the end of the scale, %"))
        ax.grid(visible=False, axis="y")
        ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.1), ncols=2)
        return ax


def pilot(
    answers: Answers, *, seconds: str = "seconds", level: float = 0.95, most: int = 6
) -> Pilot:
    """Look at answer rates, carelessness, missing parts, ceilings and floors.

    Parameters
    ----------
    answers : Answers
    seconds : str
        Column of the time taken; its sign is left out where there is none.
    most : int
        Patterns of missing parts to list.

    Raises
    ------
    SurveyError
        No item was asked.

    References
    ----------
    Straight-lining and speeding: Leiner (2019), Survey Research Methods 13(3), 229-248.
    """
    if not answers.items:
        raise SurveyError("no item was asked", where="survey", remedy="list items on the card")
    sides = {"perception": answers.perception}
    if answers.two_sided:
        sides = {"expectation": answers.expectation, **sides}
    if not answers.importance.empty:
        sides["importance"] = answers.importance
    items = pd.concat([_items(answers, name, x, level) for name, x in sides.items()])
    care, careless = _care(answers, sides, seconds, level)
    return Pilot(items.reset_index(drop=True), care, _patterns(sides, most), careless)


def _items(answers: Answers, side: str, values: pd.DataFrame, level: float) -> pd.DataFrame:
    x = values.to_numpy(dtype=float)
    n, asked = (~np.isnan(x)).sum(axis=0), len(x)
    # an item's own scale may be another than that of the rest (importance)
    low_end, high_end = answers.scale if side != "importance" else (np.nanmin(x), np.nanmax(x))
    low, high = wilson(n, asked, level=level)
    w = answers.weights if answers.weighted else None
    moments = column_moments(x, w)
    given = np.where(np.isnan(x), 0.0, (np.ones(asked) if w is None else w)[:, None])
    with np.errstate(invalid="ignore"):
        total = given.sum(axis=0)
        floor, ceiling = ((given * (x == end)).sum(axis=0) / total for end in (low_end, high_end))
    frame = pd.DataFrame(
        {
            "item": list(values.columns),
            "label": [answers.labels.get(str(i), str(i)) for i in values.columns],
            "side": side,
            "asked": asked,
            "n": n,
            "answered": n / asked,
            "low": low,
            "high": high,
            "mean": moments.mean,
            "sd": moments.sd,
            "floor": floor,
            "ceiling": ceiling,
        }
    )
    return frame.assign(piled=frame[["floor", "ceiling"]].max(axis=1) >= PILED)


def _care(
    answers: Answers, sides: dict[str, pd.DataFrame], seconds: str, level: float
) -> tuple[pd.DataFrame, Mask]:
    rows, any_sign = [], np.zeros(len(answers), dtype=bool)

    def sign(name: str, found: Mask, asked: Mask) -> None:
        nonlocal any_sign
        any_sign = any_sign | found
        n, total = int(found.sum()), int(asked.sum())
        if total:
            low, high = wilson(n, total, level=level)
            share = Estimate(n / total, float(low), float(high), total, level)
            rows.append({"sign": name, **share.row(), "asked": total, "n": n})

    for name, values in sides.items():
        x = values.to_numpy(dtype=float)
        # a page of fewer than five answers may well be the same throughout in earnest
        enough = (~np.isnan(x)).sum(axis=1) >= 5
        spread = np.nanmax(np.where(enough[:, None], x, 0.0), axis=1) - np.nanmin(
            np.where(enough[:, None], x, 0.0), axis=1
        )
        sign(_ALIKE[name], enough & (spread == 0), enough)
    if seconds in answers.background:
        taken = pd.to_numeric(answers.background[seconds], errors="coerce").to_numpy(dtype=float)
        known = ~np.isnan(taken)
        if known.any():
            hurried = taken < HURRIED * np.nanmedian(taken)
            sign("took less than two fifths of the median time", known & hurried, known)
    if FAILED in answers.background:
        state = answers.background[FAILED].to_numpy(dtype=float)
        sign("failed an attention check", state == 1, ~np.isnan(state))
    block = np.hstack([values.to_numpy(dtype=float) for values in sides.values()])
    gone = np.isnan(block).mean(axis=1) > 0.5
    sign("left more than half of the questions out", gone, np.ones(len(gone), dtype=bool))
    columns = ["sign", "asked", "n", "estimate", "low", "high"]
    table = labelled(
        pd.DataFrame(rows, columns=columns),
        sign="Sign",
        asked="Answers",
        n="Count",
        estimate=("Share", "percent:1"),
    )
    return table, any_sign


def _patterns(sides: dict[str, pd.DataFrame], most: int) -> pd.DataFrame:
    """Count which parts of the questionnaire are complete, partly or wholly missing together."""
    kinds = {}
    for name, values in sides.items():
        gone = values.isna().to_numpy()
        states = [gone.all(axis=1), gone.any(axis=1)]
        kinds[name] = np.select(states, ["page left out", "some items missing"], "complete")
    frame = pd.DataFrame(kinds)
    counts = frame.value_counts().head(most).rename("n").reset_index()
    names = {"expectation": "Expectation", "perception": "Experience", "importance": "Importance"}
    counts = counts.assign(share=counts["n"] / len(frame))
    asked = {side: names[side] for side in sides}
    return labelled(counts, **asked, n="Answers", share=("Share", "percent:1"))
