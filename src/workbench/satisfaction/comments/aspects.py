"""How often each subject is mentioned, and how those who mention it speak or feel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.satisfaction.comments.coded_sample import LEAST_CODED, Basis, CommentTones
from workbench.satisfaction.comments.comments import Comments

_SHARE: Final = {
    "people": "Positive comments",
    "ratings": "From satisfied customers",
    "none": "Positive comments",
}


@dataclass(frozen=True)
class AspectTable(Result):
    """How often each aspect is mentioned, and how positive the comments about it are.

    Attributes
    ----------
    table : DataFrame
        `aspect`, `label`, `n` (respondents who speak of it), `share` (of all comments) with
        `share_low`, `share_high`, `known` (comments whose tone is known), `estimate` (share of the
        comments about it that are positive) with `low`, `high`, `ranked` (at least ten known of
        either tone), `reason` where there is no share.
    comments : int
    overall : Estimate
        Share of positive comments among all.
    basis : {"people", "ratings", "none"}
        What tells the tone: see `CommentTones`.
    """

    table: pd.DataFrame
    comments: int
    overall: Estimate
    basis: Basis

    @property
    def worst(self) -> pd.Series | None:
        """The aspect with the fewest positive comments, of those ranked; None of fewer than two."""
        ranked = self.table[self.table["ranked"]]
        if len(ranked) < 2:
            return None
        return ranked.iloc[int(ranked["estimate"].argmin())]

    @property
    def most(self) -> pd.Series:
        """The aspect spoken of most often."""
        return self.table.iloc[int(self.table["n"].argmax())]

    def estimates(self) -> dict[str, Estimate]:
        """Share of positive comments about each aspect shown: `positive.staff`."""
        shown = self.table.dropna(subset="estimate")
        return named_estimates(shown, "aspect", prefix="positive.", kind="percent")

    def findings(self) -> list[Finding]:
        """Which aspect fares worst, where it surely does, and which is mentioned most."""
        if self.table["share"].isna().all():
            return [Finding("aspects", "No subject is spoken of by enough respondents to be shown")]
        most, worst = self.most, self.worst
        often = Estimate(*most[["share", "share_low", "share_high", "n"]], kind="percent")
        values: dict[str, Any] = {"most": most["label"], "often": often}
        frequent = Finding(
            "aspects.share",
            "The most frequent subject is “{most}”, in {often} of the comments.",
            values,
        )
        if self.basis == "none" or self.table["estimate"].isna().all():
            return [
                Finding("aspects", "Customers write most often about “{most}”", values),
                frequent,
            ]
        values |= {"overall": self.overall}
        people = self.basis == "people"
        detail = (
            "Of all comments {overall} are positive, as people would code them."
            if people
            else "Of all comments {overall} come from customers who are satisfied overall."
        )
        told = [Finding("aspects.overall", detail, values), frequent]
        if worst is None or worst["high"] >= self.overall.value:
            message = (
                "No subject is criticised clearly more than comments are on average"
                if people
                else "No subject comes from clearly less satisfied customers than the others"
            )
            return [Finding("aspects", message, verdict="open"), *told]
        share = Estimate(*worst[["estimate", "low", "high", "known"]], kind="percent")
        values |= {"aspect": worst["label"], "share": share}
        message = (
            "Customers are most critical of “{aspect}”"
            if people
            else "Those who write about “{aspect}” are the least satisfied"
        )
        about = (
            "Of the comments about “{aspect}”, {share} are positive."
            if people
            else "Of the comments about “{aspect}”, {share} come from satisfied customers."
        )
        return [
            Finding("aspects", message, values, verdict="worst", estimates={"positive": share}),
            Finding("aspects.worst", about, values),
            *told,
        ]

    def picture(self) -> Picture | None:
        """Share of each subject, where there is any."""
        if self.table["estimate"].isna().all():
            return None
        return Picture(
            self.plot,
            "What comments are about, and their sentiment",
            _SHARE[self.basis],
            self.table,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the share of each aspect with its interval, the lowest on top."""
        say = speak(language)
        ax = ax or plt.gca()
        rows = self.table.dropna(subset="estimate").sort_values("estimate", ascending=False)
        place = np.arange(len(rows))
        value, low, high = (100 * rows[c].to_numpy(float) for c in ("estimate", "low", "high"))
        sizes = 30 + 220 * rows["share"].to_numpy(float) / max(rows["share"].max(), 1e-9)
        ends = [np.maximum(value - low, 0), np.maximum(high - value, 0)]
        ax.errorbar(value, place, xerr=ends, fmt="none", capsize=3)
        ax.scatter(value, place, s=sizes, alpha=0.75, zorder=3)
        ax.set_yticks(place, [say.name(label) for label in rows["label"]])
        ax.tick_params(axis="y", length=0)
        ax.grid(visible=False, axis="y")
        ax.axvline(
            100 * self.overall.value,
            color=plt.rcParams["text.color"],
            linewidth=0.7,
            linestyle="--",
        )
        ax.set_xlim(0, 100)
        ax.set_xlabel(
            say("Positive comments, % (line: 95% interval)")
            if self.basis == "people"
            else say("From satisfied customers, % (line: 95% interval)")
        )
        return ax


def aspect_table(
    comments: Comments, tones: CommentTones, *, min_cell: int = 5, level: float = 0.95
) -> AspectTable:
    """Count who speaks of each aspect, and how many of these comments are positive.

    Parameters
    ----------
    comments : Comments
    tones : CommentTones
        From `comment_tones`.
    min_cell : int
        Aspects of fewer respondents show their count and the reason only; shares of fewer
        comments whose tone is known are withheld too.

    Notes
    -----
    A share is that among the comments about the aspect which were collected. Where people coded a
    sample of them, the interval is for what coding the others would show; where the writers'
    ratings tell the tone, it is for other customers.
    """
    mentions = comments.mentions()
    known = ~np.isnan(tones.tone)
    rows = []
    for name, title in comments.aspects.items():
        about = mentions.index[mentions[name].to_numpy()]
        mine = known[about.to_numpy()]
        row: dict[str, Any] = {"aspect": name, "label": title, "n": len(about), "ranked": False}
        if len(about) < min_cell:
            row |= {"known": 0, "reason": "too few respondents"}
        else:
            share = comments.share_of(mentions[name], level)
            row |= dict(zip(("share", "share_low", "share_high"), share, strict=True))
            row |= {"known": int(mine.sum()), "reason": ""}
            if tones.basis == "none" or mine.sum() < min_cell:
                row["reason"] = (
                    "" if tones.basis == "none" else "too few comments of known sentiment"
                )
            else:
                value = tones.share_of(comments, about, level)
                row |= dict(zip(("estimate", "low", "high"), value, strict=True))
                positive = float(tones.tone[about.to_numpy()][mine].sum())
                row["ranked"] = min(positive, mine.sum() - positive) >= LEAST_CODED
        rows.append(row)
    columns = ["aspect", "label", "n", "share", "share_low", "share_high", "known"]
    table = pd.DataFrame(rows, columns=[*columns, "estimate", "low", "high", "ranked", "reason"])
    table = labelled(
        table.sort_values("n", ascending=False, kind="stable").reset_index(drop=True),
        label="Subject",
        n="Respondents",
        share=("Share of comments", "percent"),
        known="Comments with known sentiment",
        estimate=(_SHARE[tones.basis], "percent"),
        reason="Note",
    )
    overall = tones.share_of(comments, comments.texts.index, level)
    return AspectTable(table, len(comments), overall, tones.basis)
