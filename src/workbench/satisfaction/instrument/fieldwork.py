"""Who of those invited answered, and whether those who did not might have said something else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.results import Estimate, Finding, Result, labelled
from workbench.stats import adjust, mean_difference, proportion_difference, proportion_interval
from workbench.study.survey import SCORES


@dataclass(frozen=True)
class Fieldwork(Result):
    """How an invitation was answered.

    Attributes
    ----------
    table : DataFrame
        One row a group, and last all: `group`, `invited`, `answered`, `estimate` (response rate)
        with `low`, `high` (Wilson).
    late : DataFrame
        One row a question: `question`, `n`, `estimate` (late minus early answers) with `low`,
        `high`, `p`; empty where days are not known. Those who answer late, mostly after a reminder,
        are the nearest one has to those who never do.
    absent : DataFrame
        One row a category of the register: `column`, `category`, `estimate` (its share among those
        who answered minus that among those who did not) with `low`, `high`, `p_holm`.
    strangers : int
        Answers with a number that nobody was given.
    """

    table: pd.DataFrame
    late: pd.DataFrame
    absent: pd.DataFrame
    strangers: int

    @property
    def rate(self) -> Estimate:
        """Response rate of all."""
        row = self.table.iloc[-1]
        ends = float(row["low"]), float(row["high"])
        rate = Estimate(float(row["estimate"]), *ends, float(row["invited"]), kind="percent")
        return rate.named("Response rate")

    def estimates(self) -> dict[str, Estimate]:
        """Response rate."""
        return {"response": self.rate}

    def findings(self) -> list[Finding]:
        """Say how many answered, and in what they differ from those who did not."""
        row = self.table.iloc[-1]
        values = {"n": int(row["answered"]), "invited": int(row["invited"]), "rate": self.rate}
        message = "{n} of {invited} customers who were invited answered: {rate}"
        found = [Finding("response", message, values, estimates=self.estimates())]
        moved = self.late[self.late["p"] < 0.05] if len(self.late) else self.late
        for at in moved.to_dict("records"):
            ends = float(at["low"]), float(at["high"])
            values = {
                "question": str(at["question"]),
                "difference": Estimate(float(at["estimate"]), *ends, kind="points"),
            }
            message = (
                "Late answers to {question} differ from early ones by {difference}: those who never"
                " answered may differ as much again"
            )
            key = f"response.late.{at['question']}"
            found.append(Finding(key, message, values, severity="warning"))
        if len(self.late) and moved.empty:
            found.append(Finding("response.late", "Late answers are like early ones"))
        missed = self.absent[self.absent["p_holm"] < 0.05] if len(self.absent) else self.absent
        if len(missed):
            parts = [f"{r['column']} {r['category']}" for r in missed.to_dict("records")]
            message = "Those who answered differ from those who did not: {groups}. Weight by them."
            found.append(Finding("response.absent", message, {"groups": parts}, severity="warning"))
        if self.strangers:
            message = "{n} answers bear a number that nobody was given"
            values = {"n": self.strangers}
            found.append(Finding("response.strangers", message, values, severity="warning"))
        return found


def fieldwork(
    invited: pd.DataFrame,
    answers: pd.DataFrame,
    register: pd.DataFrame | None = None,
    *,
    questions: Sequence[str] = SCORES,
) -> Fieldwork:
    """Compare those who answered an invitation with those who did not.

    Parameters
    ----------
    invited : DataFrame
        `invitation`, `customer_id`, `group`.
    answers : DataFrame
        `respondent_id` (the invitation's number), `answered_on` and questions, where there are.
    register : DataFrame, optional
        `customer_id` and categories that are known of everybody.
    questions : sequence of str
        Compared between the earlier and the later half of the answers.

    Raises
    ------
    DataError
        Nobody was invited.

    References
    ----------
    Armstrong, Overton (1977), Journal of Marketing Research 14, 396-402.
    """
    if invited.empty:
        raise DataError("nobody was invited", where="invitations", remedy="draw a sample first")
    number = invited["invitation"].astype("string").str.strip().str.upper()
    given = answers["respondent_id"].astype("string").str.strip().str.upper()
    there = number.isin(set(given.dropna())).to_numpy()
    groups = [("", np.ones(len(invited), dtype=bool))]
    names = invited["group"].astype("string")
    if len(names.dropna().unique()) > 1:
        groups = [
            (str(g), (names == g).to_numpy()) for g in sorted(names.dropna().unique())
        ] + groups
    rows = []
    for name, at in groups:
        rate = proportion_interval(int(there[at].sum()), int(at.sum()))
        counts = {"invited": int(at.sum()), "answered": int(there[at].sum())}
        ends = {"estimate": rate.value, "low": rate.low, "high": rate.high}
        rows.append({"group": name or "all customers", **counts, **ends})
    own = given.isin(set(number)).to_numpy(dtype=bool, na_value=False)
    return Fieldwork(
        labelled(
            pd.DataFrame(rows),
            group="Group",
            invited=("Invitations", "number:0"),
            answered=("Answers", "number:0"),
            estimate=("Response rate", "percent"),
        ),
        _late(answers[own], questions),
        _absent(invited, there, register),
        int((~own).sum()),
    )


def _late(answers: pd.DataFrame, questions: Sequence[str]) -> pd.DataFrame:
    columns = ["question", "n", "estimate", "low", "high", "p"]
    if "answered_on" not in answers:
        return pd.DataFrame(columns=columns)
    day = pd.to_datetime(answers["answered_on"], errors="coerce", format="mixed")
    late = (day > day.median()).to_numpy()
    rows = []
    for question in (q for q in questions if q in answers):
        x = pd.to_numeric(answers[question], errors="coerce").to_numpy(dtype=float)
        known = ~np.isnan(x) & day.notna().to_numpy()
        one, two = x[known & ~late], x[known & late]
        if min(len(one), len(two)) < 10:
            continue
        found = mean_difference(two, one)
        rows.append(
            {
                "question": question, "n": int(known.sum()), "estimate": found.value,
                "low": found.low, "high": found.high, "p": found.p,
            }
        )  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _absent(
    invited: pd.DataFrame, there: np.ndarray, register: pd.DataFrame | None
) -> pd.DataFrame:
    from scipy.stats import fisher_exact

    columns = ["column", "category", "estimate", "low", "high", "p", "p_holm"]
    if register is None or there.all() or not there.any():
        return pd.DataFrame(columns=columns)
    known = invited.merge(register.drop_duplicates("customer_id"), on="customer_id", how="left")
    rows = []
    for column in (c for c in register if c != "customer_id"):
        for category in sorted(known[column].dropna().astype(str).unique()):
            here = (known[column].astype(str) == category).to_numpy()
            a, b = int((here & there).sum()), int((here & ~there).sum())
            n_a, n_b = int(there.sum()), int((~there).sum())
            share = proportion_difference(a, n_a, b, n_b)
            p = float(fisher_exact([[a, n_a - a], [b, n_b - b]]).pvalue)
            rows.append([column, category, share.value, share.low, share.high, p, np.nan])
    table = pd.DataFrame(rows, columns=columns)
    if len(table):
        table["p_holm"] = adjust(table["p"])
    return table
