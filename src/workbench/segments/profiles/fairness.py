"""Whether a segmentation uses, or differs by, what must not decide how a person is treated.

A segmentation that does not use age can still sort people by age, through what goes with it; a
treatment by segment then treats ages differently, too. Both are said, with numbers.

References
----------
Barocas, Selbst (2016), Big Data's Disparate Impact, California Law Review 104, 671-732.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from workbench.errors import DataError
from workbench.results.estimate import Estimate
from workbench.segments.profiles.apart import set_apart
from workbench.segments.profiles.attributes import Associations, associations, readable

PROTECTED = ("age", "birth_year", "gender")

USES = (
    "A sorting of customers on this page uses {attributes}. To treat people differently by it can "
    "be unfair and, depending on the law, forbidden. Ask before acting on it."
)
DIFFERS = (
    "The segments do not use {attribute}, but differ by it: {inside} of {segment} are {level}, "
    "against {outside} of the others. Whoever treats segments differently treats people "
    "of different {attribute} differently, too."
)
DIFFERS_IN_MEAN = (
    "The segments do not use {attribute}, but differ by it: its mean is {inside} in {segment}, "
    "against {outside} among the others. Whoever treats segments differently treats people "
    "of different {attribute} differently, too."
)
EQUAL = (
    "The segments neither use {attributes} nor differ in this beyond chance (Cramér's V at most "
    "{strongest}, could be up to {high})."
)
UNKNOWN = (
    "The study's tables hold none of the protected attributes ({attributes}), so that nobody can "
    "tell whether the segments differ by them."
)


@dataclass(frozen=True)
class Remark:
    """One thing to say.

    Attributes
    ----------
    kind : str
        "uses", "differs", "equal" or "unknown".
    message : str
        With named placeholders.
    values : dict
        What they stand for; shares as float, names as str.
    """

    kind: str
    message: str
    values: dict[str, object]

    @property
    def serious(self) -> bool:
        """Whether a reader should stop and think."""
        return self.kind in ("uses", "differs")


@dataclass(frozen=True)
class Fairness:
    """What there is to say about a segmentation.

    Attributes
    ----------
    remarks : tuple of Remark
    links : Associations
        Cramer's V of each protected attribute with the segments.
    table : DataFrame
        Segments that differ by a protected attribute beyond chance; see `set_apart`.
    """

    remarks: tuple[Remark, ...]
    links: Associations
    table: pd.DataFrame

    def metrics(self) -> dict[str, Estimate]:
        """Strength of each association."""
        return self.links.metrics()


def fairness(
    segment: pd.Series,
    attributes: pd.DataFrame,
    *,
    protected: Sequence[str] = PROTECTED,
    used: Sequence[str] = (),
    min_cell: int = 5,
) -> Fairness:
    """Say whether a segmentation uses or differs by protected attributes.

    Parameters
    ----------
    segment : Series, shape (n,)
    attributes : DataFrame, shape (n, k)
        Those of the customers; columns that are not protected are passed over.
    protected : sequence of str
        Names of columns.
    used : sequence of str
        Columns that the segmentation was made with.
    min_cell : int
        Fewest customers a share may rest on.
    """
    if len(segment) != len(attributes):
        raise DataError(
            f"{len(segment)} segments for {len(attributes)} customers",
            remedy="give one row a customer",
        )
    names = [name for name in protected if name in attributes]
    known = attributes[names].reset_index(drop=True)
    segment = segment.reset_index(drop=True)
    links = associations(segment, known)
    found = set_apart(segment, known, min_cell=min_cell)
    real = found[found["p"] < 0.05]
    remarks = []
    taken = [name for name in protected if name in used]
    if taken:
        remarks.append(Remark("uses", USES, {"attributes": [readable(n) for n in taken]}))
    for name in names:
        own = real[real["attribute"] == name]
        if name not in taken and len(own):
            remarks.append(_differs(name, own))
    if not names and not taken:
        remarks.append(Remark("unknown", UNKNOWN, {"attributes": [readable(n) for n in protected]}))
    elif not remarks:
        top = links.table.iloc[0] if len(links.table) else None
        values: dict[str, object] = {
            "attributes": [readable(n) for n in names],
            "strongest": float("nan") if top is None else float(top["cramers_v"]),
            "high": float("nan") if top is None else float(links.table["high"].max()),
        }
        remarks.append(Remark("equal", EQUAL, values))
    return Fairness(tuple(remarks), links, real.reset_index(drop=True))


def _differs(name: str, own: pd.DataFrame) -> Remark:
    worst = own.iloc[int(own["effect"].abs().argmax())]
    values: dict[str, object] = {
        "attribute": readable(name),
        "segment": str(worst["segment"]),
        "inside": float(worst["inside"]),
        "outside": float(worst["outside"]),
    }
    if pd.isna(worst["level"]):
        return Remark("differs", DIFFERS_IN_MEAN, values)
    return Remark("differs", DIFFERS, values | {"level": str(worst["level"])})
