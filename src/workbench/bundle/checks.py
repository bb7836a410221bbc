"""What a check of a bundle comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workbench.bundle.seal import Discrepancy

Outcome = Literal["agrees", "differs", "not checked"]


@dataclass(frozen=True)
class Inspection:
    """One thing that was looked at.

    Attributes
    ----------
    name : str
        What, such as ``hashes``.
    outcome : {"agrees", "differs", "not checked"}
        What came of it.
    said : str
        In a sentence.
    faults : tuple of Discrepancy
        What differs, each with its place.
    """

    name: str
    outcome: Outcome
    said: str
    faults: tuple[Discrepancy, ...] = ()
