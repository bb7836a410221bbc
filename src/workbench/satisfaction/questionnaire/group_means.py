"""Every question with a scale by every grouping of a survey: who answers higher than whom.

References
----------
Holm (1979), Scandinavian Journal of Statistics 6(2), 65-70; Cohen (1988), Statistical Power
Analysis, section 2.2 (a difference in standard deviations). Means of weighted answers: see
`workbench.stats.mean_shift`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from workbench.arrays import Array, Mask
from workbench.errors import DataError
from workbench.results import Estimate, Finding, Result, labelled
from workbench.satisfaction.questionnaire.answers import Answers, require_questions
from workbench.stats import Sample, Sums, adjust, mean_shift, rule_of, withhold
from workbench.stats.weights import column_moments
from workbench.study import CellRule

#: From here on two groups answer a question differently, corrected over all that are compared.
DIFFER = 0.05


@dataclass(frozen=True)
class GroupMeans(Result):
    """Mean answer of each group to each question.

    Attributes
    ----------
    table : DataFrame
        One row a question, grouping and group: question (its wording), by, group, n, estimate,
        low, high, effect (the mean less that of all others, in standard deviations of all answers),
        effect_low, effect_high, higher_than (the groups that answer lower, Holm over all questions,
        groupings and pairs), withheld (bool).
    """

    table: pd.DataFrame

    @property
    def differ(self) -> bool:
        """Whether any group answers any question higher than another, beyond chance."""
        return bool((self.table["higher_than"] != "").any())

    def _furthest(self) -> tuple[Estimate, Estimate, pd.Series] | None:
        """Give the highest and the lowest group of the question that parts them furthest."""
        marked = self.table[self.table["higher_than"] != ""]
        if marked.empty:
            return None
        best = marked.iloc[int(marked["effect"].to_numpy(dtype=float).argmax())]
        same = (self.table["question"] == best["question"]) & (self.table["by"] == best["by"])
        least = self.table[same & ~self.table["withheld"]].sort_values("estimate").iloc[0]
        high, low = (
            Estimate(row["estimate"], row["low"], row["high"], n=row["n"], label=row["group"])
            for row in (best, least)
        )
        return high, low, best

    def estimates(self) -> dict[str, Estimate]:
        """Mean of the two groups that lie furthest apart."""
        found = self._furthest()
        return {} if found is None else {"group.highest": found[0], "group.lowest": found[1]}

    def findings(self) -> list[Finding]:
        """Say which question parts groups most."""
        found = self._furthest()
        if found is None:
            return [
                Finding(
                    "groups.means",
                    "No group answers any question clearly higher than another",
                    verdict="alike",
                )
            ]
        high, low, row = found
        values = {"question": row["question"], "group": high.label, "more": high,
                  "other": low.label, "less": low}  # fmt: skip
        return [
            Finding(
                "groups.means",
                "Groups answer this question most differently: “{question}”, {group} {more}, "
                "{other} {less}",
                values,
                verdict="differ",
                estimates=self.estimates(),
            )
        ]


def means_by(
    answers: Answers,
    groupings: Sequence[str],
    questions: Mapping[str, str] | None = None,
    *,
    min_cell: CellRule | int = 5,
    level: float = 0.95,
) -> GroupMeans:
    """Hold the mean answers of groups against one another, for every question and grouping.

    Two groups are compared by Welch's test of weighted means (persons, not answers, are counted
    where somebody answered twice), corrected by Holm over all pairs of groups, questions and
    groupings together.

    Parameters
    ----------
    answers : Answers
    groupings : sequence of str
        Columns of `answers.background`.
    questions : mapping, optional
        Columns of the background with answers on a scale -> their wording, beside the items.
    min_cell : CellRule or int
        Groups of fewer answers are withheld, and another with them where a total would give them
        away.

    Raises
    ------
    DataError
        A column that does not exist, or is empty; no question on a scale was answered.
    """
    frame = answers.background
    require_questions(frame, *groupings, *(questions or {}))
    items = [answers.labels.get(item, item) for item in answers.items]
    asked = [*items, *(questions or {}).values()]
    beside = [pd.to_numeric(frame[c], errors="coerce").to_numpy() for c in questions or {}]
    values: Array = np.column_stack([answers.perception.to_numpy(dtype=float), *beside])
    if np.isnan(values).all():
        raise DataError(
            "no question on a scale was answered", where="survey", remedy="name the items"
        )
    spread = column_moments(values, answers.weights).sd
    rows: list[pd.DataFrame] = []
    tests: list[tuple[int, int, int, int, float]] = []
    names: list[list[str]] = []
    for at, by in enumerate(groupings):
        codes, found = _groups(frame[by])
        names.append(found)
        counts = np.stack([(~np.isnan(values[codes == g])).sum(axis=0) for g in range(len(found))])
        hidden = _hidden(counts.T.astype(float), min_cell)
        samples = [_sample(answers, values, codes == g) for g in range(len(found))]
        others = [_sample(answers, values, (codes != g) & (codes >= 0)) for g in range(len(found))]
        for g, name in enumerate(found):
            rows.append(_rows(asked, by, name, samples[g], others[g], spread, hidden[:, g], level))
        for a, b in combinations(range(len(found)), 2):
            shift = mean_shift(samples[a], samples[b])
            with np.errstate(divide="ignore", invalid="ignore"):
                p = 2 * stdtr(shift.df, -np.abs(shift.estimate) / np.sqrt(shift.variance))
            for q in np.flatnonzero(~hidden[:, a] & ~hidden[:, b] & (shift.variance > 0)):
                low, high = (a, b) if shift.estimate[q] > 0 else (b, a)
                tests.append((at, int(q), high, low, float(p[q])))
    if not rows:
        raise DataError(
            f"nobody has a value of {', '.join(map(repr, groupings))}", where="survey.groups",
            remedy="fill the column, or take it off the card",
        )  # fmt: skip
    table = pd.concat(rows, ignore_index=True)
    table = table[table.groupby("question")["n"].transform("sum") > 0]
    table["higher_than"] = _higher_than(tests, names, asked, groupings, table)
    order = {name: i for i, name in enumerate(asked)}
    table = table.sort_values("question", key=lambda c: c.map(order), kind="stable")
    return GroupMeans(
        labelled(
            table.reset_index(drop=True),
            question="Question",
            **({"by": "Grouped by"} if len(groupings) > 1 else {}),
            group="Group",
            n="Answers",
            estimate=("Mean", "number:2"),
            effect=("Against the others, in standard deviations", "number:2"),
            higher_than="Higher than",
        )
    )


def _groups(column: pd.Series) -> tuple[Array, list[str]]:
    values = column.cat.remove_unused_categories() if hasattr(column, "cat") else column
    codes, found = pd.factorize(values, sort=True)
    return np.asarray(codes), [str(name) for name in found]


def _sample(answers: Answers, values: Array, at: Mask) -> Sample:
    return Sample(values[at], answers.weights[at], answers.people[at])


def _hidden(counts: Array, min_cell: CellRule | int) -> Mask:
    """Which cells may not be shown: too few people, or another with them because of a total."""
    rule = rule_of(min_cell)
    lines = [*np.arange(counts.size).reshape(counts.shape)]
    away = withhold(Sums.counted(counts), rule, lines).cells.reshape(counts.shape)
    return np.asarray(away | (counts < max(rule.min_cell, 2)))


def _rows(
    asked: Sequence[str],
    by: str,
    name: str,
    own: Sample,
    rest: Sample,
    spread: Array,
    hidden: Mask,
    level: float,
) -> pd.DataFrame:
    moments = column_moments(own.values, own.weights, clusters=own.people)
    shift = mean_shift(rest, own)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = stdtrit(moments.effective - 1, (1 + level) / 2) * np.sqrt(moments.variance)
        low, high = (end / spread for end in shift.limits(level))
        effect = shift.estimate / spread
    numbers = {
        "estimate": moments.mean, "low": moments.mean - reach, "high": moments.mean + reach,
        "effect": effect, "effect_low": low, "effect_high": high,
    }  # fmt: skip
    shown = {key: np.where(hidden, np.nan, column) for key, column in numbers.items()}
    n = (~np.isnan(own.values)).sum(axis=0)
    return pd.DataFrame(
        {"question": asked, "by": by, "group": name, "n": n, **shown, "withheld": hidden}
    )


def _higher_than(
    tests: Sequence[tuple[int, int, int, int, float]],
    names: Sequence[Sequence[str]],
    asked: Sequence[str],
    groupings: Sequence[str],
    table: pd.DataFrame,
) -> list[str]:
    """Name for each row the groups that answer the question lower beyond chance."""
    corrected = adjust([test[-1] for test in tests], "holm") if tests else np.zeros(0)
    found: dict[tuple[str, str, str], list[str]] = {}
    for (at, q, high, low, _), p in zip(tests, corrected, strict=True):
        if p < DIFFER:
            key = (asked[q], groupings[at], names[at][high])
            found.setdefault(key, []).append(names[at][low])
    keys = zip(table["question"], table["by"], table["group"], strict=True)
    return [", ".join(found.get(key, [])) for key in keys]
