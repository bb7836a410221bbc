"""A register of what a study holds about people: of whom, what for, and until when."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from workbench.data.clean.erasures import OWNERS, Erasures, read_erasures
from workbench.data.schemas import schema_of
from workbench.data.tables import Tables
from workbench.results import Finding, labelled

_COLUMNS = ("table", "rows", "identifying", "purpose", "consent", "keep_until")


@dataclass(frozen=True)
class Holdings:
    """What a study holds about people.

    Attributes
    ----------
    table : DataFrame
        One row a table whose rows are people's: rows, columns that identify (dropped when it is
        read), purpose, whether consent is asked, and until when it is kept.
    as_of : date
        The day that decides whether a table is kept too long.
    known : bool
        Whether nobody has to be protected: the data are published, or simulated.
    erased : Erasures
        Who was erased.
    """

    table: pd.DataFrame
    as_of: dt.date
    known: bool
    erased: Erasures

    def findings(self) -> list[Finding]:
        """Say what is held too long, for what nothing is said, and how many were erased."""
        held = self.table
        late = held[held["keep_until"] < pd.Timestamp(self.as_of)]
        no_purpose = held["purpose"].map(lambda said: not said)
        unsaid = held[held["keep_until"].isna() | no_purpose.astype(bool)]
        found = [
            Finding(
                "held",
                "Tables with rows of people: {n}; those with a stated purpose and holding period:"
                " {said}",
                {"n": len(held), "said": len(held) - len(unsaid)},
            )
        ]
        if len(late):
            found.append(
                Finding(
                    "held_too_long",
                    "Kept past the day that the card names: {tables}. Delete them, or name another"
                    " day and the reason.",
                    {"tables": late["table"].tolist()},
                    severity="warning",
                )
            )
        if len(unsaid) and not self.known:
            found.append(
                Finding(
                    "held_unsaid",
                    "The card does not say what for or until when these are held: {tables}"
                    " (`purpose` and `keep_until` of the table).",
                    {"tables": unsaid["table"].tolist()},
                    severity="warning",
                )
            )
        if self.known:
            found.append(
                Finding(
                    "held_public",
                    "The data are published, or simulated: nobody is in them"
                    " who would have to be asked.",
                )
            )
        if self.erased.people and self.erased.last is not None:
            found.append(
                Finding(
                    "erased",
                    "People erased on their request: {n}, the last on {day}. No page reads their"
                    " rows.",
                    {"n": self.erased.people, "day": self.erased.last},
                )
            )
        return found


def holdings(tables: Tables) -> Holdings:
    """Draw up the register of a study."""
    study = tables.study
    rows = []
    for name, card in study.tables.items():
        report, schema = tables.report_of(name), schema_of(name)
        owned = schema is not None and any(each in schema.columns for each in OWNERS)
        if not owned and not report.hidden and not card.consent:
            continue
        rows.append(
            {
                "table": name,
                "rows": report.kept,
                "identifying": ", ".join(report.hidden),
                "purpose": dict(card.purpose) if card.purpose else "",
                "consent": "asked" if card.consent else "not asked for",
                "keep_until": pd.Timestamp(card.keep_until) if card.keep_until else pd.NaT,
            }
        )
    frame = pd.DataFrame(rows, columns=list(_COLUMNS))
    frame["keep_until"] = frame["keep_until"].astype("datetime64[ns]")
    shown = labelled(
        frame,
        table="Table", rows="Rows", identifying="Columns about persons, dropped",
        purpose="Held for", consent="Consent", keep_until="Kept until",
    )  # fmt: skip
    known = study.simulated or study.privacy.public
    return Holdings(shown, study.as_of, known, read_erasures(study))
