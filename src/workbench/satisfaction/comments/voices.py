"""What customers say unasked, channel by channel, beside what they write in the survey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, attempt, labelled
from workbench.satisfaction.comments.aspects import aspect_table
from workbench.satisfaction.comments.coded_sample import CommentTones, comment_tones
from workbench.satisfaction.comments.coding_agreement import learn_tone
from workbench.satisfaction.comments.comments import Comments, read_comments
from workbench.satisfaction.comments.tone import tone_by_rating
from workbench.satisfaction.questionnaire.answers import overall_question
from workbench.stats.disclosure import Sums, pool_smallest, rule_of
from workbench.stats.intervals import equal_shares, proportion_difference
from workbench.stats.multiplicity import holm
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SURVEY: Final = "Survey"
REST: Final = "Other channels"
SAID: Final = "{n} voices from {channels} channels are sorted by the codebook of the survey"
LOUDER: Final = (
    "{channel}: “{aspect}” comes up more often than in the survey, in {share} of the texts, {gap}"
    " more"
)
ALIKE: Final = "No subject comes up more often unasked than in the survey by more than chance"
OTHERS: Final = (
    "Who speaks unasked is not a sample of the customers: the shares are those of what was said"
)


@dataclass(frozen=True)
class Voices(Result):
    """Subjects by where they were spoken of.

    Attributes
    ----------
    table : DataFrame
        One row a source and subject: source (the survey first), label, n, share (of the texts of
        the source) with `_low` and `_high`; estimate (share of them that are positive, where it is
        known) with `low` and `high`; gap (of the share to the survey's) with `_low`, `_high`, p
        (Holm).
    n, channels : int
        Voices; channels that are told apart.
    basis : str
        Whether people coded the tone, or the writers' own ratings tell it, or nothing.
    about_tone : tuple of Finding
        What the shares of positive texts rest on.
    """

    table: pd.DataFrame
    n: int
    channels: int
    basis: str
    about_tone: tuple[Finding, ...] = ()

    def estimates(self) -> dict[str, Estimate]:
        """Give how often each subject comes up, by channel."""
        return {
            f"{row['source']}.{row['label']}": Estimate.of_row(row, "share", kind="percent").named(
                str(row["label"])
            )
            for _, row in self.table.iterrows()
            if np.isfinite(row["share"])
        }

    def findings(self) -> list[Finding]:
        """Say which subjects come up more often unasked, the widest gap first."""
        told = {"n": self.n, "channels": self.channels}
        said = [Finding("voices", SAID, told), Finding("voices.who", OTHERS)]
        t = self.table[self.table["source"] != SURVEY]
        if t["gap"].notna().any():
            clear = t[(t["p"] < 0.05) & (t["gap"] > 0)].sort_values("gap", ascending=False)
            for _, row in clear.head(3).iterrows():
                gap = Estimate.of_row(row, "gap", kind="points", unit="%", signed=False)
                values = {
                    "aspect": str(row["label"]), "channel": str(row["source"]), "gap": gap,
                    "share": Estimate.of_row(row, "share", kind="percent"),
                }  # fmt: skip
                said.append(Finding("voices.louder", LOUDER, values, estimates={"gap": gap}))
            if clear.empty:
                said.append(Finding("voices.louder", ALIKE))
        return [*said, *self.about_tone]

    def picture(self) -> Picture | None:
        """Draw the shares by source."""
        if self.table["share"].isna().all():
            return None
        return Picture(
            self.plot, "What is said where",
            "Share of the texts that speak of each subject, by where they were written; 95%"
            " confidence intervals",
            self.table, height=1 + 0.55 * self.table["label"].nunique(),
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one row a subject, one mark a source."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        sources = list(dict.fromkeys(self.table["source"]))
        order = list(dict.fromkeys(self.table["label"]))[::-1]
        for k, source in enumerate(sources):
            own = self.table[(self.table["source"] == source) & self.table["share"].notna()]
            at = np.array([order.index(label) for label in own["label"]], dtype=float)
            at += 0.14 * ((len(sources) - 1) / 2 - k)
            ends = [own["share"] - own["share_low"], own["share_high"] - own["share"]]
            mark = "os^Dvx"[k % 6]
            name = say(source) if source in (SURVEY, REST) else say.name(source)
            ax.errorbar(own["share"], at, xerr=ends, fmt=mark, markersize=4, label=name)
        ax.set_yticks(range(len(order)), [say.name(label) for label in order])
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xlim(left=0)
        ax.legend()
        return ax


def voices(
    frame: pd.DataFrame,
    spoken: Comments,
    tones: CommentTones,
    survey: tuple[Comments, CommentTones] | None = None,
    *,
    min_cell: CellRule | int = 5,
) -> Voices:
    """Count what is spoken of in each channel, and hold it against the survey's comments.

    Parameters
    ----------
    frame : DataFrame
        One row a text: channel; customer_id where it is known.
    spoken, tones : Comments, CommentTones
        Of its texts, by `read_comments` and `comment_tones`.
    survey : tuple, optional
        The same of the survey.
    min_cell : CellRule or int
        Channels of fewer texts, or customers where they are known, are put together.

    Raises
    ------
    DataError
        No channel is large enough to be told of.
    """
    require_columns(frame, ("comment",), "the voices have")
    rule = rule_of(min_cell)
    parts = _by_channel(frame.reset_index(drop=True), spoken, rule)
    tables = {} if survey is None else {SURVEY: aspect_table(*survey, min_cell=rule.min_cell).table}
    for name, rows in parts.items():
        own, theirs = _part(spoken, tones, rows)
        tables[name] = aspect_table(own, theirs, min_cell=rule.min_cell).table
    table = pd.concat([t.assign(source=name) for name, t in tables.items()], ignore_index=True)
    sizes = {name: len(rows) for name, rows in parts.items()}
    if survey is not None:
        sizes[SURVEY] = len(survey[0])
    table = table.join(_gaps(table, sizes))
    order = table.groupby("label")["n"].sum()
    table["at"] = [-int(order[label]) for label in table["label"]]
    table["first"] = [list(tables).index(s) for s in table["source"]]
    table = table.sort_values(["first", "at"], kind="stable").reset_index(drop=True)
    columns = ["source", "label", "n", "share", "share_low", "share_high", "estimate", "low",
               "high", "gap", "gap_low", "gap_high", "p"]  # fmt: skip
    positive = {
        "people": "Positive comments", "ratings": "From satisfied customers",
    }.get(tones.basis, "Positive comments")  # fmt: skip
    return Voices(
        labelled(
            table[columns], source="Where", label="Subject", n="Texts",
            share=("Share of the texts", "percent"), estimate=(positive, "percent"),
            gap=("Difference to the survey", "percent:1"), p=("Corrected p", "p"),
        ),
        len(spoken), len(parts), tones.basis,
        tuple(replace(f, key=f"voices.{f.key}") for f in tones.findings()),
    )  # fmt: skip


def _by_channel(frame: pd.DataFrame, spoken: Comments, rule: CellRule) -> Mapping[str, pd.Index]:
    """Give the places of the texts of each channel; small ones are put together."""
    channel = frame.get("channel", pd.Series(REST, frame.index)).fillna(REST).astype(str)
    channel = channel.loc[spoken.texts.index]
    who = frame.get("customer_id", pd.Series(np.nan, frame.index)).loc[channel.index]
    who = who.astype(object).where(who.notna(), channel.index.astype(str))
    people = who.groupby(channel).nunique().sort_values(ascending=False, kind="stable")
    small = pool_smallest(Sums.counted(people.to_numpy()), rule)
    named = {g: REST if away else str(g) for g, away in zip(people.index, small, strict=True)}
    merged = channel.map(named)
    names = list(dict.fromkeys(named[g] for g in people.index))
    found = {name: merged.index[merged == name] for name in names}
    found = {name: rows for name, rows in found.items() if len(rows) >= rule.min_cell}
    if not found:
        raise DataError("no channel has enough voices to be told of", remedy="wait for more")
    return found


def _part(spoken: Comments, tones: CommentTones, rows: pd.Index) -> tuple[Comments, CommentTones]:
    """Take the texts at some places, and no others, with all that is known of them."""
    kept = spoken.everybody.index.isin(rows)
    everybody = spoken.everybody.assign(wrote=spoken.everybody["wrote"] & kept)
    clauses = spoken.clauses[spoken.clauses["row"].isin(rows)]
    own = replace(spoken, clauses=clauses, texts=spoken.texts.loc[rows], everybody=everybody)
    return own, tones


def _gaps(table: pd.DataFrame, sizes: Mapping[str, int]) -> pd.DataFrame:
    """Hold the share of each subject against the survey's."""
    asked = table[table["source"] == SURVEY].set_index("label")
    rows = []
    for _, row in table.iterrows():
        gap = Estimate(np.nan, n=0.0)
        other = asked.loc[row["label"]] if row["label"] in asked.index else None
        known = other is not None and np.isfinite(row["share"]) and np.isfinite(other["share"])
        if row["source"] != SURVEY and other is not None and known:
            counts = (row["n"], sizes[row["source"]], other["n"], sizes[SURVEY])
            gap = replace(proportion_difference(*counts), p=equal_shares(*counts))
        rows.append({"gap": gap.value, "gap_low": gap.low, "gap_high": gap.high, "p": gap.p})
    found = pd.DataFrame(rows, index=table.index)
    told = found["p"].notna()
    if told.any():
        found.loc[told, "p"] = holm(found.loc[told, "p"].astype(float))
    return found


def voices_beside(
    heard: pd.DataFrame | None,
    survey: pd.DataFrame | None,
    codebook: Mapping[str, Mapping[str, Any]],
    *,
    rng: np.random.Generator,
    coded: str | None = None,
    survey_coded: str | None = None,
    min_cell: CellRule | int = 5,
) -> Voices | None:
    """Read voices and the survey's comments by one codebook, and hold one against the other.

    Parameters
    ----------
    heard, survey : DataFrame or None
        comment, and of voices channel, rating, customer_id and the codes of people where they
        are known.
    codebook : mapping
        See `read_comments`.
    rng : Generator
    coded, survey_coded : str, optional
        How those that people coded were chosen; see `comment_tones`.
    min_cell : CellRule or int

    Returns
    -------
    Voices or None
        None where there are no voices that can be read.
    """
    if heard is None:
        return None
    spoken = attempt(read_comments, heard["comment"], codebook)
    if spoken is None:
        return None
    frame = heard if "rating" in heard else heard.assign(rating=np.nan)
    polarity = attempt(learn_tone, frame, rating="rating", rng=rng)
    tones = comment_tones(frame, spoken, polarity, rating="rating", coded=coded)
    more: dict[str, Any] = {}
    if survey is not None and "comment" in survey:
        written = attempt(read_comments, survey["comment"], codebook)
        if written is not None:
            more["survey"] = (written, comment_tones(survey, written, coded=survey_coded))
    found: Voices | None = attempt(voices, frame, spoken, tones, min_cell=min_cell, **more)
    return found


def satisfied(survey: pd.DataFrame | None) -> pd.DataFrame | None:
    """Give who was satisfied on which day: customer_id, answered_on, satisfied (1 or 0).

    Satisfied is who gave one of the two best of five answers, or the like on another scale.
    """
    if survey is None or not {"answered_on", "customer_id"} <= set(survey):
        return None
    question = overall_question(survey, "csat5")
    if question not in survey:
        return None
    return pd.DataFrame(
        {"customer_id": survey["customer_id"], "answered_on": survey["answered_on"],
         "satisfied": tone_by_rating(survey[question], middle="negative")}
    )  # fmt: skip
