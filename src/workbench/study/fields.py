"""What the parts of a study card are made of; its tables, privacy and published values."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
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

from workbench.study.packages import complaint

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
        if sum(value is not None for value in (self.path, self.sql, self.package)) != 1:
            raise PydanticCustomError(
                "source", "a table needs one of `path`, `sql` and `package`, and only one", {}
            )
        if self.sheet is not None and not str(self.path).lower().endswith((".xlsx", ".xlsm")):
            raise PydanticCustomError("source", "`sheet` belongs to an .xlsx file only", {})
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
