"""Questions whose answers are choices, one or several, by group: who chose what more often.

References
----------
Rao, Scott (1984), On Chi-squared Tests for Multiway Contingency Tables, Annals of Statistics 12(1),
46-60 (a table of weighted counts is tested at its effective size); Holm (1979), Scandinavian
Journal of Statistics 6(2), 65-70.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from workbench.arrays import Array, Mask
from workbench.errors import DataError, did_you_mean
from workbench.results import Estimate, Finding, Result, labelled, named_estimates
from workbench.satisfaction.questionnaire.answers import Answers, require_questions
from workbench.stats import (
    Sums,
    adjust,
    cramers_v,
    equal_shares,
    rule_of,
    share_interval,
    withhold,
)
from workbench.stats.weights import effective_answers, effective_size, several
from workbench.study import CellRule
from workbench.study.fields import english
from workbench.study.survey import ChoiceQuestion

#: The most frequent choices are shown; the others of a question with one answer are one.
SHOWN = 12
OTHER = "other"
DIFFER = 0.05


@dataclass(frozen=True)
class Crosstab(Result):
    """What each group chose.

    Attributes
    ----------
    table : DataFrame
        One row a choice and group, the most frequent choice first: choice, group, n (who answered,
        of the group), chosen (who chose it; missing where withheld), share, low, high, more_than
        (the groups that chose it less often, Holm over all choices and pairs), withheld (bool).
    question, by : str
        Wording of the question; the column of the groups.
    whole : dict of str to Estimate
        Choice -> its share among all who answered.
    v : Estimate or None
        Cramer's V; none where several could be chosen.
    """

    table: pd.DataFrame
    question: str
    by: str
    whole: dict[str, Estimate]
    v: Estimate | None

    @property
    def differ(self) -> bool:
        """Whether any group chose anything more often than another, beyond chance."""
        return bool((self.table["more_than"] != "").any())

    def estimates(self) -> dict[str, Estimate]:
        """Share of each choice among all who answered; how far choices go with groups."""
        found = {f"chosen.{choice}": share for choice, share in self.whole.items()}
        return found | ({"choices.strength": self.v} if self.v is not None else {})

    def findings(self) -> list[Finding]:
        """Say what is chosen most, and where groups differ most."""
        choice, share = next(iter(self.whole.items()))
        about = {"question": self.question, "choice": choice, "share": share}
        found = [
            Finding(
                "choices.most",
                "{question} Chosen most: {choice}, {share}",
                about,
                estimates={f"chosen.{choice}": share},
            )
        ]
        if self.v is not None:
            found.append(
                Finding(
                    "choices.strength",
                    "How closely choices go with groups (Cramér's V, 0 to 1): {v}",
                    {"v": self.v},
                    estimates={"choices.strength": self.v},
                )
            )
        if not self.differ:
            return [*found, Finding("choices.alike", "No group chooses clearly differently.")]
        open_rows = self.table[~self.table["withheld"]]
        marked = open_rows[open_rows["more_than"] != ""]
        least = open_rows.groupby("choice")["share"].min()
        lead = marked["share"] - marked["choice"].map(least)
        best = marked.iloc[int(lead.to_numpy().argmax())]
        shares = named_estimates(open_rows[open_rows["choice"] == best["choice"]], "group",
                                 estimate="share", kind="percent")  # fmt: skip
        lowest = min(shares.values(), key=lambda each: each.value)
        values = {
            "choice": best["choice"],
            "group": best["group"],
            "more": shares[str(best["group"])],
            "other": lowest.label,
            "less": lowest,
        }
        return [
            *found,
            Finding(
                "choices.differ",
                "Groups differ most in {choice}: {group} {more}, {other} {less}",
                values,
                verdict="differ",
            ),
        ]


@dataclass(frozen=True)
class Choices(Result):
    """What each group chose, question by question.

    Attributes
    ----------
    table : DataFrame
        The tables of `tabs` below one another, with a column question in front.
    tabs : tuple of Crosstab
    """

    table: pd.DataFrame
    tabs: tuple[Crosstab, ...]

    def estimates(self) -> dict[str, Estimate]:
        """Share of each choice of each question among all who answered."""
        return {
            f"{tab.question}.{name}": share
            for tab in reversed(self.tabs)
            for name, share in tab.estimates().items()
        }

    def findings(self) -> list[Finding]:
        """Say what is chosen most, and where groups differ, for each question.

        By a further grouping only where groups differ: what is chosen most has been said.
        """
        seen: set[str] = set()
        found: list[Finding] = []
        for tab in self.tabs:
            again = tab.question in seen
            seen.add(tab.question)
            found += [f for f in tab.findings() if not again or f.key == "choices.differ"]
        return found


def choices_by(
    answers: Answers,
    questions: Mapping[str, ChoiceQuestion],
    by: str | Sequence[str],
    *,
    min_cell: CellRule | int = 5,
) -> Choices:
    """Hold what groups chose against one another, for every question; see `crosstab`.

    Questions that nobody of the wave answered are left out. By several groupings each question is
    corrected over all of them, too (Bonferroni).

    Raises
    ------
    DataError
        A question that the table does not have; none was answered.
    """
    for name in questions:
        if name not in answers.background:
            raise DataError(
                f"there is no column {name!r}{did_you_mean(name, answers.background.columns)}",
                where="survey.questions",
                remedy="name a column of the survey",
            )
    asked = {n: each for n, each in questions.items() if answers.background[n].notna().any()}
    if not asked:
        raise DataError(
            "no question was answered", where="survey.questions", remedy="take them off the card"
        )
    groupings = (by,) if isinstance(by, str) else tuple(by)
    tabs = tuple(
        tab
        for name, each in asked.items()
        for column in groupings
        if column != name
        and (tab := _tab(answers, name, column, each, min_cell, len(groupings))) is not None
    )
    if not tabs:
        raise DataError(
            "no group has enough answers to any question",
            where="survey.questions",
            remedy="choose larger groups",
        )
    tables = [tab.table.assign(question=tab.question, by=tab.by) for tab in tabs]
    return Choices(
        labelled(
            pd.concat(tables, ignore_index=True),
            question="Question",
            choice="Answer",
            **({"by": "Grouped by"} if len(groupings) > 1 else {}),
            group="Group",
            n="Answers",
            share=("Share", "percent"),
            more_than="More often than",
        ),
        tabs,
    )


def _tab(
    answers: Answers,
    question: str,
    by: str,
    about: ChoiceQuestion,
    min_cell: CellRule | int,
    groupings: int,
) -> Crosstab | None:
    """Give one question's table; None where several are asked for and this has no large group."""
    try:
        return crosstab(answers, question, by, about=about, min_cell=min_cell, groupings=groupings)
    except DataError:
        if groupings == 1:
            raise
        return None


