"""The checked answers of a service-quality survey: expectation and perception of each item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from workbench.arrays import Array, Index, Mask
from workbench.errors import DataError
from workbench.study.survey import LOST, PREFIXES, SCORES, Survey

WEIGHT = "weight"
#: Share of lost answers from which on a reader is warned.
MANY_LOST = 0.03
# Above this share of impossible values the scale itself is taken to be declared wrongly.
_OFF_SCALE_LIMIT = 0.2


class SurveyError(DataError):
    """A survey table that an analysis cannot use."""


@dataclass(frozen=True)
class Answers:
    """Expectation and perception, one row a respondent and wave.

    Attributes
    ----------
    expectation, perception : DataFrame, shape (respondents, items)
        Values on the scale; NaN where there is no usable answer. Columns are item codes. Reversed
        items are turned round. All of `expectation` is NaN where it was not asked.
    background : DataFrame, shape (respondents, ...)
        All other columns of the table (wave, overall satisfaction, groups), same index; `weight`
        where the answers are weighted.
    dimensions : dict of str to tuple of str
        Items of each dimension, in the order of the instrument; empty where the survey has no
        items.
    scale : tuple of float
        Lowest and highest possible answer.
    labels : dict of str to str
        Wording of the items; the code where none was given.
    exclusions : DataFrame
        `reason`, `what` ("respondents" or "answers") and `n`: what was left out or set to missing.
    importance : DataFrame, shape (respondents, asked items)
        Stated importance; no columns where it was not asked.
    """

    expectation: pd.DataFrame
    perception: pd.DataFrame
    background: pd.DataFrame
    dimensions: dict[str, tuple[str, ...]]
    scale: tuple[float, float]
    labels: dict[str, str] = field(default_factory=dict)
    exclusions: pd.DataFrame = field(default_factory=pd.DataFrame)
    importance: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def items(self) -> list[str]:
        """Item codes in the order of the instrument."""
        return list(self.perception.columns)

    @cached_property
    def two_sided(self) -> bool:
        """Whether expectation was asked as well as perception: without, there are no gaps."""
        return bool(self.expectation.notna().to_numpy().any())

    @property
    def varied(self) -> bool:
        """Whether there are items, and no item of experience got the same answer from everybody."""
        spread = self.perception.max() - self.perception.min()
        return bool(len(spread) and (spread > 0).all())

    @cached_property
    def paired_scores(self) -> tuple[Array, Array]:
        """Each respondent's expectation and experience by dimension and, last, over all items.

        Both are means over the items that have both, so their difference is the gap.
        """
        e, p = self.expectation.to_numpy(), self.perception.to_numpy()
        both = ~np.isnan(e) & ~np.isnan(p)
        one, other = (
            self.scores(pd.DataFrame(np.where(both, side, np.nan), columns=self.items))
            for side in (e, p)
        )
        return one.to_numpy(), other.to_numpy()

    @property
    def weighted(self) -> bool:
        """Whether the answers carry weights."""
        return WEIGHT in self.background

    @property
    def weights(self) -> Array:
        """Weight of each respondent: 1 where none were given."""
        if not self.weighted:
            return np.ones(len(self))
        return self.background[WEIGHT].to_numpy(dtype=float)

    @cached_property
    def people(self) -> Index:
        """Who gave each answer, as numbers: the customer where known, else the respondent.

        Somebody who answers in several waves has one number, so that changes are paired and
        resamples draw people, not answers.
        """
        return same_person(self.background)

    @property
    def gap(self) -> pd.DataFrame:
        """Perception minus expectation, item by item; NaN unless both were answered."""
        return self.perception - self.expectation

    def __len__(self) -> int:
        return len(self.background)

    def dimension_of(self, item: str) -> str:
        """Name of the dimension that an item belongs to."""
        return next(name for name, items in self.dimensions.items() if item in items)

    def scores(self, values: pd.DataFrame, *, at_least: float = 0.5) -> pd.DataFrame:
        """Mean of each dimension's items, and `overall`, for each respondent.

        Parameters
        ----------
        values : DataFrame
            `expectation`, `perception` or `gap` of these answers.
        at_least : float
            Share of a dimension's items that a respondent must have answered; otherwise the score
            is missing.
        """
        columns = {}
        for name, items in {**self.dimensions, "overall": tuple(self.items)}.items():
            block = values[list(items)].to_numpy(dtype=float)
            answered = ~np.isnan(block)
            count = answered.sum(axis=1)
            total = np.where(answered, block, 0.0).sum(axis=1)
            enough = count >= max(1.0, at_least * len(items))
            columns[name] = np.where(enough, total / np.maximum(count, 1), np.nan)
        return pd.DataFrame(columns, index=values.index)

    def subset(self, rows: pd.Series | np.ndarray) -> Answers:
        """Answers of some respondents only."""
        keep = np.asarray(rows, dtype=bool)
        return replace(
            self,
            expectation=self.expectation[keep],
            perception=self.perception[keep],
            background=self.background[keep],
            importance=self.importance[keep] if len(self.importance.columns) else self.importance,
        )

    def excluding(self, reason: str, n: int) -> Answers:
        """Answers from which respondents had been left out before, counted among the others."""
        row = pd.DataFrame([{"reason": reason, "what": "respondents", "n": n}])
        return replace(self, exclusions=pd.concat([row, self.exclusions], ignore_index=True))

    def with_background(self, **columns: pd.Series | Array) -> Answers:
        """Answers with further columns of background, say `weight`."""
        return replace(self, background=self.background.assign(**columns))


def require_questions(frame: pd.DataFrame, *names: str) -> None:
    """Refuse answers without these columns, naming those there are.

    Raises
    ------
    DataError
        A column that does not exist.
    """
    for name in names:
        if name not in frame:
            raise DataError(
                f"there is no column {name!r}",
                where="survey",
                remedy=f"choose one of {', '.join(map(str, frame.columns))}",
            )


def same_person(
    frame: pd.DataFrame, *, customer: str = "customer_id", respondent: str = "respondent_id"
) -> Index:
    """Give a number to each person in a table of answers: the customer, else the respondent.

    Rows with neither are people of their own.
    """
    key = np.arange(len(frame))
    for column in (respondent, customer):
        if column in frame:
            codes, _ = pd.factorize(frame[column])
            key = np.where(codes >= 0, key.max(initial=0) + 1 + codes, key)
    return np.asarray(pd.factorize(key)[0], dtype=np.intp)


def lost_answers(frame: pd.DataFrame, column: str) -> Mask:
    """Tell in which rows an answer to a question was given and could not be used."""
    found = np.zeros(len(frame), dtype=bool)
    if LOST in frame:
        some = frame[LOST].notna().to_numpy()
        found[some] = [column in lost.split() for lost in frame.loc[some, LOST].astype(str)]
    return found


def overall_question(frame: pd.DataFrame, column: str) -> str:
    """Give the column of overall satisfaction: the one named, else another that was answered."""
    others = (c for c in ("csat5", "csat", "csat10") if c in frame and frame[c].notna().any())
    return column if column in frame else next(others, column)


def lost_bounds(
    value: float, used: float, lost: float, scale: tuple[float, float]
) -> tuple[float, float]:
    """Bound a mean (or a share) of all answers, whatever the lost ones were.

    Parameters
    ----------
    value : float
        Mean of the answers that can be used.
    used, lost : float
        How many can be used and how many are lost, or what they weigh.
    scale : tuple of float
        Lowest and highest possible answer.

    References
    ----------
    Manski (2003), Partial Identification of Probability Distributions, section 1.2.

    Examples
    --------
    >>> lost_bounds(4.0, 90, 10, (1, 5))
    (3.7, 4.1)
    """
    share = lost / (used + lost) if used + lost else 0.0
    low, high = (value * (1 - share) + end * share for end in scale)
    return low, high


def read_answers(
    frame: pd.DataFrame,
    card: Survey,
    *,
    labels: Mapping[str, str] | None = None,
    reversed_items: Sequence[str] = (),
    respondent: str = "respondent_id",
    wave: str = "wave",
    answered: str = "answered_on",
) -> Answers:
    """Check a survey table and sort its answers.

    Impossible values become missing and are counted; a respondent who appears twice in a wave
    counts once, with the last answer; rows without any usable pair are left out. Nobody is left
    out for answering the same throughout, but such rows are counted. A survey that asked no
    expectations gives answers without gaps, one that has none of the items answers without items.

    Parameters
    ----------
    frame : DataFrame
        One row a respondent and wave, columns `exp_01`, `per_01`, `imp_01`, ...
    card : Survey
        The instrument: dimensions with their items, and the scales. Its names of columns are those
        of the file; a study's table has been renamed, and its reversed items turned, when read.
    labels : mapping, optional
        Wording of each item.
    reversed_items : sequence of str
        Items worded negatively whose answers are still to be turned round.
    respondent, wave, answered : str
        Columns of identity, wave and day of answer; only the first must exist.

    Raises
    ------
    SurveyError
        Columns missing, expectation without perception or the reverse, a scale that most answers
        do not fit, or no usable answer at all.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.satisfaction import read_answers
    >>> from workbench.study.survey import Survey
    >>> frame = pd.DataFrame({"respondent_id": [1, 2], "exp_01": [6, 7], "per_01": [5, 4]})
    >>> read_answers(frame, Survey(dimensions={"tangibles": ("01",)})).gap["01"].tolist()
    [-1.0, -3.0]
    """
    structure = {name: tuple(members) for name, members in card.dimensions.items()}
    items = [item for members in structure.values() for item in members]
    one_sided = _check_columns(frame, items, respondent)
    if not any(PREFIXES["perception"] + i in frame for i in items):
        structure, items = {}, []
    counts: list[dict[str, object]] = []

    def count(reason: str, what: str, n: int) -> None:
        if n:
            counts.append({"reason": reason, "what": what, "n": n})

    def read(side: str, codes: list[str], ends: tuple[int, int]) -> pd.DataFrame:
        columns = [PREFIXES[side] + i for i in codes]
        values, unreadable, outside = _on_scale(rows, columns, *ends)
        count("not a number", "answers", unreadable)
        count("off the scale", "answers", outside)
        turned = np.isin(codes, list(reversed_items))
        values[:, turned] = sum(ends) - values[:, turned]
        return pd.DataFrame(values, index=rows.index, columns=codes)

    rows = _last_of_each(frame, respondent, wave, answered)
    count(
        "answered more than once in a wave; the last answer counts",
        "respondents",
        len(frame) - len(rows),
    )
    asked = [*(p + i for p in PREFIXES.values() for i in items), *SCORES]
    lost = {c: int(lost_answers(rows, c).sum()) for c in asked if c in rows}
    count("given, and unreadable or off the scale", "answers", sum(lost.values()))
    _refuse_many_lost(rows, {c: n for c, n in lost.items() if c not in SCORES})
    perception = read("perception", items, card.scale)
    expectation = (
        pd.DataFrame(np.nan, index=rows.index, columns=items)
        if one_sided or not items
        else read("expectation", items, card.scale)
    )
    rated = [i for i in items if PREFIXES["importance"] + i in frame]
    importance = read("importance", rated, card.importance_scale or card.scale)
    usable = perception.notna() if one_sided else perception.notna() & expectation.notna()
    keep = usable.any(axis=1).to_numpy() | (not items)
    count(
        "no item answered" if one_sided else "no item with both expectation and perception",
        "respondents",
        int((~keep).sum()),
    )
    if not keep.any():
        raise SurveyError(
            "no respondent answered any item"
            if one_sided
            else "no respondent answered both sides of any item",
            where="survey",
            remedy="check the columns and the scale in study.yml",
        )
    if items:
        sides = [side.to_numpy()[keep] for side in (expectation, perception)]
        top = np.fmax(*(np.fmax.reduce(side, axis=1) for side in sides))
        bottom = np.fmin(*(np.fmin.reduce(side, axis=1) for side in sides))
        count("gave the same answer throughout (kept)", "respondents", int((top == bottom).sum()))
    taken = [prefix + i for prefix in PREFIXES.values() for i in items if prefix + i in rows]
    return Answers(
        expectation=expectation[keep].reset_index(drop=True),
        perception=perception[keep].reset_index(drop=True),
        background=rows.drop(columns=taken).loc[keep].reset_index(drop=True),
        dimensions=structure,
        scale=card.scale,
        labels={item: (labels or {}).get(item, item) for item in items},
        exclusions=_tally(counts),
        importance=importance[keep].reset_index(drop=True),
    )


def _check_columns(frame: pd.DataFrame, items: list[str], respondent: str) -> bool:
    """Refuse columns that do not fit the instrument; tell whether only perception was asked."""
    expectation, perception = PREFIXES["expectation"], PREFIXES["perception"]
    if respondent not in frame:
        raise SurveyError(
            f"there is no column {respondent!r}",
            where="survey",
            remedy="map it under tables.survey.columns in study.yml",
        )
    one_sided = not any(expectation + i in frame for i in items)
    for have, lack, name in (
        (expectation, perception, "perception"),
        (perception, expectation, "expectation"),
    ):
        alone = [have + i for i in items if have + i in frame and lack + i not in frame]
        if alone and not (one_sided and name == "expectation"):
            raise SurveyError(
                f"items {', '.join(map(repr, alone))} have no {name} counterpart",
                where="survey",
                remedy="rename the columns or leave the items out of survey.dimensions",
            )
    absent = [i for i in items if perception + i not in frame]
    if absent and len(absent) < len(items):
        raise SurveyError(
            f"items {', '.join(absent)} have no columns",
            where="survey",
            remedy="map them under tables.survey.columns in study.yml",
        )
    return one_sided


def _refuse_many_lost(frame: pd.DataFrame, lost: Mapping[str, int]) -> None:
    """Refuse a survey of whose items' answers so many are lost that the scale must be another."""
    n = sum(lost.values())
    given = n + sum(int(frame[column].notna().sum()) for column in lost)
    if n > _OFF_SCALE_LIMIT * given:
        raise SurveyError(
            f"{n} of {given} answers to the items cannot be read, or lie off the scale",
            where="survey",
            remedy="run `workbench check`: it says which scale, words or codes the card lacks",
        )


