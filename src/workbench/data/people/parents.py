"""Accounts and their parents: who is on top."""

from __future__ import annotations

import pandas as pd

from workbench.errors import DataError


def top_parents(account: pd.Series, parent: pd.Series, *, where: str = "parent_id") -> pd.DataFrame:
    """Follow parents to the top.

    Parameters
    ----------
    account, parent : Series of str
        One row an account; who has no parent is on top.
    where : str
        For the error.

    Returns
    -------
    DataFrame
        top, depth; in the order of the rows.

    Raises
    ------
    DataError
        If an account is its own parent, directly or by others: they are named.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = top_parents(pd.Series(["a", "b", "c"]), pd.Series([None, "a", "b"]))
    >>> frame["top"].tolist(), frame["depth"].tolist()
    (['a', 'a', 'a'], [0, 1, 2])
    """
    above = {one: up for one, up in zip(account, parent, strict=True) if not pd.isna(up)}
    found: dict[str, tuple[str, int]] = {}
    for one in account:
        way: list[str] = []
        here = one
        while here not in found and here in above:
            if here in way:
                circle = [*way[way.index(here) :], here]
                raise DataError(
                    f"accounts are their own parents: {' -> '.join(map(str, circle))}",
                    where=where,
                    remedy="correct the parent of one of them in the source",
                )
            way.append(here)
            here = above[here]
        top, depth = found.get(here, (here, 0))
        found.setdefault(here, (top, depth))
        for up in reversed(way):
            depth += 1
            found[up] = (top, depth)
    ends = [found[one] for one in account]
    return pd.DataFrame(
        {"top": [top for top, _ in ends], "depth": [depth for _, depth in ends]},
        index=account.index,
    )
