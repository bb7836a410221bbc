"""The parts of a study card: tables, goals, measures, privacy, published values."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from workbench.packages import complaint

#: Languages that the reports are written in; a card may name others, which fall back to these.
LANGUAGES = ("en", "zh")


def _localised(value: Any, info: ValidationInfo) -> Any:
    """Turn a plain string into one text for every language of the study."""
    languages = (info.context or {}).get("languages", LANGUAGES)
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return dict.fromkeys(languages, str(value))
    if isinstance(value, Mapping):
        for key in value:
            if key not in {*languages, *LANGUAGES}:
                raise PydanticCustomError(
                    "language",
                    "{key} is not a language of the study; use {known}",
                    {"key": repr(key), "known": ", ".join(languages)},
                )
        if not value:
            raise PydanticCustomError("language", "the text is empty", {})
    return value


#: A text in the study's languages; the card may give a plain string, which serves for all.
Text: TypeAlias = dict[str, str]
LocalText = Annotated[Text, BeforeValidator(_localised)]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _identifier(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise PydanticCustomError(
            "identifier",
            "{value} cannot be a name; use letters, digits and _, starting with a letter",
            {"value": repr(value)},
        )
    return value


Name = Annotated[str, BeforeValidator(lambda v: _identifier(v) if isinstance(v, str) else v)]


def _item(value: Any) -> Any:
    """Write survey items as two digits, also where YAML read 01 as a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:02d}"
    if isinstance(value, str) and value.isdigit():
        return f"{int(value):02d}"
    return value


Item = Annotated[str, BeforeValidator(_item)]
Direction = Literal["up", "down"]
Where = dict[str, Any]


