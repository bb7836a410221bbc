"""The survey's part of a study card: items, dimensions, scales, columns, waves, groups, weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from workbench.study.fields import Card, Item, LocalText, english

#: Items of each dimension of SERVQUAL (Parasuraman, Zeithaml, Berry 1991, J. of Retailing 67(4)).
SERVQUAL: Final = {
    "tangibles": tuple(f"{i:02d}" for i in range(1, 5)),
    "reliability": tuple(f"{i:02d}" for i in range(5, 10)),
    "responsiveness": tuple(f"{i:02d}" for i in range(10, 14)),
    "assurance": tuple(f"{i:02d}" for i in range(14, 18)),
    "empathy": tuple(f"{i:02d}" for i in range(18, 23)),
}
SERVQUAL_ITEMS: Final = tuple(item for members in SERVQUAL.values() for item in members)
SIDES: Final = ("expectation", "perception", "importance")
#: What a study's tables call the three questions about an item, once they are read.
PREFIXES: Final = dict(zip(SIDES, ("exp_", "per_", "imp_"), strict=True))
#: The column of a study's survey that names, row by row, the questions whose answer was given and
#: is lost: it could not be read, or lies off its scale.
LOST: Final = "answers_lost"
#: What the workbench puts between the choices of a question that has a column for each.
TICKED: Final = "|"
#: How a card writes that choices stand on lines of their own.
LINES: Final = r"\n"
#: And that blanks stand between them, as in the exports of XLSForm's tools.
BLANKS: Final = r"\s"
#: Questions besides the items that have a scale.
SCORES: Final = ("csat", "csat5", "csat10", "recommend")
#: What the file says of an answer beside the questions.
_OF_THE_ANSWER: Final = ("respondent_id", "wave", "answered_on", "customer_id", "seconds")
#: The scales of those whose name says it, and of recommending as it is mostly asked.
_USUAL: Final[Mapping[str, tuple[int, int]]] = {
    "csat5": (1, 5), "csat10": (1, 10), "recommend": (0, 10),
}  # fmt: skip

#: What an answer in words stands for, of one question or (under an empty name) of all.
Words: TypeAlias = dict[str, dict[str, float]]


def _by_question(value: Any) -> Any:
    """Read ``{Very good: 5}``, for all questions, and ``{csat: {Very good: 5}}``, for one."""
    if not isinstance(value, Mapping):
        return value
    found: dict[str, Any] = {}
    for key, entry in value.items():
        if isinstance(entry, Mapping):
            found.setdefault(str(key), {}).update({str(k): v for k, v in entry.items()})
        else:
            found.setdefault("", {})[str(key)] = entry
    return found


class SurveyColumns(Card):
    """How the file names the columns of an item: ``exp{item}`` for exp01, exp02, ...

    ``{item}`` is the item's code as the card writes it, ``{number}`` without leading zeros.
    """

    expectation: str = "exp_{item}"
    perception: str = "per_{item}"
    importance: str = "imp_{item}"

    @field_validator("*")
    @classmethod
    def _with_place(cls, value: str) -> str:
        if ("{item}" in value) == ("{number}" in value):
            raise PydanticCustomError(
                "pattern",
                "{value} does not say where the item stands; write, say, exp{{item}}",
                {"value": repr(value)},
            )
        return value

    def of(self, side: str, item: str) -> str:
        """Name the column of one item and side."""
        number = item.lstrip("0") or item
        pattern: str = getattr(self, side)
        return pattern.replace("{item}", item).replace("{number}", number)


class LongForm(Card):
    """A file with one row an answer: the columns of item, side and value.

    Attributes
    ----------
    item, side, value : str
        Columns; without `side`, every row is a perception.
    sides : dict
        What the file writes for expectation, perception, importance.
    """

    item: str
    side: str | None = None
    value: str
    sides: dict[str, str] = Field(default_factory=lambda: {side: side for side in SIDES})

    @field_validator("sides")
    @classmethod
    def _known(cls, value: dict[str, str]) -> dict[str, str]:
        for side in value:
            if side not in SIDES:
                raise PydanticCustomError(
                    "side",
                    "{side} is not one of expectation, perception, importance",
                    {"side": repr(side)},
                )
        return value


class SurveyWeights(Card):
    """What makes the answers stand for all customers.

    Attributes
    ----------
    column : str or None
        Ready weights in the table.
    margins : dict
        Column -> its categories -> their shares (or numbers) among all customers. ``"region /
        gender"`` names the cells of two columns together: ``"North / female": 0.08``.
    trim : float or None
        The largest weight, in multiples of the mean.
    """

    column: str | None = None
    margins: dict[str, dict[str, float]] = Field(default_factory=dict)
    trim: float | None = Field(default=5.0, gt=1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, shares in self.margins.items():
            if (
                not shares
                or any(share < 0 for share in shares.values())
                or not any(shares.values())
            ):
                raise PydanticCustomError(
                    "margin",
                    "the margin {name} needs a share of zero or more for each category",
                    {"name": repr(name)},
                )
        return self


class ChoiceQuestion(Card):
    """A question besides the items, whose answers are choices: shown by group.

    Attributes
    ----------
    label : LocalText or None
        Its wording; the column's name unless given.
    several : str or None
        What stands between the choices in a cell, where several could be ticked (``";"``); see
        `LINES` for choices that stand on lines of their own, `BLANKS` for names between blanks.
    columns : dict
        Choice -> the file's column that says whether it was ticked, where each has one of its own.
    """

    label: LocalText | None = None
    several: Annotated[str, Field(min_length=1, max_length=3)] | None = None
    columns: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _parted(self) -> Self:
        if self.columns and self.several is None:
            object.__setattr__(self, "several", TICKED)
        for choice in self.columns:
            if self.several is not None and self.several in choice:
                raise PydanticCustomError(
                    "choice",
                    "the choice {choice} holds {mark}, which `several` puts between choices",
                    {"choice": repr(choice), "mark": repr(self.several)},
                )
        return self


class AttentionCheck(Card):
    """A question that attentive readers answer in one way.

    Attributes
    ----------
    right : tuple of str
        The answers, as the file writes them, of those who read the question.
    exclude : bool
        Whether whoever answered otherwise is left out; everybody stays unless it is said.
    """

    right: tuple[str, ...] = Field(min_length=1)
    exclude: bool = False

    @field_validator("right", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        several = value if isinstance(value, list | tuple) else [value]
        return tuple(
            each
            if isinstance(each, str)
            else f"{each:g}"
            if isinstance(each, int | float) and not isinstance(each, bool)
            else each
            for each in several
        )


class Chain(Card):
    """A path model: what leads to satisfaction, and what satisfaction leads to.

    Attributes
    ----------
    constructs : dict
        Construct -> the columns of the survey that measure it.
    paths : dict
        Construct -> the constructs that lead to it.
    modes : dict
        Constructs that their items form (B) rather than reflect (A).
    """

    constructs: dict[str, tuple[str, ...]] = Field(min_length=2)
    paths: dict[str, tuple[str, ...]] = Field(min_length=1)
    modes: dict[str, Literal["A", "B"]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for key in ("paths", "modes"):
            assigned: dict[str, tuple[str, ...]] = getattr(self, key)
            named = [*assigned, *(s for t in self.paths.values() for s in t if key == "paths")]
            for name in named:
                if name not in self.constructs:
                    raise PydanticCustomError(
                        "construct",
                        "`{key}` names {name}, which `constructs` does not list",
                        {"key": key, "name": repr(name)},
                    )
        return self


def _several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Survey(Card):
    """The instrument: its items, their dimensions and scale, and how the file holds the answers.

    Attributes
    ----------
    dimensions : dict
        Dimension -> its items; SERVQUAL's where the items are 01 to 22 and none are given.
    scale, importance_scale : tuple of int
        Lowest and highest answer; importance is on the same scale unless it has its own.
    scales : dict
        Question -> its own lowest and highest answer: an item, or `csat`, `csat5`, `csat10`,
        `recommend`. Items that have one are brought to `scale`, recommending to 0 to 10.
    answers : dict
        What answers in words stand for: word -> number, or question -> word -> number. The usual
        words of agreement, satisfaction, frequency and so on need not be listed.
    reversed : tuple of str
        Items worded negatively: their answers are turned round when the table is read.
    columns, long : SurveyColumns, LongForm
        How the file holds the answers: a column an item and side, or a row an answer.
    waves : tuple of str
        The waves in order of time, where their labels do not sort that way.
    groups : tuple of str
        Columns of the survey, the segments or the customers to compare by: every question by each
        that is there; gaps, drivers and changes by the first.
    questions : dict
        Columns of the survey that hold choices -> what the card says of them; each is shown by
        the groups that the survey is compared by.
    open : dict
        Columns with answers in people's own words -> how they were asked; `comment` is one without
        being named.
    attention : dict
        Columns of attention checks -> their right answers, and whether who failed is left out.
    weights : SurveyWeights or None
    chain : Chain or None
        The path model; by default expectation, quality, satisfaction and loyalty.
    codebook : str or None
        File of the aspects that comments are about, beside the card; by default one for services.
    coded : str or None
        How the comments whose tone people coded were chosen: ``random``, or the column of the
        survey that holds each comment's chance of being chosen.
    invited : tuple of str
        Lists of invitations, beside the card: an answer that bears an invitation's number as its
        `respondent_id` is its customer's.
    """

    items: dict[Item, LocalText] = Field(default_factory=dict)
    dimensions: dict[str, tuple[Item, ...]] = Field(default_factory=dict, validate_default=True)
    scale: tuple[int, int] = (1, 7)
    importance_scale: tuple[int, int] | None = None
    scales: dict[Item, tuple[int, int]] = Field(default_factory=dict)
    answers: Annotated[Words, BeforeValidator(_by_question)] = Field(default_factory=dict)
    reversed: tuple[Item, ...] = ()
    columns: SurveyColumns = SurveyColumns()
    long: LongForm | None = None
    waves: tuple[str, ...] = ()
    groups: tuple[str, ...] = ("segment", "region")
    questions: dict[str, ChoiceQuestion] = Field(default_factory=dict)
    open: dict[str, LocalText | None] = Field(default_factory=dict)
    attention: dict[str, AttentionCheck] = Field(default_factory=dict)
    weights: SurveyWeights | None = None
    chain: Chain | None = None
    codebook: str | None = None
    coded: str | None = None
    invited: Annotated[tuple[str, ...], BeforeValidator(_several)] = ()

    @field_validator("dimensions")
    @classmethod
    def _servqual(
        cls, value: dict[str, tuple[str, ...]], info: ValidationInfo
    ) -> dict[str, tuple[str, ...]]:
        if value:
            return value
        items = info.data.get("items") or {}
        if not items or set(items) == set(SERVQUAL_ITEMS):
            return dict(SERVQUAL)
        return {"service": tuple(items)}

    @property
    def codes(self) -> tuple[str, ...]:
        """Every item that the card names, in order."""
        named = [*self.items, *(item for members in self.dimensions.values() for item in members)]
        return tuple(dict.fromkeys(named))

    def pages(self, side: str) -> list[tuple[tuple[int, int], list[str]]]:
        """Give the items that are asked together: those of a dimension on the same scale.

        Parameters
        ----------
        side : str
            ``expectation``, ``perception`` or ``importance``.
        """
        prefix = PREFIXES[side]
        ends_of = {c: self.scale_of(prefix + c) or self.scale for c in self.codes}
        return [
            (ends, [item for item in items if ends_of[item] == ends])
            for items in self.dimensions.values()
            for ends in dict.fromkeys(ends_of[item] for item in items)
        ]

    @property
    def own_check(self) -> tuple[int, str]:
        """Where the questionnaire made from the card holds its attention check, and its answer.

        A page of the items' experience, counted from 0, and the grade next to the lowest.
        """
        pages = self.pages("perception")
        at = len(pages) // 2
        return at, str(pages[at][0][0] + 1)

    @property
    def labels(self) -> dict[str, str]:
        """The items' wording in English, by which the catalogs know it; else the first there is."""
        return {item: english(text) for item, text in self.items.items()}

    @property
    def margins(self) -> Mapping[str, Mapping[str, float]]:
        """What answers are weighted to, as `SurveyWeights` has it; empty where they are not."""
        return {} if self.weights is None else self.weights.margins

    def scale_of(self, column: str) -> tuple[int, int] | None:
        """Give the lowest and highest answer to a question; None where the card says none.

        Parameters
        ----------
        column : str
            What a study's tables call it: ``per_01``, ``csat5``, ``recommend``.
        """
        item = self.item_of(column)
        for name in (column, item):
            if name in self.scales:
                return self.scales[name]
        if not item:
            return _USUAL.get(column)
        if column.startswith(PREFIXES["importance"]) and self.importance_scale is not None:
            return self.importance_scale
        return self.scale

    def declares_scale(self, column: str) -> bool:
        """Tell whether the card, or the question's name, says its scale."""
        item = self.item_of(column)
        if {column, item} & set(self.scales):
            return True
        if not item:
            return column in _USUAL and column != "recommend"
        importance = column.startswith(PREFIXES["importance"])
        said = self.model_fields_set & {"scale", *(["importance_scale"] if importance else [])}
        return bool(said)

    @staticmethod
    def item_of(column: str) -> str:
        """Give the item that a column of a study's tables is about, or an empty text."""
        prefix = next((p for p in PREFIXES.values() if column.startswith(p)), None)
        return column.removeprefix(prefix) if prefix is not None else ""

    def is_reversed(self, column: str) -> bool:
        """Tell whether a column's item is worded negatively."""
        return self.item_of(column) in self.reversed

    def words_of(self, column: str) -> dict[str, float]:
        """Give what the card says that words stand for in the answers to a question."""
        own = self.item_of(column)
        names = ("", own, own.lstrip("0"), column)
        return {word: n for name in names for word, n in self.answers.get(name, {}).items()}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ends_of = {"scale": self.scale, "importance_scale": self.importance_scale}
        ends_of |= {f"scales.{name}": ends for name, ends in self.scales.items()}
        for name, ends in ends_of.items():
            if ends is not None and ends[0] >= ends[1]:
                raise PydanticCustomError(
                    "scale", "`{name}` runs from its lowest to its highest", {"name": name}
                )
        seen: dict[str, str] = {}
        for dimension, items in self.dimensions.items():
            if not items:
                raise PydanticCustomError(
                    "item", "dimension {dimension} has no items", {"dimension": repr(dimension)}
                )
            for item in items:
                if self.items and item not in self.items:
                    raise PydanticCustomError(
                        "item",
                        "dimension {dimension} names item {item}, which `items` does not list",
                        {"dimension": repr(dimension), "item": repr(item)},
                    )
                if item in seen:
                    raise PydanticCustomError(
                        "item",
                        "item {item} is in two dimensions, {one} and {two}",
                        {"item": repr(item), "one": seen[item], "two": dimension},
                    )
                seen[item] = dimension
        sided = {prefix + item for prefix in PREFIXES.values() for item in self.codes}
        known = {*self.codes, *(c.lstrip("0") for c in self.codes), *sided, *SCORES, ""}
        for key, given in (("scales", self.scales), ("answers", self.answers)):
            for name in given:
                if name not in known:
                    raise PydanticCustomError(
                        "item",
                        "`{key}` names {name}, which is no item of the card and none of {scores}",
                        {"key": key, "name": repr(name), "scores": ", ".join(SCORES)},
                    )
        own = {p + item for p in PREFIXES.values() for item in (*self.codes, *SERVQUAL_ITEMS)}
        taken = {*own, *SCORES, *_OF_THE_ANSWER, *self.questions}
        for key, apart in (("open", {*taken, *self.attention}), ("attention", taken)):
            for name in getattr(self, key):
                if name in apart:
                    raise PydanticCustomError(
                        "open",
                        "`{key}` names {name}, which is another kind of question already",
                        {"key": key, "name": repr(name)},
                    )
        for item in self.reversed:
            if item not in self.codes:
                raise PydanticCustomError(
                    "item",
                    "`reversed` names item {item}, which no dimension has",
                    {"item": repr(item)},
                )
        return self
