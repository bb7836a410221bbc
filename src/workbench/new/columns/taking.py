"""Takes columns for the roles of a table."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.new.columns.evidence import Candidate
from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.proposal import Proposal


def take(proposal: Proposal, standard: str, found: Candidate | None) -> None:
    """Give a role to the column that was found for it, unless it has one."""
    if found is not None and standard not in proposal.columns:
        proposal.columns[standard] = found.profile.name


def categorical(
    filled: Sequence[ColumnProfile], concept: str, taken: Sequence[str], *, most: int = 60
) -> Candidate | None:
    """Find a column of groups: a few words, each often."""
    fits = [
        p
        for p in filled
        if p.heading.has(concept)
        and p.name not in taken
        and 1 < p.distinct <= most
        and not p.when
        and not p.heading.has("id", "number", "owner", "discount", "fee", "amount", "price")
    ]
    return Candidate(fits[0], 4.0) if fits else None