class Card(BaseModel):
    """What every part of a card shares: it cannot be changed, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Packaged(Card):
    """A table of an installed data package; `workbench.packages` lists what there is."""

    name: str
    table: str

    @model_validator(mode="after")
    def _known(self) -> Self:
        if wrong := complaint(self.name, self.table):
            raise PydanticCustomError("package", "{wrong}", {"wrong": wrong})
        return self


class Table(Card):
    """Where one table comes from and how its columns map onto the standard ones."""

    path: str | None = None
    sheet: str | int | None = None
    sql: str | None = None
    package: Packaged | None = None
    encoding: str | None = None
    delimiter: str | None = None
    decimal: Literal[".", ","] = "."
    columns: dict[str, str] = Field(default_factory=dict)
    date_format: str | None = None
    missing: tuple[str, ...] = ()
    refunds: Literal["set_aside", "keep"] = "set_aside"
    zero_amounts: Literal["keep", "set_aside"] = "keep"
    duplicates: Literal["auto", "set_aside", "keep"] = "auto"
    #: The table that has all of this one's rows, too: they must not be counted twice.
    part_of: Name | None = None

    @field_validator("missing", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        items = value if isinstance(value, list | tuple) else [value]
        return tuple(str(item) for item in items)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(given is not None for given in (self.path, self.sql, self.package)) != 1:
            raise PydanticCustomError(
                "source", "a table needs one of `path`, `sql` and `package`, and only one", {}
            )
        if self.sheet is not None and not str(self.path).lower().endswith((".xlsx", ".xlsm")):
            raise PydanticCustomError("source", "`sheet` belongs to an .xlsx file only", {})
        return self


class Baseline(Card):
    """Where a goal starts: a value and the day it was measured."""

    value: float
    date: dt.date
    #: How it is known: measured from the study's tables, estimated, or stated by somebody.
    how: Literal["measured", "estimated", "stated"] = "measured"


class Revision(Card):
    """A target, deadline or threshold that a goal had before, and why it was changed."""

    changed: dt.date
    target: float | None = None
    deadline: dt.date | None = None
    warn_below: float | None = None
    warn_above: float | None = None
    why: LocalText


class Goal(Card):
    """A goal: an indicator, its baseline, its target and its deadline.

    Attributes
    ----------
    every : str or None
        The period over which baseline and target are measured, such as ``quarter``.
    where : dict or None
        Of whom: only rows with these values.
    kind, term : str
        Quantitative or qualitative (experts score it); short or long term.
    why : Text or None
        Why it matters; `parent` names the goal that it serves.
    weight : float or None
        How much it counts among the goals that serve the same one; these sum to 1.
    history : tuple of Revision
        What was changed before.
    forecast : str
        What its level does: ``averaged`` over what the record allows, or stated.
    warn_below, warn_above : float or None
        Fixed thresholds: a measured value beyond one is a warning.
    """

    name: Name
    title: LocalText
    indicator: str
    kind: Literal["quantitative", "qualitative"] = "quantitative"
    term: Literal["short", "long"] = "short"
    why: LocalText | None = None
    weight: float | None = Field(default=None, ge=0, le=1)
    history: tuple[Revision, ...] = ()
    where: Where | None = None
    #: The period that baseline and target speak of: churn a month is not churn a quarter.
    every: Literal["week", "month", "quarter", "year", "wave"] | None = None
    baseline: Baseline
    target: float
    deadline: dt.date
    direction: Direction = "up"
    owner: LocalText | None = None
    parent: str | None = None
    forecast: Literal["averaged", "steady", "wandering", "trend", "damped"] = "averaged"
    warn_below: float | None = None
    warn_above: float | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.deadline <= self.baseline.date:
            raise PydanticCustomError(
                "order",
                "`deadline` {deadline} is not after the baseline's date {date}; correct one of the"
                " dates",
                {"deadline": str(self.deadline), "date": str(self.baseline.date)},
            )
        rises = self.target > self.baseline.value
        if self.target != self.baseline.value and rises != (self.direction == "up"):
            raise PydanticCustomError(
                "direction",
                "`direction` is {direction}, but the target {target} lies {side} the baseline"
                " {value}; correct one of the three",
                {
                    "direction": self.direction,
                    "target": self.target,
                    "side": "above" if rises else "below",
                    "value": self.baseline.value,
                },
            )
        return self


class Action(Card):
    """An entry of the action register: from a finding to a measure, its case and its goal.

    Attributes
    ----------
    finding, title, expected : Text
        What was found, what is done about it, and what it should bring.
    where : dict or None
        For which segment.
    start, due, done : date
        When it begins, when it should be finished, and when it was.
    goal, case : str or None
        The goal that it serves, and the case that judges it.
    """

    name: Name
    title: LocalText
    finding: LocalText | None = None
    where: Where | None = None
    owner: LocalText | None = None
    start: dt.date
    due: dt.date
    done: dt.date | None = None
    expected: LocalText | None = None
    goal: str | None = None
    case: str | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.due < self.start or (self.done is not None and self.done < self.start):
            raise PydanticCustomError("order", "`due` or `done` lies before `start`", {})
        return self


class Scorecard(Card):
    """A tree of indicators by which groups of customers are compared.

    Attributes
    ----------
    by : str
        The column of the customer table whose groups are ranked.
    every : str
        The period whose last complete one is compared.
    tree : dict
        Branch -> its indicators.
    titles : dict
        Branch -> its name for readers.
    comparisons : dict
        Pairs of branches, or of a branch's indicators, such as ``"service / business": 2``.
    weights : dict
        Weights stated instead, of branches or indicators.
    method : str
        ``topsis`` or ``mean``.
    """

    by: str
    every: Literal["month", "quarter", "year"] = "year"
    tree: dict[Name, tuple[str, ...]] = Field(min_length=1)
    titles: dict[str, LocalText] = Field(default_factory=dict)
    comparisons: dict[str, float] = Field(default_factory=dict)
    weights: dict[str, float] = Field(default_factory=dict)
    method: Literal["topsis", "mean"] = "topsis"


class Amount(Card):
    """An amount of money, with the range that holds it in nineteen cases of twenty."""

    amount: float
    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        low = self.amount if self.low is None else self.low
        high = self.amount if self.high is None else self.high
        if not low <= self.amount <= high:
            raise PydanticCustomError("order", "`low`, `amount` and `high` are not in order", {})
        return self


Money = float | Amount


class Outcome(Card):
    """An indicator that a measure should move, and by how much it is said to have moved.

    Attributes
    ----------
    value : float or Amount or None
        What one unit of the outcome is worth, per customer and period, in the study's currency.
    measured_anew : date or None
        Day from which on the outcome was measured in another way.
    label : Text or None
        What the outcome is called in running text, where it is a series of the study's own.
    """

    indicator: str
    label: LocalText | None = None
    direction: Direction = "up"
    claimed: float | None = None
    where: Where | None = None
    value: Money | None = None
    measured_anew: dt.date | None = None


class Costs(Card):
    """What a measure costs: at the start, in each period, for each treated customer and period."""

    once: Money | None = None
    per_period: Money | None = None
    per_customer: Money | None = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.once is None and self.per_period is None and self.per_customer is None:
            raise PydanticCustomError("costs", "give `once`, `per_period` or `per_customer`", {})
        return self


class Comparison(Card):
    """A series that the measure did not reach, beside which the outcome is seen."""

    indicator: str
    where: Where | None = None
    label: str | None = None


class Fit(Card):
    """How the series of a case that reached everybody is carried on, where the card says so.

    Attributes
    ----------
    scale : str
        ``level``, or ``log`` for shifts in percent; covariates then enter as logarithms, too.
    trend : bool
        Whether a straight trend goes on beside the drift.
    errors : str
        How the series moves: ``ar1``, ``local_level``, or the average over ``both``.
    """

    scale: Literal["level", "log"] = "level"
    trend: bool = True
    errors: Literal["both", "ar1", "local_level"] = "both"


class Case(Card):
    """A measure to be judged: what was done, to whom, since when, and what it should change.

    Attributes
    ----------
    chosen : str
        How the treated were chosen.
    unit : str
        What was treated: ``customer``, ``everybody``, or a column of the customer table.
    selected_on : str or None
        The indicator by which a rule, the worst or volunteers were chosen.
    treated : dict or None
        Column -> values of the treated; else the table ``treatments`` says who they are.
    comparison : tuple of Comparison
        Series that the measure did not reach, for a case that reached everybody.
    covariates : tuple of Comparison
        What else moves the outcome, and the measure does not move; everybody's cases only.
    fit : Fit
        How the series is carried on; everybody's cases only.
    design : str or None
        The design that shall answer, in place of the one that the workbench picks.
    costs : Costs or None
    horizon : int or None
        Periods from the start over which costs and benefits count; two years when left out.
    discount : float
        Rate a year at which later amounts count less.
    """

    name: Name
    title: LocalText
    what: LocalText | None = None
    start: dt.date
    end: dt.date | None = None
    chosen: Literal["everybody", "rule", "worst", "volunteers", "random"] = "everybody"
    unit: str = "customer"
    selected_on: str | None = None
    treated: dict[str, tuple[Any, ...]] | None = None
    outcomes: tuple[Outcome, ...] = Field(min_length=1)
    period: Literal["week", "month", "quarter", "year", "wave"] = "month"
    comparison: tuple[Comparison, ...] = ()
    covariates: tuple[Comparison, ...] = ()
    fit: Fit = Field(default_factory=Fit)
    design: str | None = None
    costs: Costs | None = None
    horizon: int | None = Field(default=None, ge=1)
    discount: float = Field(default=0.0, ge=0, lt=1)

    @field_validator("treated", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {k: v if isinstance(v, list | tuple) else [v] for k, v in value.items()}
        return value

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end is not None and self.end <= self.start:
            raise PydanticCustomError("order", "`end` is not after `start`", {})
        if self.chosen != "everybody" and (self.covariates or self.fit != Fit()):
            raise PydanticCustomError(
                "everybody",
                "`covariates` and `fit` are for cases that reached everybody; take them out",
                {},
            )
        return self

    @model_validator(mode="after")
    def _valued_once(self) -> Self:
        valued = [o.indicator for o in self.outcomes if o.value is not None]
        if len(valued) > 1:
            raise PydanticCustomError(
                "value",
                "{names} have a value each; give it to one outcome, or they are counted twice",
                {"names": ", ".join(valued)},
            )
        return self


class Privacy(Card):
    """How people are protected: the key of the pseudonyms and the smallest cell shown."""

    key_env: str = "WORKBENCH_KEY"
    min_cell: int = Field(default=5, ge=1)
    public: bool = False


class Published(Card):
    """Values that a paper printed, which a page reproduces beside its own."""

    notebook: str
    table: str = "transactions"
    source: str
    values: dict[str, float]


def faulty_weights(goals: Sequence[Goal]) -> list[tuple[int, str]]:
    """Find goals that serve the same one and whose weights do not sum to 1: (position, problem)."""
    found = []
    for parent in dict.fromkeys(goal.parent for goal in goals):
        own = [(i, g) for i, g in enumerate(goals) if g.parent == parent]
        given = [(i, g) for i, g in own if g.weight is not None]
        if not given:
            continue
        names = "goals that serve no other" if parent is None else f"goals that serve {parent!r}"
        total = sum(g.weight or 0.0 for _, g in given)
        lacking = [g.name for _, g in own if g.weight is None]
        if lacking:
            text = f"of the {names}, {', '.join(lacking)} has no weight; give all of them one"
        elif abs(total - 1) > 0.005:
            said = " + ".join(f"{g.name} {g.weight:g}" for _, g in given)
            text = f"the weights of the {names} sum to {total:g} and not to 1 ({said})"
            if total:
                shares = ", ".join(f"{g.name} {(g.weight or 0.0) / total:.3g}" for _, g in given)
                text += f"; divide them by their sum: {shares}"
        else:
            continue
        found.append((given[0][0], text))
    return found
