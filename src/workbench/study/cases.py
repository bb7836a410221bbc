"""The measures' part of a study card: what was done, to whom, its cost, what was claimed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from workbench.study.fields import Card, Direction, LocalText, Name, Where
from workbench.units import PERIODS_A_YEAR


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
# What `unit` says where no column names groups.
_NO_GROUPS = ("customer", "everybody")


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
    guardrail : float or None
        Relative worsening that must be ruled out: the outcome is watched, not claimed. None where
        the measure should move it.
    """

    indicator: str
    label: LocalText | None = None
    direction: Direction = "up"
    guardrail: Annotated[float, Field(gt=0, lt=1)] | None = None
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
        costs = [c for c in (self.once, self.per_period, self.per_customer) if c is not None]
        if not any((c if isinstance(c, int | float) else c.amount) > 0 for c in costs):
            raise PydanticCustomError(
                "costs", "give `once`, `per_period` or `per_customer`, above zero", {}
            )
        return self


class Comparison(Card):
    """A series that the measure did not reach, beside which the outcome is seen."""

    indicator: str
    where: Where | None = None
    label: str | None = None


class LeftOut(Card):
    """Groups that are not compared, and why; the page names both."""

    units: tuple[Any, ...] = Field(min_length=1)
    reason: LocalText


class AssignedBy(Card):
    """At which level the measure was assigned, where the card says so.

    Attributes
    ----------
    unit : str
        A column of the customer table whose values got it as a whole, or ``customer``.
    reason : Text or None
        Why it was at this level, where the treated share a value of a higher one; the page names
        it.
    """

    unit: str
    reason: LocalText | None = None


class RandomisedArms(Card):
    """The arms among which customers were drawn by lot: versions or doses, and no measure.

    Attributes
    ----------
    column : str
        Of the customer table, with the arm of each customer.
    control : str or None
        Its value that stands for no measure; empty fields when left out.
    shares : dict or None
        Arm -> its planned share of the lot; equal shares when left out.
    """

    column: str
    control: Any = None
    shares: dict[str, Annotated[float, Field(gt=0)]] | None = None


class Pause(Card):
    """A time in which a measure was off, between its start and its end."""

    start: dt.date
    end: dt.date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.start:
            raise PydanticCustomError("order", "`end` of a pause is before its `start`", {})
        return self


class Cutoff(Card):
    """The line of a rule: who reached it got the measure, who just missed it did not.

    Attributes
    ----------
    at : float
        Of what the treated were chosen by; who lies on it met the rule.
    side : str
        Who met the rule: ``above`` the line or ``below`` it.
    by : str or None
        Column of the customer table (or of one row a unit) by which they were chosen; the
        indicator `selected_on`, over the last year before the start, when left out.
    """

    at: float
    side: Literal["above", "below"] = "above"
    by: str | None = None


class Whom(Card):
    """Whom a measure drawn by lot shall be given to later, and at what price.

    Attributes
    ----------
    by : tuple of str
        Columns of the customer table, known before the start, by which customers may be told
        apart; the history of the outcome is known besides.
    costs : dict
        Arm -> what it costs to give it to one customer, in the unit in which an outcome's `value`
        is; nothing when left out. An amount alone is that of every arm.
    budget : float or None
        Most that may be spent on as many customers as were drawn; no limit when left out.
    """

    by: tuple[str, ...] = ()
    costs: float | dict[str, Annotated[float, Field(ge=0)]] = 0.0
    budget: Annotated[float, Field(gt=0)] | None = None


class Rollout(Card):
    """What a measure that has not begun may come to.

    Attributes
    ----------
    periods : int
        After the start, until it is judged.
    treated : int or None
        Units that may get it; half of them when left out.
    seed : int
        Draws the list of who gets it.
    """

    periods: int = Field(default=6, ge=1)
    treated: int | None = Field(default=None, ge=1)
    seed: int = Field(default=20251231, ge=0)


class Surrogates(Card):
    """What shall foretell a measure's value over its horizon.

    Attributes
    ----------
    after : int
        Periods from the start whose outcomes foretell the rest of the `horizon`.
    """

    after: int = Field(default=3, ge=1)


