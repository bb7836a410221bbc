"""What the parts of a study card are made of; its tables, privacy and published values."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from workbench.study.formula import Formula, read_formula
from workbench.study.packages import complaint

#: Languages that the reports are written in; a card may name others, which fall back to these.
LANGUAGES = ("en", "zh")
#: Editions that are made of the Chinese pages, and need no text of their own.
TRADITIONAL = ("zh-TW", "zh-HK")


def _localised(value: Any, info: ValidationInfo) -> Any:
    """Turn a plain string into one text for every language of the study."""
    languages = (info.context or {}).get("languages", LANGUAGES)
    if value is None or (isinstance(value, str) and not value.strip()):
        raise PydanticCustomError("language", "the text is empty; write one", {})
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


def english(text: Text | None) -> str:
    """Give the English text, or the first: pages look up the other languages by it."""
    return "" if text is None else text.get("en") or next(iter(text.values()), "")


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
Number = Annotated[float, Field(allow_inf_nan=False)]


def _values(value: Any) -> Any:
    """Refuse what no column can be compared with: nothing, no value at all, keys and values."""
    several = value if isinstance(value, list | tuple) else [value]
    plain = all(isinstance(one, str | bool | int | float | dt.date) for one in several)
    if not several or not plain:
        raise PydanticCustomError(
            "where",
            "{value} is no value to filter by; write one, or a list of those that will do",
            {"value": repr(value)},
        )
    return value


#: Part of the customers: a value of a column, or several, any of which will do.
Where = dict[str, Annotated[Any, AfterValidator(_values)]]


#: What `amount` says of a log that has none: visits, donations of kind, deals without value.
NO_AMOUNTS = "none"
_WORKBOOK = re.compile(r"\.(xls[xmb]?|ods)(\.zip|\.gz)?$|\.zip$", re.IGNORECASE)


class Card(BaseModel):
    """What every part of a card shares: it cannot be changed, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Packaged(Card):
    """A table of an installed data package; `workbench.study.packages` lists what there is."""

    name: str
    table: str

    @model_validator(mode="after")
    def _known(self) -> Self:
        if wrong := complaint(self.name, self.table):
            raise PydanticCustomError("package", "{wrong}", {"wrong": wrong})
        return self


class RowSelection(Card):
    """Rows by a value of a column: those that have one of them, or those that have none of them.

    Attributes
    ----------
    values : tuple
        Texts, numbers, days or truth values; an empty text stands for an empty cell.
    excluded : bool
        Whether rows with these values are left out, in place of kept.
    """

    values: tuple[str | bool | int | float | dt.date, ...]
    excluded: bool = False


def _selection(value: Any) -> Any:
    """Read ``paid``, ``[paid, won]`` and ``{not: [cancelled]}``."""
    if isinstance(value, RowSelection):
        return value
    excluded = isinstance(value, Mapping)
    if isinstance(value, Mapping):
        if [str(key).lower() for key in value] != ["not"]:
            raise PydanticCustomError(
                "where",
                "write the values to keep, or `{not: [...]}` for those to leave out",
                {},
            )
        value = next(iter(value.values()))
    several = value if isinstance(value, list | tuple) else [value]
    several = ["" if one is None else one for one in several]
    return {"values": tuple(_values(several)), "excluded": excluded}


Rows = Annotated[RowSelection, BeforeValidator(_selection)]


def _by_column(value: Any) -> Any:
    """Give one list of texts, or one a column."""
    if isinstance(value, Mapping):
        return {key: _texts(entry) for key, entry in value.items()}
    return _texts(value)


def _texts(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list | tuple) else [value]
    return tuple(str(item) for item in items)


#: Texts, of which the card may write one alone.
Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]


def _heading(value: Any) -> Any:
    listed = value if isinstance(value, list | tuple) else (value,)
    if any(isinstance(row, bool) for row in listed):
        raise PydanticCustomError(
            "header", "`header` is the row of the headings, counted from 1; not {value}",
            {"value": str(value).lower()},
        )  # fmt: skip
    return listed


