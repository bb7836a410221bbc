"""What a table's columns are called and how they are written, kept with the table itself.

Labels and formats lie in ``DataFrame.attrs``, so that they survive filtering and sorting and are
stored with the table in Parquet: who shows a result need not know its columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

_ATTRIBUTE = "columns"


@dataclass(frozen=True)
class Column:
    """A column of a result's table.

    Attributes
    ----------
    label : str
        English heading, looked up in the catalogs when shown.
    format : str
        ``number``, ``percent``, ``points``, ``money``, ``date``, ``p`` or ``text``; with ``:2``
        for two decimals, ``:CNY`` for a currency, ``text:own`` for words of people's own, ``bar``
        in front for a bar. Told from the values when empty. ``x_low`` and ``x_high`` (``low`` and
        ``high`` for ``estimate``) are the interval of ``x``.
    """

    label: str
    format: str = ""


def labelled(table: pd.DataFrame, /, **columns: str | tuple[str, str] | Column) -> pd.DataFrame:
    """Give a table the labels and formats of its columns, in the order in which they are shown.

    Parameters
    ----------
    table : DataFrame
        Columns that are not named are left out when the table is shown, but for the ends of
        intervals.
    **columns
        Column to label, to label and format, or to `Column`.

    Returns
    -------
    DataFrame
        The same rows; the labels in its ``attrs``.

    Raises
    ------
    KeyError
        A column that the table does not have.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.results import columns_of, labelled
    >>> table = labelled(pd.DataFrame({"gap": [-0.6]}), gap=("Gap", "points:2"))
    >>> columns_of(table[table["gap"] < 0])["gap"].label
    'Gap'
    """
    absent = [name for name in columns if name not in table.columns]
    if absent:
        raise KeyError(f"no column {', '.join(absent)}; there are {', '.join(map(str, table))}")
    out = table.copy(deep=False)
    stored: dict[str, list[str]] = {}
    for name, about in columns.items():
        if isinstance(about, Column):
            stored[name] = [about.label, about.format]
        else:
            label, form = (about, "") if isinstance(about, str) else about
            stored[name] = [label, form]
    out.attrs = {**table.attrs, _ATTRIBUTE: stored}
    return out


def columns_of(table: pd.DataFrame) -> dict[str, Column]:
    """Return the labelled columns that a table still has, in their order; none when it has none."""
    stored = table.attrs.get(_ATTRIBUTE, {})
    return {name: Column(*about) for name, about in stored.items() if name in table.columns}