class LookPlan(Card):
    """How often a measure is looked at while it runs, and what each look may cost.

    Attributes
    ----------
    planned : int or None
        Number of looks, one a period from the start on; None where no end is planned.
    spending : str
        How the chance of a false alarm is spent on planned looks: ``even``, ``obrien-fleming``
        (hardly any early, so that the last look is nearly a fixed one) or ``pocock`` (early looks
        are nearly as easy as late ones).
    """

    planned: Annotated[int, Field(ge=1)] | None = None
    spending: Literal["even", "obrien-fleming", "pocock"] = "even"

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.planned is None and self.spending != "even":
            raise PydanticCustomError(
                "looks",
                "`spending` is for a planned number of looks; give it as `planned`, or take it out",
                {},
            )
        return self


class Fit(Card):
    """How outcomes are compared or carried on, where the card says so.

    Attributes
    ----------
    scale : str
        ``level``, or ``log`` for effects in percent; covariates then enter as logarithms, too.
    trend : bool
        Whether a straight trend goes on beside the drift; everybody's cases only.
    errors : str
        How the series moves: ``ar1``, ``local_level``, or the average over ``both``; everybody's
        cases only.
    in_part : dict
        First day of a period before the start -> share of the measure in force in it, between 0
        and 1, where it came in by degrees; everybody's cases only.
    peaks : tuple of int
        Months (1 to 12) in which trade peaks beyond the season; December when left out. For
        everybody's cases by days, weeks or months.
    """

    scale: Literal["level", "log"] = "level"
    trend: bool = True
    errors: Literal["both", "ar1", "local_level"] = "both"
    in_part: dict[dt.date, Annotated[float, Field(gt=0, lt=1)]] = Field(default_factory=dict)
    peaks: tuple[Annotated[int, Field(ge=1, le=12)], ...] = (12,)


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
    cutoff : Cutoff or None
        The line of the rule: those who just met it are then compared with those who just missed
        it. A number alone is the line of `selected_on`, met from there on upwards.
    assigned_by : AssignedBy or None
        The level at which it was assigned; found in the data when left out. A plain string names
        the unit alone.
    treated : dict or None
        Column -> values of the treated; else the table ``treatments`` says who they are.
    eligible : dict or None
        Column of customers -> its values of those who could get the measure in a treated group;
        what befell the others of the group is then taken out (triple differences).
    starts : dict or None
        Treated group -> its own first day, where groups of the column `unit` started at different
        times; `start` is then the earliest and need not be given.
    since : date or None
        First day whose data count; all of them when left out.
    transition : int
        Periods from the start on that count neither as before nor as after: the measure was coming
        in, people were learning it, stocks were running down.
    pauses : tuple of Pause
        Times after the start in which the measure was off: they do not count as after it, and what
        is left of the effect in them, and after the `end`, is told by itself.
    arms : RandomisedArms or None
        Versions or doses that were drawn by lot among customers; a plain string names the column.
    by : str or None
        Column of the customer table by whose values the effect is compared; lots only.
    blocks : str or dict or None
        What the lot was drawn within: a column of the customer table, or unit -> its block.
    plan : Rollout or None
        How many units may get it and how long it is watched, for a plan before the start.
    whom : Whom or None
        By what it is learnt whom the measure helps, and at what price; lots only. A list names the
        columns alone.
    adjust : tuple of str
        Columns of the customer table, known before the start, that a lot is adjusted for beside
        the history of the outcome, and by which volunteers are compared with others alike.
    looks : LookPlan or None
        How often the case is looked at while it runs, once a period from the start on: its
        interval then holds at every look. A number alone is that of planned looks, ``open`` stands
        for no planned end.
    surrogates : Surrogates or None
        Whether the value over the horizon shall be foretold from the first periods of the case's
        outcomes, held to older lots of the study; lots among customers only. A number alone is
        that of the periods.
    leave_out : tuple of LeftOut
        Groups of the column `unit` that are not compared, and why.
    comparison : tuple of Comparison
        Series that the measure did not reach, for a case that reached everybody.
    covariates : tuple of Comparison
        What else moves the outcome, and the measure does not move; everybody's cases only.
    fit : Fit
        How outcomes are compared or carried on.
    design : str or None
        The design that shall answer, in place of the one that the workbench picks.
    costs : Costs or None
    horizon : int or None
        Periods from the start over which costs and benefits count; two years when left out.
    discount : float
        Rate a year at which later amounts count less.
    required_chance : float
        Chance of a positive net benefit from which on the measure is said to pay.
    """

    name: Name
    title: LocalText
    what: LocalText | None = None
    start: dt.date
    end: dt.date | None = None
    since: dt.date | None = None
    transition: int = Field(default=0, ge=0)
    chosen: Literal["everybody", "rule", "worst", "volunteers", "random"] = "everybody"
    unit: str = "customer"
    selected_on: str | None = None
    cutoff: Cutoff | None = None
    assigned_by: AssignedBy | None = None
    treated: dict[str, tuple[Any, ...]] | None = None
    eligible: dict[str, tuple[Any, ...]] | None = Field(default=None, min_length=1, max_length=1)
    starts: dict[Any, dt.date] | None = Field(default=None, min_length=1)
    pauses: tuple[Pause, ...] = ()
    arms: RandomisedArms | None = None
    by: str | None = None
    blocks: str | dict[Any, Any] | None = None
    plan: Rollout | None = None
    whom: Whom | None = None
    adjust: tuple[str, ...] = ()
    looks: LookPlan | None = None
    surrogates: Surrogates | None = None
    leave_out: tuple[LeftOut, ...] = ()
    outcomes: tuple[Outcome, ...] = Field(min_length=1)
    period: Literal["day", "week", "month", "quarter", "year", "wave"] = "month"
    comparison: tuple[Comparison, ...] = ()
    covariates: tuple[Comparison, ...] = ()
    fit: Fit = Field(default_factory=Fit)
    design: str | None = None
    costs: Costs | None = None
    horizon: int | None = Field(default=None, ge=1)
    discount: float = Field(default=0.0, ge=0, lt=1)
    required_chance: float = Field(default=0.9, gt=0.5, lt=1)

    @property
    def group(self) -> str | None:
        """Column that names the treated unit; None where customers were treated, or everybody."""
        column = next(iter(self.treated or {}), None)
        return self.unit if column is None and self.unit not in _NO_GROUPS else column

    @property
    def treated_groups(self) -> tuple[Any, ...]:
        """Values of the column `group` that were treated, where the card names them."""
        return (self.treated or {}).get(self.group or "", ())

    @property
    def columns(self) -> list[str]:
        """Columns of customers that an outcome must carry."""
        return [*([self.group] if self.group else []), *(self.eligible or {})]

    @property
    def periods_a_year(self) -> int:
        """How many periods a year has."""
        return PERIODS_A_YEAR[self.period]

    @property
    def periods_ahead(self) -> int:
        """The `horizon`, two years where the card gives none."""
        return self.horizon or 2 * self.periods_a_year

    @model_validator(mode="before")
    @classmethod
    def _begun(cls, value: Any) -> Any:
        starts = value.get("starts") if isinstance(value, Mapping) else None
        if isinstance(starts, Mapping) and "start" not in value:
            dates = [d for d in starts.values() if isinstance(d, dt.date)]
            return {**value, "start": min(dates)} if dates else value
        return value

    @field_validator("assigned_by", mode="before")
    @classmethod
    def _unit_alone(cls, value: Any) -> Any:
        return {"unit": value} if isinstance(value, str) else value

    @field_validator("cutoff", mode="before")
    @classmethod
    def _line_alone(cls, value: Any) -> Any:
        return {"at": value} if isinstance(value, int | float) else value

    @field_validator("arms", mode="before")
    @classmethod
    def _column_alone(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value

    @field_validator("whom", mode="before")
    @classmethod
    def _columns_alone(cls, value: Any) -> Any:
        value = [value] if isinstance(value, str) else value
        return {"by": value} if isinstance(value, list | tuple) else value

    @field_validator("surrogates", mode="before")
    @classmethod
    def _periods_alone(cls, value: Any) -> Any:
        return {"after": value} if isinstance(value, int | float | str) else value

    @model_validator(mode="after")
    def _foretold(self) -> Self:
        if self.surrogates is not None and self.surrogates.after >= self.periods_ahead:
            raise PydanticCustomError(
                "surrogates",
                "`surrogates` take {after} periods to foretell a `horizon` of {horizon}; take"
                " fewer",
                {"after": self.surrogates.after, "horizon": self.periods_ahead},
            )
        return self

    @field_validator("looks", mode="before")
    @classmethod
    def _number_alone(cls, value: Any) -> Any:
        if value == "open":
            return {}
        return {"planned": value} if isinstance(value, int | float | str) else value

    @field_validator("treated", "eligible", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        listed = {k: v if isinstance(v, list | tuple) else [v] for k, v in value.items()}
        for column, names in listed.items():
            if any(isinstance(name, list | tuple | Mapping | set) for name in names):
                raise PydanticCustomError(
                    "groups",
                    "{column} lists names of groups, one after the other",
                    {"column": repr(column)},
                )
        return listed

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end is not None and self.end <= self.start:
            raise PydanticCustomError("order", "`end` is not after `start`", {})
        for pause in self.pauses:
            if pause.start <= self.start or (self.end is not None and pause.end >= self.end):
                raise PydanticCustomError(
                    "order",
                    "a pause lies between `start` and `end`; this one is from {first} to {last}",
                    {"first": str(pause.start), "last": str(pause.end)},
                )
        if self.since is not None and self.since >= self.start:
            raise PydanticCustomError("order", "`since` is not before `start`", {})
        carried = self.fit.model_copy(update={"scale": "level"}) != Fit()
        if self.chosen != "everybody" and (self.covariates or carried):
            raise PydanticCustomError(
                "everybody",
                "`covariates` and `fit` other than its scale are for cases that reached everybody;"
                " take them out",
                {},
            )
        return self

    @model_validator(mode="after")
    def _drawn(self) -> Self:
        if self.blocks is not None and self.chosen != "random":
            raise PydanticCustomError(
                "lot", "`blocks` are those of a lot (`chosen: random`); take them out", {}
            )
        asked = [n for n in ("arms", "by", "whom", "adjust", "surrogates") if getattr(self, n)]
        if self.chosen == "volunteers" and self.group is None and "adjust" in asked:
            asked.remove("adjust")
        if asked and (self.chosen != "random" or self.group is not None):
            raise PydanticCustomError(
                "lot",
                "{names} are for customers drawn by lot (`chosen: random`); take them out",
                {"names": ", ".join(f"`{name}`" for name in asked)},
            )
        return self

    @model_validator(mode="after")
    def _of_some(self) -> Self:
        if self.eligible is None:
            return self
        if self.group is None or self.chosen == "everybody" or self.starts or self.cutoff:
            raise PydanticCustomError(
                "eligible",
                "`eligible` says who of a treated group could get a measure that began on one day"
                " (`unit` and `treated` name the groups); take it out",
                {},
            )
        return self

    @model_validator(mode="after")
    def _by_line(self) -> Self:
        if self.cutoff is None:
            return self
        if self.chosen != "rule" or self.starts:
            raise PydanticCustomError(
                "cutoff",
                "`cutoff` is the line of a rule by which units were chosen for one start"
                " (`chosen: rule`); take it out",
                {},
            )
        if self.cutoff.by is None and self.selected_on is None:
            raise PydanticCustomError(
                "cutoff",
                "`cutoff` does not say of what; name the indicator (`selected_on`), or a column"
                " of the customer table (`cutoff.by`)",
                {},
            )
        return self

    @model_validator(mode="after")
    def _by_group(self) -> Self:
        if len(self.treated or {}) > 1:
            raise PydanticCustomError(
                "treated",
                "`treated` names them by {columns}; name them by one column",
                {"columns": ", ".join(self.treated or {})},
            )
        grouped, column = self.unit not in _NO_GROUPS, self.group
        if self.leave_out and column is None:
            raise PydanticCustomError(
                "groups", "`leave_out` names groups; say by `unit` which column has them", {}
            )
        named = {unit for entry in self.leave_out for unit in entry.units}
        own = {*(self.starts or {}), *self.treated_groups}
        if both := sorted(map(str, named & own)):
            raise PydanticCustomError(
                "groups", "{who} is treated and left out; do one or the other", {"who": both[0]}
            )
        if self.starts is None:
            if self.chosen != "everybody" and self.fit.scale == "log":
                raise PydanticCustomError(
                    "everybody",
                    "`fit.scale: log` is for cases that reached everybody, and for `starts`; take"
                    " it out",
                    {},
                )
            return self
        if not grouped or self.chosen == "everybody":
            raise PydanticCustomError(
                "starts",
                "`starts` is for groups that started at different times: give the column that"
                " names them as `unit`, and as `chosen` how they came to it",
                {},
            )
        if self.treated is not None:
            raise PydanticCustomError(
                "starts", "`starts` says who was treated; take `treated` out", {}
            )
        if self.transition and len(set(self.starts.values())) > 1:
            raise PydanticCustomError(
                "starts",
                "`transition` is for a measure that began on one day; take it out: the page shows"
                " the effect by time since each start",
                {},
            )
        if self.start != min(self.starts.values()):
            raise PydanticCustomError(
                "starts",
                "`start` is {start}, but the first of `starts` is {first}; take `start` out",
                {"start": str(self.start), "first": str(min(self.starts.values()))},
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
