"""How many to invite: for a margin, for each group, for a change; and who, drawn by lot."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, nan

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.results import Estimate, Finding, Result, labelled
from workbench.satisfaction.loyalty.net_promoter import sample_needed
from workbench.stats import effective_size
from workbench.stats.intervals import normal_quantile
from workbench.stats.raking import JOINT
from workbench.study.instrument import Sampling

#: Letters and digits that nobody takes for one another (Crockford's base 32).
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 8
_ALL = "all customers"


def sample_for_margin(
    margin: float,
    *,
    share: float = 0.5,
    population: float | None = None,
    design_effect: float = 1.0,
    level: float = 0.95,
) -> int:
    """Answers needed so that the interval of a share is `margin` to either side.

    Parameters
    ----------
    margin, share : float
        As shares of one.
    population : float, optional
        All that could be asked: a census of few needs no more than all.
    design_effect : float
        How many times more answers weights or clusters make necessary.

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd edition, section 4.4; Kish (1965), section 8.2.

    Examples
    --------
    >>> from workbench.satisfaction.instrument.sampling import sample_for_margin
    >>> sample_for_margin(0.05), sample_for_margin(0.05, population=1000)
    (385, 278)
    """
    z = normal_quantile(level)
    n = design_effect * z * z * share * (1 - share) / margin**2
    if population is not None:
        n = n / (1 + (n - 1) / population)
    return ceil(n - 1e-9)


def margin_of(
    n: float,
    *,
    share: float = 0.5,
    population: float | None = None,
    design_effect: float = 1.0,
    level: float = 0.95,
) -> float:
    """Half the width of the interval of a share that so many answers give."""
    if not n:
        return nan
    left = 1.0
    if population is not None:
        left = max((population - n) / max(population - 1, 1), 0.0)
    spread = share * (1 - share) * design_effect / n
    return float(normal_quantile(level) * np.sqrt(spread * left))


@dataclass(frozen=True)
class SamplingPlan(Result):
    """How many answers and invitations, in all and by group.

    Attributes
    ----------
    table : DataFrame
        One row a group: `group`, `population`, `answers` (wanted), `invitations`, `margin` (that
        these answers give), `fraction` (of the group that is invited), `short` (whether the group
        is too small for it, so that all of it is invited).
    reasons : DataFrame
        One row a reason for a size: `reason`, `answers`.
    quotas : DataFrame
        One row a category of a margin: `margin`, `category`, `share`, `answers`.
    design_effect : float
        Of the card, times that of unequal chances between the groups.
    level : float
    """

    table: pd.DataFrame
    reasons: pd.DataFrame
    quotas: pd.DataFrame
    design_effect: float
    margin: float
    level: float

    @property
    def answers(self) -> int:
        """Answers wanted in all."""
        return int(self.table["answers"].sum())

    @property
    def invitations(self) -> int:
        """Invitations to send."""
        return int(self.table["invitations"].sum())

    def estimates(self) -> dict[str, Estimate]:
        """Answers, invitations, and the margin that they give."""
        return {
            "answers": Estimate(self.answers, label="Answers wanted", digits=0),
            "invitations": Estimate(self.invitations, label="Invitations to send", digits=0),
            "margin": Estimate(self.margin, label="Margin of error of a share", kind="percent"),
        }

    def findings(self) -> list[Finding]:
        """Say what it takes, why, and where it cannot be had."""
        named = self.estimates()
        largest = self.reasons.sort_values("answers", kind="stable")["reason"].iloc[-1]
        found = [
            Finding(
                "sample",
                "Invite {invitations} customers to have {answers} answers",
                named,
                estimates=named,
            ),
            Finding("sample.reason", "What asks for most is {reason}", {"reason": str(largest)}),
            Finding(
                "sample.margin",
                "A share of all customers is then known to {margin} either way",
                {"margin": named["margin"]},
            ),
        ]
        short = [str(group) for group in self.table.loc[self.table["short"], "group"]]
        if short:
            message = "Too few customers for the margin wanted, all are invited: {groups}"
            values = {"groups": short}
            found.append(Finding("sample.short", message, values, severity="warning"))
        return found


def plan_sample(
    wanted: Sampling,
    sizes: Mapping[str, int] | None = None,
    *,
    margins: Mapping[str, Mapping[str, float]] | None = None,
) -> SamplingPlan:
    """Say how many customers to invite.

    The size is the largest of what the margin, the groups and the change ask for. Answers are
    shared out by the size of the groups, and smaller groups topped up to what their margin needs;
    what that costs the whole (unequal chances, Kish) is made good.

    Parameters
    ----------
    wanted : Sampling
        The card's `instrument.sample`.
    sizes : mapping, optional
        Group -> its customers; an empty name is all of them. Unknown unless given.
    margins : mapping, optional
        Column -> category -> share of all customers, for quotas.

    Raises
    ------
    DataError
        Groups without customers.
    """
    known = {str(group): int(n) for group, n in (sizes or {}).items() if n > 0}
    if sizes and not known:
        raise DataError("no group has customers", where="instrument.sample.by")
    population = wanted.population or (sum(known.values()) or None)
    common = {"share": wanted.share, "level": wanted.level}
    whole = sample_for_margin(
        wanted.margin, population=population, design_effect=wanted.design_effect, **common
    )
    reasons = [("the margin of error of all customers", whole)]
    if wanted.change is not None:
        variance = wanted.share * (1 - wanted.share)
        n = sample_needed(variance, wanted.change)
        kept = 1 - wanted.overlap * wanted.correlation
        reasons.append(
            ("the change between two waves", ceil(wanted.design_effect * kept * n - 1e-9))
        )
    size = max(n for _, n in reasons)
    groups = {group: n for group, n in known.items() if group} or {_ALL: population or 0}
    answers, effect = _share_out(wanted, groups, size, population)
    if len(groups) > 1:
        reasons.append(("the margin of error of each group", sum(answers.values())))
    rows = []
    for group, n in answers.items():
        there = groups[group]
        invited = ceil(n / wanted.response - 1e-9)
        short = bool(there) and (invited > there or n >= there)
        invited = min(invited, there) if there else invited
        n = min(n, ceil(invited * wanted.response - 1e-9)) if short else n
        rows.append(
            {
                "group": group, "population": there or nan, "answers": n, "invitations": invited,
                "margin": margin_of(
                    n, population=there or None, design_effect=wanted.design_effect, **common
                ),
                "fraction": invited / there if there else nan, "short": short,
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    deff = wanted.design_effect * effect
    reached = margin_of(
        float(table["answers"].sum()), population=population, design_effect=deff, **common
    )
    return SamplingPlan(
        labelled(
            table,
            group="Group",
            population=("Customers", "number:0"),
            answers=("Answers wanted", "number:0"),
            invitations=("Invitations", "number:0"),
            margin=("Margin of error", "percent:1"),
            fraction=("Invited share", "percent:1"),
        ),
        labelled(
            pd.DataFrame(reasons, columns=["reason", "answers"]),
            reason="Reason", answers=("Answers wanted", "number:0"),
        ),
        quotas(int(table["answers"].sum()), margins or {}),
        deff,
        reached,
        wanted.level,
    )  # fmt: skip


def _share_out(
    wanted: Sampling, groups: Mapping[str, int], size: int, population: int | None
) -> tuple[dict[str, int], float]:
    """Give each group its answers, and the design effect of unequal chances between them."""
    if len(groups) == 1:
        only = next(iter(groups))
        return {only: size}, 1.0
    total = sum(groups.values())
    least = {
        group: sample_for_margin(
            wanted.group_margin, share=wanted.share, population=n,
            design_effect=wanted.design_effect, level=wanted.level,
        )
        for group, n in groups.items()
    }  # fmt: skip
    scale = float(size)
    while True:
        answers = {
            group: min(n, max(least[group], ceil(scale * n / total - 1e-9)))
            for group, n in groups.items()
        }
        weights = np.repeat(
            [groups[group] / n for group, n in answers.items()], list(answers.values())
        )
        effect = weights.size / effective_size(weights)
        missing = size * effect - weights.size
        if missing < 1 or weights.size >= total:
            return answers, float(effect)
        scale += missing * total / max(total - weights.size, 1) * 0.5 + 1


def quotas(n: int, margins: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """Share answers out over the categories of known margins, so that each adds up to all.

    Parameters
    ----------
    n : int
        Answers in all.
    margins : mapping
        Column -> category -> share or number of all customers.
    """
    rows = []
    for margin, shares in margins.items():
        total = sum(shares.values())
        exact = {category: n * share / total for category, share in shares.items()}
        whole = {category: int(each) for category, each in exact.items()}
        left = sorted(exact, key=lambda category: whole[category] - exact[category])
        for category in left[: n - sum(whole.values())]:
            whole[category] += 1
        rows += [
            {
                "margin": margin.replace(JOINT, " × "), "category": category,
                "share": shares[category] / total, "answers": answers,
            }
            for category, answers in whole.items()
        ]  # fmt: skip
    return labelled(
        pd.DataFrame(rows, columns=["margin", "category", "share", "answers"]),
        margin="Margin",
        category="Category",
        share=("Share", "percent:1"),
        answers=("Answers wanted", "number:0"),
    )


def draw_invitations(
    register: pd.DataFrame,
    plan: SamplingPlan,
    *,
    key: bytes,
    seed: int,
    wave: str,
    by: str | None = None,
) -> pd.DataFrame:
    """Draw who is invited, by lot within each group, and give each an invitation number.

    The seed decides who is drawn; the number follows from the key, so that it cannot be guessed by
    who knows the seed, and the same person has another number in another wave.

    Parameters
    ----------
    register : DataFrame
        `customer_id` and the column `by`; a person's first row counts.
    plan : SamplingPlan
    key : bytes
        Of the study's pseudonyms.

    Returns
    -------
    DataFrame
        `invitation`, `customer_id`, `group`, in random order.

    Raises
    ------
    DataError
        No customer to draw.
    """
    people = register.dropna(subset=["customer_id"]).drop_duplicates("customer_id")
    if people.empty:
        raise DataError("there is no customer to invite", where="customers")
    rng = np.random.default_rng(seed)
    group = people[by].astype("string") if by is not None else pd.Series(_ALL, index=people.index)
    drawn = []
    for name, n in plan.table[["group", "invitations"]].itertuples(index=False):
        # in order of the number, so that a file sorted otherwise draws the same people
        there = people[(group == str(name)).fillna(False)].sort_values("customer_id")
        chosen = rng.choice(len(there), size=min(int(n), len(there)), replace=False)
        drawn.append(there.iloc[chosen][["customer_id"]].assign(group=str(name)))
    listed = pd.concat(drawn)
    listed = listed.iloc[rng.permutation(len(listed))].reset_index(drop=True)
    numbers = [invitation_number(str(c), key, wave) for c in listed["customer_id"]]
    listed.insert(0, "invitation", numbers)
    if listed["invitation"].duplicated().any():
        raise DataError(
            "two customers would have one invitation number",
            where="invitations",
            remedy="name the wave otherwise, and draw again",
        )
    return listed


def invitation_number(customer: str, key: bytes, wave: str) -> str:
    """Give a customer's invitation number of a wave: eight signs, the last a check."""
    digest = hmac.digest(key, f"invitation:{wave}:{customer}".encode(), hashlib.sha256)
    number = int.from_bytes(digest[:8], "big")
    signs = [(number >> (5 * at)) & 31 for at in range(_LENGTH - 1)]
    return "".join(_ALPHABET[sign] for sign in [*signs, _check(signs)])


def is_invitation(text: str) -> bool:
    """Tell whether a number can be one: a slip in one sign is always seen."""
    signs = [_ALPHABET.find(sign) for sign in text.strip().upper()]
    return len(signs) == _LENGTH and min(signs) >= 0 and _check(signs[:-1]) == signs[-1]


def _check(signs: list[int]) -> int:
    return sum((2 * at + 1) * sign for at, sign in enumerate(signs)) % 32
