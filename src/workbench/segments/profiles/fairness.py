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
from workbench.results import Estimate, Finding, Result, labelled
from workbench.segments.profiles.associations import Associations, associations
from workbench.segments.profiles.profile import distinguishing, readable
from workbench.study import CellRule

PROTECTED = ("age", "birth_year", "gender")

USES = (
    "A sorting of customers on this page uses {attributes}. To treat people differently by it can "
    "be unfair and, depending on the law, forbidden. Ask before acting on it."
)
DIFFERS = (
    "The segments do not use {attribute}, but differ by it: {inside} of {segment} are {level},"
    " against {outside} of the others. To treat segments differently is to treat people of"
    " different {attribute} differently, too."
)
DIFFERS_IN_MEAN = (
    "The segments do not use {attribute}, but differ by it: its mean is {inside} in {segment},"
    " against {outside} among the others. To treat segments differently is to treat people of"
    " different {attribute} differently, too."
)
EQUAL = (
    "The segments neither use {attributes} nor differ clearly in this (Cramér's V at most "
    "{strongest}, could be up to {high})."
)
UNKNOWN = (
    "The study's tables hold none of the protected attributes ({attributes}), so that nobody can "
    "tell whether the segments differ by them."
)
UNTOLD = "Whether the segments differ by {attributes} cannot be told: too little is known of it."


@dataclass(frozen=True)
class Fairness(Result):
    """What there is to say about a segmentation.

    Attributes
    ----------
    table : DataFrame
        Segments that differ by a protected attribute beyond chance; see `distinguishing`.
    conclusions : tuple of Finding
        With the verdict "uses", "differs", "equal" or "unknown".
    links : Associations
        Cramer's V of each protected attribute with the segments.
    """

    table: pd.DataFrame
    conclusions: tuple[Finding, ...]
    links: Associations

    def estimates(self) -> dict[str, Estimate]:
        """Strength of each association."""
        return self.links.estimates()

    def findings(self) -> list[Finding]:
        """Say what a reader must know before treating segments differently."""
        return list(self.conclusions)


def fairness(
    segment: pd.Series,
    attributes: pd.DataFrame,
    *,
    protected: Sequence[str] = PROTECTED,
    used: Sequence[str] = (),
    min_cell: CellRule | int = 5,
    name: str = "segments",
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
    min_cell : CellRule or int
        Fewest customers a share may rest on.
    name : str
        What the keys of the findings begin with.
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
    differences = distinguishing(segment, known, min_cell=min_cell)
    real = differences[differences["p"] < 0.05]
    key = f"{name}.fairness"
    findings = []
    taken = [name for name in protected if name in used]
    if taken:
        values: dict[str, object] = {"attributes": [readable(n) for n in taken]}
        findings.append(Finding(f"{key}.uses", USES, values, "uses", "warning"))
    findings += [
        _differs(f"{key}.{name}", name, real[real["attribute"] == name])
        for name in names
        if name not in taken and (real["attribute"] == name).any()
    ]
    if not names and not taken:
        values = {"attributes": [readable(n) for n in protected]}
        findings.append(Finding(f"{key}.unknown", UNKNOWN, values, "unknown"))
    elif not findings:
        values = {"attributes": [readable(n) for n in names]}
        if links.table.empty:
            findings.append(Finding(f"{key}.unknown", UNTOLD, values, "unknown"))
        else:
            for end, column in (("strongest", "cramers_v"), ("high", "high")):
                values[end] = Estimate(float(links.table[column].max()), digits=2)
            findings.append(Finding(f"{key}.equal", EQUAL, values, "equal"))
    table = labelled(
        real.reset_index(drop=True), segment="Segment", attribute="Attribute", level="Level",
        inside="Inside", outside="Outside", effect="Difference", p=("p-value (Holm)", "p"),
    )  # fmt: skip
    return Fairness(table, tuple(findings), links)


def _differs(key: str, name: str, own: pd.DataFrame) -> Finding:
    worst = own.iloc[int(own["effect"].abs().argmax())]
    mean = pd.isna(worst["level"])
    sides = {
        side: Estimate(float(worst[side]), kind="number" if mean else "percent")
        for side in ("inside", "outside")
    }
    values = {"attribute": readable(name), "segment": str(worst["segment"]), **sides}
    if not mean:
        values["level"] = str(worst["level"])
    return Finding(key, DIFFERS_IN_MEAN if mean else DIFFERS, values, "differs", "warning")