#: What one unit of a written amount is worth in the study's currency.
AMOUNT_UNITS: Mapping[str, float] = {
    "one": 1, "cent": 0.01, "thousand": 1e3, "ten_thousand": 1e4, "million": 1e6,
    "hundred_million": 1e8,
}  # fmt: skip


#: Ways of writing days that are no strptime formats: days since 1899-12-30, and seconds and parts
#: of them since 1970, with how many make a second.
SERIAL = "excel"
UNIX: Mapping[str, int] = {"unix": 1, "unix_ms": 1000, "unix_us": 1_000_000}
DATE_FORMATS = (SERIAL, *UNIX)
#: What engines understand after a %.
_DIRECTIVES = frozenset("aAbBdmyYHIMSfpjzZ-")


#: Hours in the unit in which times to the first answer are written.
RESPONSE_UNITS: Mapping[str, float] = {"second": 1 / 3600, "minute": 1 / 60, "hour": 1, "day": 24}


#: Months in the span of which a contract's fee is written.
FEE_MONTHS: Mapping[str, float] = {"week": 12 / 52, "month": 1, "quarter": 3, "year": 12}


class Table(Card):
    """Where one table comes from, how its file is read, and how its columns map.

    Attributes
    ----------
    header : tuple of int, optional
        Rows of the headings, counted from 1; found where the card does not say.
    footer : int
        Rows at the end that are no data: totals, notes of the exporting system.
    columns : dict
        Standard column -> column of the file.
    date_format : str or dict
        A strptime format, ``excel`` (serial days), ``unix`` or ``unix_ms``; for all columns of
        dates, or by column. Found where the card does not say.
    missing : tuple or dict
        Texts that stand for nothing, everywhere or by column.
    where : dict
        Column of the file, or standard one -> rows to keep, or ``not`` to keep.
    amount : str, optional
        Arithmetic over standard columns and those of the file; ``none`` says that the log has no
        amounts.
    amount_unit : str
        What a written amount counts.
    amount_per : str
        Whether an amount is that of its row, or the total of the row's order, which may stand on
        one of its lines or on each and counts once.
    fill_down : tuple of str
        Columns of the file, or standard ones, that stand on the first line of an order alone.
    group_rows : str, optional
        Of a report with groups: the name of a column made of the rows with one cell alone, which
        say whose the rows below them are; such rows, and the totals of groups, are left out.
    response_unit : str
        In what the times to the first answer are written (of interactions).
    fee_per : str
        For how long a written fee is (of contracts).
    resolved : tuple of str
        States of an interaction that are its end; without it, yes and no are read.
    won, lost : tuple of str
        Stages of an opportunity that are its good and its bad end; without them the usual names
        are known.
    roll_up : bool
        Of accounts: whether all tables count an account with those below it, as the one on top.
    coded : str, optional
        Of voices: how those that people coded were chosen (``random``), or the column of the
        chance that each had.
    """

    path: str | None = None
    sheet: str | int | None = None
    sql: str | None = None
    package: Packaged | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header: Annotated[tuple[Annotated[int, Field(ge=1)], ...], BeforeValidator(_heading)] = ()
    footer: int = Field(default=0, ge=0)
    decimal: Literal[".", ","] | None = None
    thousands: Literal[",", ".", " ", "'"] | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    date_format: str | dict[str, str] | None = None
    missing: Annotated[
        tuple[str, ...] | dict[str, tuple[str, ...]], BeforeValidator(_by_column)
    ] = ()
    group_rows: Name | None = None
    fill_down: Texts = ()
    where: dict[str, Rows] = Field(default_factory=dict)
    amount: str | None = None
    amount_unit: Literal[
        "one", "cent", "thousand", "ten_thousand", "million", "hundred_million"
    ] = "one"
    amount_per: Literal["row", "order"] = "row"
    response_unit: Literal["second", "minute", "hour", "day"] = "hour"
    fee_per: Literal["week", "month", "quarter", "year"] = "month"
    resolved: Texts = ()
    won: Texts = ()
    lost: Texts = ()
    roll_up: bool = False
    coded: str | None = None
    refunds: Literal["net", "set_aside", "keep"] = "net"
    refund_rows: dict[str, Rows] = Field(default_factory=dict)
    zero_amounts: Literal["keep", "set_aside"] = "keep"
    duplicates: Literal["auto", "set_aside", "keep"] = "auto"
    #: Columns and the values that say yes: who has others is left out of every table.
    consent: dict[str, Rows] = Field(default_factory=dict)
    #: Columns of the file's own that pages may show; without the key, all that are no person's.
    publish: Annotated[
        tuple[str, ...] | None, BeforeValidator(lambda v: v if v is None else _texts(v))
    ] = None
    #: What the table is held for, and until which day.
    purpose: LocalText | None = None
    keep_until: dt.date | None = None
    #: The table that has all of this one's rows, too: they must not be counted twice.
    part_of: Name | None = None

    def format_of(self, column: str) -> str | None:
        """Give the format of a column's dates, where the card says it."""
        own = self.columns.get(column, column)
        if isinstance(self.date_format, dict):
            return self.date_format.get(column, self.date_format.get(own))
        return self.date_format

    def missing_in(self, column: str) -> tuple[str, ...]:
        """Give the texts that stand for nothing in a column."""
        own = self.columns.get(column, column)
        if isinstance(self.missing, dict):
            return self.missing.get(column, self.missing.get(own, ()))
        return self.missing

    def lists_missing(self, column: str) -> bool:
        """Tell whether the card says of this very column what stands for nothing in it."""
        own = self.columns.get(column, column)
        return isinstance(self.missing, dict) and bool({column, own} & set(self.missing))

    @property
    def formula(self) -> Formula | None:
        """What the amounts are computed from, where they are not a column of the file."""
        return (
            None if self.amount is None or self.amount == NO_AMOUNTS else read_formula(self.amount)
        )

    @field_validator("amount", mode="before")
    @classmethod
    def _none(cls, value: Any) -> Any:
        # a number is arithmetic, too, and says what is wrong with it
        return str(value) if isinstance(value, int | float) else value

    @field_validator("amount")
    @classmethod
    def _arithmetic(cls, value: str | None) -> str | None:
        if value is not None and value != NO_AMOUNTS:
            try:
                read_formula(value)
            except ValueError as wrong:
                raise PydanticCustomError(
                    "formula",
                    "{value} cannot be computed: {wrong}",
                    {"value": repr(value), "wrong": str(wrong)},
                ) from None
        return value

    @field_validator("date_format")
    @classmethod
    def _strptime(cls, value: str | dict[str, str] | None) -> str | dict[str, str] | None:
        for form in value.values() if isinstance(value, dict) else [value] if value else []:
            if form not in DATE_FORMATS and (
                "%" not in form or any(part[:1] not in _DIRECTIVES for part in form.split("%")[1:])
            ):
                raise PydanticCustomError(
                    "date_format",
                    "{value} is no format; write such as %d.%m.%Y (%d day, %m month, %Y year, %y"
                    " its last two digits, %H:%M time), or one of {known}",
                    {"value": repr(form), "known": ", ".join(DATE_FORMATS)},
                )
        return value

    @field_validator("header")
    @classmethod
    def _in_order(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if any(later != row + 1 for row, later in pairwise(value)):
            raise PydanticCustomError(
                "header", "heading rows follow one another; write [1, 2], not {value}",
                {"value": str(list(value))},
            )  # fmt: skip
        return value

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(value is not None for value in (self.path, self.sql, self.package)) != 1:
            raise PydanticCustomError(
                "source", "a table needs one of `path`, `sql` and `package`, and only one", {}
            )
        for key in ("header", "footer", "encoding", "delimiter", "sheet"):
            if self.path is None and getattr(self, key) not in (None, (), 0):
                raise PydanticCustomError("source", "`{key}` belongs to a file only", {"key": key})
        if self.sheet is not None and not _WORKBOOK.search(str(self.path)):
            raise PydanticCustomError(
                "source", "`sheet` belongs to a workbook only (.xlsx, .xlsm, .xls, .xlsb, .ods)", {}
            )
        return self

    @property
    def decimal_mark(self) -> str:
        """The decimal mark of the table's numbers, where the card says one or a thousands mark."""
        return self.decimal or ("," if self.thousands == "." else ".")

    @model_validator(mode="after")
    def _one_mark(self) -> Self:
        if self.thousands is not None and self.thousands == self.decimal:
            raise PydanticCustomError(
                "number", "`thousands` and `decimal` cannot both be {mark}",
                {"mark": repr(self.decimal)},
            )  # fmt: skip
        return self


#: Sums are compared to this part of them: they were added in some order.
EXACT = 1e-9


class CellRule(Card):
    """Which groups are too small, or too much one customer's, to be published.

    Attributes
    ----------
    min_cell : int
        Fewest customers of a group (minimum frequency).
    p_percent : float
        A sum is withheld if the second largest of those behind it, who knows himself, could tell
        the largest to within so many percent (p% rule); 0 tries nothing.
    dominance : (int, float), optional
        n and k: a sum is withheld if the n largest hold more than k percent of it.
    """

    min_cell: int = Field(default=5, ge=1)
    p_percent: float = Field(default=10.0, ge=0, le=100)
    dominance: (
        tuple[Annotated[int, Field(ge=1, le=10)], Annotated[float, Field(gt=0, le=100)]] | None
    ) = None

    def dominated(self, total: Any, largest: Any) -> Any:
        """Tell which sums tell too much of the largest behind them; their number is not looked at.

        Parameters
        ----------
        total : ndarray, shape (cells,)
        largest : ndarray, shape (cells, k)
            The largest contributions of each, falling: two and n of `dominance`, where there are
            as many.

        Returns
        -------
        ndarray of bool, shape (cells,)
        """
        first = largest[:, 0]
        second = largest[:, 1] if largest.shape[1] > 1 else 0.0
        found = total - first - second < self.p_percent / 100 * first - EXACT * total
        if self.dominance is not None:
            most, percent = self.dominance
            found = found | (largest[:, :most].sum(axis=1) > (percent / 100 + EXACT) * total)
        return found

    def squares_tell(self, squares: Any, first: Any, second: Any) -> Any:
        """Tell of which cells a sum of squares gives the largest contribution away.

        The interval of a mean tells it, and its root is an upper limit of the largest, which must
        not lie within p percent of it: the rule of a sum is put to the squares.

        Parameters
        ----------
        squares : ndarray, shape (cells,)
            Sums of squares.
        first, second : ndarray, shape (cells,)
            The two largest contributions.
        """
        most = first * first
        p = (1 + self.p_percent / 100) ** 2 - 1
        return squares - most - second * second < p * most - EXACT * squares


class Privacy(CellRule):
    """How people are protected: the key of the pseudonyms and which groups are shown."""

    key_env: str = "WORKBENCH_KEY"
    public: bool = False


class Linkage(Card):
    """From which probability on two customer records are linked, and from which a person decides.

    A pair between the two is doubtful: it stays apart until somebody has decided.
    """

    link_above: float = Field(default=0.9, gt=0, lt=1)
    review_above: float = Field(default=0.5, gt=0, lt=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.review_above > self.link_above:
            raise PydanticCustomError(
                "order",
                "review_above ({review}) lies above link_above ({link}); pairs between the two are"
                " doubtful, so write the lower one for review_above",
                {"review": self.review_above, "link": self.link_above},
            )
        return self


class Published(Card):
    """Values that a paper printed, which a page reproduces beside its own."""

    notebook: str
    table: str = "transactions"
    source: str
    values: dict[str, float]
