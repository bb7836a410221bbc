"""Which accounts belong together: parents, their parents, and the one on top."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from workbench.data.people.parents import top_parents
from workbench.data.tables import Tables


@dataclass(frozen=True)
class AccountTree:
    """The accounts of a study, each with the one on top of it.

    Attributes
    ----------
    accounts : DataFrame
        What the table says of each account, and top (the topmost parent, or itself), depth (0 at
        the top).
    unknown : int
        Accounts whose parent is not in the table; those of one such parent belong together all
        the same.
    """

    accounts: pd.DataFrame
    unknown: int

    def rolled(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Put the account on top in place of each row's own."""
        return frame.assign(customer_id=self.roll_up(frame["customer_id"]))

    def tops(self) -> pd.DataFrame:
        """Give one row an account on top: what is said of it, and the potential of all below."""
        own = self.accounts.sort_values("depth", kind="stable").drop_duplicates("top")
        own = own.assign(customer_id=own["top"])
        if "potential" in own:
            whole = self.accounts.groupby("top")["potential"].sum(min_count=1)
            own["potential"] = own["customer_id"].map(whole)
        wanted = ("customer_id", "industry", "size", "region", "potential", "owner_role", "health",
                  "health_reason", "health_on")  # fmt: skip
        return own[[c for c in wanted if c in own]].reset_index(drop=True)

    def roll_up(self, customer_id: pd.Series) -> pd.Series:
        """Give the topmost parent of each; who is no account stands alone."""
        top = self.accounts.drop_duplicates("customer_id").set_index("customer_id")["top"]
        return customer_id.map(top).fillna(customer_id)


def account_tree(tables: Tables, name: str = "accounts") -> AccountTree:
    """Read the accounts and find out who is on top.

    Parameters
    ----------
    tables : Tables
    name : str
        The table of accounts; without one every customer stands alone.
    """
    if name not in tables:
        nobody = pd.DataFrame({c: pd.Series(dtype=object) for c in ("customer_id", "top")})
        return AccountTree(nobody.assign(depth=pd.Series(dtype=int)), 0)
    frame = tables.frame(name)
    if "parent_id" not in frame:
        return AccountTree(frame.assign(top=frame["customer_id"], depth=0), 0)
    parent = frame["parent_id"]
    return AccountTree(
        frame.join(top_parents(frame["customer_id"], parent)),
        int((parent.notna() & ~parent.isin(frame["customer_id"])).sum()),
    )
