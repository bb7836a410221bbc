"""From a survey's table and card to answers ready for analysis: groups joined, waves in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.results import Estimate, Finding, Result, labelled
from workbench.satisfaction.questionnaire.answers import (
    MANY_LOST,
    WEIGHT,
    Answers,
    SurveyError,
    lost_answers,
    lost_bounds,
    overall_question,
    read_answers,
    same_person,
)
from workbench.satisfaction.questionnaire.attention import FAILED, Attention, attention
from workbench.satisfaction.questionnaire.waves import waves_in_order
from workbench.stats import Raked, effective_size, rake
from workbench.stats.raking import JOINT
from workbench.study.survey import Survey

#: A wave with fewer respondents is not raked: a handful cannot be made to stand for everybody.
_LEAST_TO_RAKE = 30
_ROWS_NAMED = 8


@dataclass(frozen=True)
class Weighting(Result):
    """What the weights come to.

    Attributes
    ----------
    table : DataFrame
        One row a wave: `wave`, `n`, `n_effective`, `design_effect`, `largest` (weight), `trimmed`,
        `note`.
    margins : DataFrame
        One row a wave, margin and category: `n`, `sample`, `target`, `achieved`; empty where the
        weights came with the table.
    """

    table: pd.DataFrame
    margins: pd.DataFrame

    @property
    def effective(self) -> float:
        """Effective sample size over all waves (Kish), the waves being independent."""
        return float(self.table["n_effective"].sum())

    def estimates(self) -> dict[str, Estimate]:
        """Design effect of each wave: how many times more answers the weights make necessary."""
        return {
            f"design_effect.{wave}": Estimate(float(effect), n=float(n), label=str(wave))
            for wave, effect, n in self.table[["wave", "design_effect", "n"]].to_numpy()
        }


@dataclass(frozen=True)
class SurveyData:
    """A survey ready for analysis.

    Attributes
    ----------
    answers : Answers
        With `wave` in its background, in order of time.
    group : str
        The column to compare by; empty when there is none.
    weighting : Weighting or None
    min_cell : int
        Waves of fewer respondents are not reported by themselves.
    card : Survey
        What the study's card says of the survey.
    attention : Attention or None
        Who failed an attention check, of all who answered.
    """

    answers: Answers
    group: str
    weighting: Weighting | None
    min_cell: int = 1
    card: Survey = field(default_factory=Survey)
    attention: Attention | None = None

    def overall(self, column: str) -> str:
        """Give the question of overall satisfaction: the one named, else one of a known scale."""
        found = overall_question(self.answers.background, column)
        return found if found == column or self.card.scale_of(found) else column

    def scale_of(self, column: str, otherwise: tuple[float, float]) -> tuple[float, float]:
        """Give the scale of a question, or another one where the card says none."""
        return self.card.scale_of(column) or otherwise

    def losses(self) -> list[Finding]:
        """Say how many answers to the items cannot be used, and what they leave open."""
        latest = self.latest
        lost = [lost_answers(latest.background, f"per_{item}") for item in latest.items]
        n = int(sum(mask.sum() for mask in lost))
        if not n:
            return []
        values, weights = latest.perception.to_numpy(dtype=float), latest.weights
        given = np.where(np.isnan(values), 0.0, weights[:, None])
        gone = float(sum(weights[mask].sum() for mask in lost))
        mean = float(np.nansum(values * given) / given.sum())
        low, high = lost_bounds(mean, float(given.sum()), gone, latest.scale)
        of = n + int((~np.isnan(values)).sum())
        return [
            Finding(
                "survey.lost",
                "{n} of {of} answers on experience in the last wave cannot be used: they are"
                " unreadable or off the scale. Whatever they were, the mean experience over all"
                " items, {mean}, lies between {low} and {high}."
                if round(low, 2) < round(high, 2)
                else "{n} of {of} answers on experience in the last wave cannot be used: they are"
                " unreadable or off the scale. Whatever they were, the mean experience over all"
                " items remains {mean}.",
                {
                    "n": n,
                    "of": of,
                    "mean": Estimate(mean, digits=2),
                    "low": Estimate(low, digits=2),
                    "high": Estimate(high, digits=2),
                },
                severity="warning" if n > MANY_LOST * of else "note",
            )
        ]

    @property
    def groups(self) -> list[str]:
        """The columns to compare by that are there and filled; `group` is the first."""
        return [column for column in self.card.groups if self.has(column)]

    @property
    def waves(self) -> list[str]:
        """The waves in order of time."""
        return [str(w) for w in self.answers.background["wave"].cat.categories]

    @property
    def last(self) -> str:
        """The last wave that is large enough to be reported."""
        sizes = self.sizes
        return str(sizes.loc[sizes["n"] >= self.min_cell, "wave"].iloc[-1])

    @property
    def latest(self) -> Answers:
        """Answers of the last wave."""
        return self.answers.subset(self.answers.background["wave"] == self.last)

    @property
    def sizes(self) -> pd.DataFrame:
        """Answers of each wave and what they are worth: see `Weighting.table`."""
        if self.weighting is not None:
            return self.weighting.table.assign(wave=self.weighting.table["wave"].astype(str))
        counts = self.answers.background["wave"].astype(str).value_counts().reindex(self.waves)
        n = counts.to_numpy()
        columns = {"wave": self.waves, "n": n, "n_effective": n.astype(float), "design_effect": 1.0}
        return pd.DataFrame({**columns, "largest": 1.0, "trimmed": 0, "note": ""})

    @property
    def size(self) -> dict[str, Estimate]:
        """Answers of the last wave (`survey.n`), and what they are worth (`survey.effective`)."""
        last = self._last_size
        n, effective = float(last["n"]), float(last["n_effective"])
        return {
            "survey.n": Estimate(n, label="Answers of the last wave", digits=0),
            "survey.effective": Estimate(
                effective, n=n, label="Effective sample size after weighting"
            ),
        }

    @property
    def margins(self) -> pd.DataFrame:
        """How the last wave meets each margin; empty where none is known."""
        if self.weighting is None or self.weighting.margins.empty:
            return pd.DataFrame()
        rows = self.weighting.margins
        return rows[rows["wave"] == self.last]

    @property
    def exclusions(self) -> pd.DataFrame:
        """What was left out or set to missing: see `Answers.exclusions`."""
        return labelled(self.answers.exclusions, reason="Reason", what="What", n="Count")

    def attentive(self) -> list[Finding]:
        """Say how many failed an attention check, and what became of them."""
        return [] if self.attention is None else self.attention.findings()

    def findings(self) -> list[Finding]:
        """Whether the answers are weighted, what that costs, and what answers are lost."""
        return [*self._of_weights(), *self.losses()]

    def _of_weights(self) -> list[Finding]:
        if self.weighting is None:
            return [
                Finding("weights", "The answers are not weighted", verdict="unweighted"),
                Finding(
                    "weights.meaning",
                    "Every answer counts the same. If satisfied customers answer more "
                    "readily, all results are too good.",
                ),
            ]
        last, size = self._last_size, self.size
        values = {"n": size["survey.n"], "effective": size["survey.effective"]}
        cost = {
            "effect": Estimate(float(last["design_effect"]), digits=2),
            "largest": Estimate(float(last["largest"]), digits=1),
        }
        found = [
            Finding(
                "weights",
                "{n} responses; after weighting as precise as {effective}",
                values,
                verdict="weighted",
                estimates=size,
            ),
            Finding(
                "weights.meaning",
                "Weights make each wave agree with what is known of all customers. They cost"
                " precision: the design effect is {effect}, and the largest weight {largest} times"
                " the mean.",
                cost,
            ),
        ]
        if last["note"]:
            found[0] = Finding(
                "weights",
                "The last wave has too few answers to be weighted to all customers",
                verdict="unweighted",
                severity="warning",
            )
        return found

    @property
    def _last_size(self) -> pd.Series:
        sizes = self.sizes
        return sizes[sizes["wave"] == self.last].iloc[0]

    def has(self, *columns: str) -> bool:
        """Tell whether questions besides the items were asked and answered."""
        background = self.answers.background
        return all(c in background and background[c].notna().any() for c in columns)


def prepare_survey(
    table: pd.DataFrame,
    card: Survey,
    *,
    people: Sequence[pd.DataFrame | None] = (),
    labels: Mapping[str, str] | None = None,
    min_cell: int = 1,
) -> SurveyData:
    """Check a survey's table by its card, join groups, order the waves, and weight.

    Parameters
    ----------
    table : DataFrame
        The study's table `survey`. Without a column `wave` all answers are one wave.
    card : Survey
        The survey's part of the study card.
    people : sequence of DataFrame or None
        Tables of customers that may hold the groups and margins (segments, customers), as far as
        they are there.
    labels : mapping, optional
        Wording of each item; the card's in English unless given.
    min_cell : int
        The fewest respondents of a wave that is reported by itself.

    Raises
    ------
    SurveyError
        The table does not fit the card: see `read_answers`; a wave that the card does not name; or
        no wave with enough respondents.
    """
    margins = card.margins
    needed = dict.fromkeys(column for name in margins for column in name.split(JOINT))
    frame = table if "wave" in table else table.assign(wave="all")
    for others in people:
        if others is not None:
            frame = join_customers(frame, others, [*card.groups, *needed])
    frame = frame.assign(wave=_ordered(frame, card.waves))
    if card.weights is not None and card.weights.column in frame:
        _refuse_bad_weights(frame[card.weights.column])
    checks = attention(frame, card)
    if checks.left_out.all():
        raise SurveyError(
            "every respondent failed an attention check and is to be left out",
            where="survey.attention",
            remedy="correct the right answers in study.yml, or leave `exclude` out",
        )
    if checks.asked.any():
        state = np.where(checks.asked, checks.failed.astype(float), np.nan)
        frame = frame.assign(**{FAILED: state})[~checks.left_out]
    answers = read_answers(frame, card, labels=card.labels if labels is None else labels)
    if n := int(checks.left_out.sum()):
        answers = answers.excluding("failed an attention check, and is left out by the card", n)
    answers = answers.with_background(
        wave=answers.background["wave"].cat.remove_unused_categories()
    )
    group = next((c for c in card.groups if c in frame and frame[c].notna().any()), "")
    weighting = None
    if card.weights is not None and (card.weights.column or margins):
        answers, weighting = weigh(
            answers, column=card.weights.column, margins=margins, trim=card.weights.trim
        )
    largest = int(answers.background["wave"].value_counts().max())
    if largest < min_cell:
        raise SurveyError(
            f"the largest wave has {largest} respondents, fewer than {min_cell}",
            where="survey.wave",
            remedy="pool the waves; so few answers would tell what single people said",
        )
    return SurveyData(answers, group, weighting, min_cell, card, checks)


def with_weight_and_person(
    table: pd.DataFrame, card: Survey | None, *, people: Sequence[pd.DataFrame | None] = ()
) -> pd.DataFrame:
    """Add to each row of a survey its `weight` and the number of the `person` who gave it.

    Rows that `prepare_survey` leaves out (no item answered, or answered again later in the wave)
    weigh one, as do all where the card gives no weights or the table does not fit it. Whoever
    failed an attention check and is left out for it by the card has no row.
    """
    frame = table.reset_index(drop=True)
    if card is not None:
        frame = frame[~attention(frame, card).left_out].reset_index(drop=True)
    weight = pd.Series(1.0, index=frame.index)
    if card is not None and card.weights is not None:
        try:
            kept = prepare_survey(frame.assign(_row=frame.index), card, people=people).answers
        except DataError:
            pass
        else:
            weight.loc[kept.background["_row"].to_numpy()] = kept.weights
    return frame.assign(weight=weight, person=same_person(frame))


def weigh(
    answers: Answers,
    *,
    column: str | None = None,
    margins: Mapping[str, Mapping[str, float]] | None = None,
    trim: float | None = 5.0,
    wave: str = "wave",
) -> tuple[Answers, Weighting]:
    """Weight the answers of each wave: by a column, to known margins, or first one then the other.

    Waves of fewer than 30 respondents keep equal weights.

    Parameters
    ----------
    answers : Answers
    column : str, optional
        Ready weights in the background.
    margins : mapping, optional
        See `workbench.stats.rake`.
    trim : float, optional
        The largest weight, in multiples of the mean.

    Raises
    ------
    DataError
        Weights that are missing or negative, or margins that cannot be met.
    """
    background = answers.background
    waves = background[wave] if wave in background else pd.Series("all", index=background.index)
    base = np.ones(len(answers))
    if column is not None:
        base = _weight_column(background, column)
    weights = base.copy()
    rows, parts = [], []
    for name in waves.drop_duplicates().sort_values():
        at = np.flatnonzero((waves == name).to_numpy())
        note, trimmed = "", 0
        if margins and at.size >= _LEAST_TO_RAKE:
            found = _raked(background.iloc[at], margins, base[at], trim, str(name))
            weights[at], trimmed = found.weights, found.trimmed
            parts.append(found.table.assign(wave=name))
        else:
            weights[at] = base[at] / base[at].mean()
            note = "too few answers to weight" if margins else ""
        effective = effective_size(weights[at])
        rows.append(
            {
                "wave": name,
                "n": at.size,
                "n_effective": effective,
                "design_effect": at.size / effective,
                "largest": weights[at].max(),
                "trimmed": trimmed,
                "note": note,
            }
        )
    columns = ["wave", "margin", "category", "n", "sample", "target", "achieved"]
    met = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    table = labelled(
        pd.DataFrame(rows),
        wave="Wave",
        n="Answers",
        n_effective=("Effective sample size", "number:0"),
        design_effect=("Design effect", "number:2"),
        largest=("Largest weight", "number:2"),
        trimmed="Weights cut back",
        note="Note",
    )
    return answers.with_background(**{WEIGHT: weights}), Weighting(table, met)


def _raked(
    rows: pd.DataFrame,
    margins: Mapping[str, Mapping[str, float]],
    base: np.ndarray,
    trim: float | None,
    wave: str,
) -> Raked:
    try:
        return rake(rows, margins, base=base, trim=trim)
    except DataError as error:
        raise SurveyError(
            f"wave {wave}: {error.what}", where=error.where, remedy=error.remedy
        ) from error


def _weight_column(background: pd.DataFrame, column: str) -> np.ndarray:
    if column not in background:
        raise SurveyError(
            f"there is no column {column!r} of weights",
            where="survey.weights.column",
            remedy="map it under tables.survey.columns in study.yml, or give margins",
        )
    given = pd.to_numeric(background[column], errors="coerce")
    _refuse_bad_weights(given)
    return given.to_numpy(dtype=float)


def _refuse_bad_weights(weights: pd.Series) -> None:
    """Refuse weights that are missing or negative, naming their rows as the file counts them."""
    given = pd.to_numeric(weights, errors="coerce").to_numpy(dtype=float)
    bad = np.flatnonzero(~np.isfinite(given) | (given < 0))
    if bad.size:
        rows = ", ".join(str(i + 2) for i in bad[:_ROWS_NAMED])
        more = f" and {bad.size - _ROWS_NAMED} more" if bad.size > _ROWS_NAMED else ""
        raise SurveyError(
            f"{bad.size} of {given.size} weights in {weights.name!r} are missing or negative: those"
            f" of rows {rows}{more} (2 is the first answer that was kept)",
            where="survey.weights.column",
            remedy="every respondent needs a weight of zero or more; fill them, or give margins",
        )


def _ordered(frame: pd.DataFrame, declared: Sequence[str]) -> pd.Series:
    order = waves_in_order(frame["wave"], frame.get("answered_on"), declared)
    kind = pd.CategoricalDtype(order, ordered=True)
    return frame["wave"].astype("string").astype(kind)


def join_customers(
    survey: pd.DataFrame, people: pd.DataFrame, columns: Sequence[str], *, key: str = "customer_id"
) -> pd.DataFrame:
    """Join to each respondent those columns of a table of customers that the survey lacks."""
    if key not in survey or key not in people:
        return survey
    wanted = [c for c in dict.fromkeys(columns) if c in people and c not in survey]
    if not wanted:
        return survey
    groups = people.drop_duplicates(key).set_index(key)
    return survey.assign(**{c: survey[key].map(groups[c]) for c in wanted})