def crosstab(
    answers: Answers,
    question: str,
    by: str,
    *,
    about: ChoiceQuestion | None = None,
    min_cell: CellRule | int = 5,
    level: float = 0.95,
    groupings: int = 1,
) -> Crosstab:
    """Hold what groups chose against one another.

    Shares are of those who answered the question, weighted where the answers are; intervals are
    Wilson's by the effective number of answers. Two groups differ in a choice by the score test of
    equal shares at their effective numbers, corrected over all choices and pairs of groups.

    Parameters
    ----------
    answers : Answers
    question, by : str
        Columns of `answers.background`: the choices, and the groups.
    about : ChoiceQuestion, optional
        Wording, and what stands between choices where several could be ticked.
    min_cell : CellRule or int
        Groups and cells of fewer people are withheld, and others with them where a total would
        give them away.
    groupings : int
        By how many groupings the question is looked at: p-values are corrected for all.

    Raises
    ------
    DataError
        A column that does not exist; nobody answered; no group is large enough.
    """
    about = about or ChoiceQuestion()
    frame = answers.background
    require_questions(frame, question, by)
    text = frame[question].astype("string").str.strip()
    known = (text.fillna("") != "").to_numpy() & frame[by].notna().to_numpy()
    if not known.any():
        raise DataError(
            f"nobody answered {question!r}", where="survey", remedy="take it off the card"
        )
    chosen = _chosen(text[known].astype(str), about.several)
    weights, people = answers.weights[known], answers.people[known]
    names, codes = _groups(frame.loc[known, by])
    rule = rule_of(min_cell)
    large = np.bincount(codes, minlength=len(names)) >= rule.min_cell
    if not large.any():
        raise DataError(
            f"every group of {by!r} has fewer than {rule.min_cell} answers to {question!r}",
            where="survey",
            remedy="choose larger groups",
        )
    ticks = chosen.to_numpy(dtype=float)
    counts: Array = np.stack(
        [np.bincount(codes, column, len(names)).astype(float) for column in ticks.T]
    )
    hidden = _hidden(counts, large, rule, partition=about.several is None)
    size = np.array([int((codes == g).sum()) for g in range(len(names))])
    shares, effective = np.zeros(counts.shape), np.zeros(counts.shape)
    rows: list[dict[str, object]] = []
    for c, choice in enumerate(chosen.columns):
        for g, name in enumerate(names):
            at = codes == g
            w, who = weights[at], several(people[at])
            share = share_interval(ticks[at, c], weights=w, clusters=who, level=level)
            shares[c, g] = share.value
            effective[c, g] = effective_answers(ticks[at, c], w, clusters=who)
            away = bool(hidden[c, g])
            numbers = dict(zip(("share", "low", "high"), share, strict=False))
            rows.append(
                {"choice": choice, "group": name, "n": size[g],
                 "chosen": np.nan if away else counts[c, g],
                 **{key: np.nan if away else value for key, value in numbers.items()},
                 "withheld": away}
            )  # fmt: skip
    table = pd.DataFrame(rows)
    table["more_than"] = _more_than(shares, effective, ~hidden, names, groupings)
    whole = {
        str(choice): share_interval(
            ticks[:, c], weights=weights, clusters=several(people), level=level
        ).named(str(choice), kind="percent")
        for c, choice in enumerate(chosen.columns)
    }
    v = None if about.several else _strength(shares[:, large], weights, codes, large)
    return Crosstab(
        labelled(
            table,
            choice="Answer",
            group="Group",
            n="Answers",
            share=("Share", "percent"),
            more_than="More often than",
        ),
        _wording(question, about),
        by,
        whole,
        v,
    )