def _last_of_each(frame: pd.DataFrame, respondent: str, wave: str, answered: str) -> pd.DataFrame:
    key = [column for column in (respondent, wave) if column in frame]
    if not frame.duplicated(key).any():
        return frame
    ordered = frame.sort_values(answered, kind="stable") if answered in frame else frame
    return frame.loc[~ordered.duplicated(key, keep="last").reindex(frame.index)]


def _on_scale(
    frame: pd.DataFrame, columns: list[str], low: float, high: float
) -> tuple[np.ndarray, int, int]:
    if not columns:
        return np.empty((len(frame), 0)), 0, 0
    block = frame[columns]
    plain = all(isinstance(kind, np.dtype) and kind.kind in "fiu" for kind in block.dtypes)
    read = block if plain else block.apply(pd.to_numeric, errors="coerce")
    numbers = read.to_numpy(dtype=float)
    unreadable = 0 if plain else int((np.isnan(numbers) & block.notna().to_numpy()).sum())
    outside = np.isfinite(numbers) & ((numbers < low) | (numbers > high)) | np.isinf(numbers)
    given = int((~np.isnan(numbers)).sum())
    if given and outside.sum() > _OFF_SCALE_LIMIT * given:
        worst = np.nanmin(numbers), np.nanmax(numbers)
        raise SurveyError(
            f"{int(outside.sum())} of {given} answers lie off the scale {low:g} to {high:g}"
            f" (they run from {worst[0]:g} to {worst[1]:g})",
            where=f"survey.{columns[0]} ...",
            remedy="correct survey.scale in study.yml",
        )
    return np.where(outside, np.nan, numbers), unreadable, int(outside.sum())


def _tally(counts: list[dict[str, object]]) -> pd.DataFrame:
    table = pd.DataFrame(counts, columns=["reason", "what", "n"])
    return table.groupby(["reason", "what"], sort=False)[["n"]].sum().reset_index()
