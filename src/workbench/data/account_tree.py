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

    def roll_up(self, customer_id: pd.Series) -> pd.Series:
        """Give the topmost parent of each; who is no account stands alone."""
        top = self.accounts.set_index("customer_id")["top"]
        return customer_id.map(top).fillna(customer_id)


def account_tree(tables: Tables, name: str = "accounts") -> AccountTree:
    """Read the accounts and find out who is on top.

    Parameters
    ----------
    tables : Tables
        Of a study with a table of accounts.
    name : str
        That table.
    """
    frame = tables.frame(name)
    if "parent_id" not in frame:
        return AccountTree(frame.assign(top=frame["customer_id"], depth=0), 0)
    parent = frame["parent_id"]
    return AccountTree(
        frame.join(top_parents(frame["customer_id"], parent)),
        int((parent.notna() & ~parent.isin(frame["customer_id"])).sum()),
    )