def _wording(question: str, about: ChoiceQuestion) -> str:
    return english(about.label) or question.replace("_", " ")


def _chosen(text: pd.Series, between: str | None) -> pd.DataFrame:
    """Give a column of 0 and 1 for each choice, the most frequent first."""
    if between is None:
        frequent = text.value_counts().index
        if len(frequent) > SHOWN:
            text = text.where(text.isin(frequent[: SHOWN - 1]), OTHER)
        ticks = pd.get_dummies(text, dtype=float)
    else:
        lists = text.str.split(between, regex=False)
        parts = lists.explode().str.strip()
        parts = parts[parts != ""]
        ticks = pd.crosstab(parts.index, parts).clip(upper=1).reindex(text.index, fill_value=0)
    order = ticks.sum().sort_values(ascending=False, kind="stable").index
    ends = [c for c in order if c != OTHER] + [c for c in order if c == OTHER]
    return ticks[ends[:SHOWN]]


def _groups(column: pd.Series) -> tuple[list[str], np.ndarray]:
    values = column.cat.remove_unused_categories() if hasattr(column, "cat") else column
    codes, found = pd.factorize(values, sort=True)
    return [str(name) for name in found], codes


def _hidden(counts: Array, large: Mask, rule: CellRule, *, partition: bool) -> Mask:
    """Which cells may not be shown: too few people, or others with them because of a total."""
    at = np.arange(counts.size).reshape(counts.shape)
    lines = [*at, *at.T] if partition else [*at]
    hidden = withhold(Sums.counted(counts), rule, lines).cells.reshape(counts.shape)
    return np.asarray(hidden | ~large[None, :])


def _more_than(
    shares: Array, effective: Array, shown: Mask, names: list[str], groupings: int
) -> list[str]:
    """Name for each choice and group the groups that chose it less often beyond chance."""
    tests: list[tuple[int, int, int, float]] = []
    for c in range(len(shares)):
        for a, b in combinations(np.flatnonzero(shown[c]).tolist(), 2):
            na, nb = effective[c, a], effective[c, b]
            p = equal_shares(na * shares[c, a], na, nb * shares[c, b], nb)
            tests.append((c, a, b, p))
    adjusted = adjust([test[3] for test in tests], "holm") if tests else np.zeros(0)
    found: dict[tuple[int, int], list[str]] = {}
    for (c, a, b, _), corrected in zip(tests, adjusted, strict=True):
        if corrected * groupings < DIFFER:
            high, low = (a, b) if shares[c, a] > shares[c, b] else (b, a)
            found.setdefault((c, high), []).append(names[low])
    return [", ".join(found.get((c, g), [])) for c in range(len(shares)) for g in range(len(names))]


def _strength(shares: Array, weights: Array, codes: Array, large: Mask) -> Estimate:
    """Cramer's V of the weighted table, at the effective number of answers of each group."""
    sizes = [effective_size(weights[codes == g]) for g in np.flatnonzero(large)]
    return cramers_v(shares * np.array(sizes)).v.named("Cramér's V")
