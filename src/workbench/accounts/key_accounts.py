"""Key accounts by groups: what they buy, what they could buy, who moves up or down.

A group is shown where it holds the threshold and passes the dominance rule; no account ever is.

References
----------
Fieller (1954), JRSS B 16(2), 175-185 (a share of sums); Hundepool et al. (2012), Statistical
Disclosure Control, chapter 4.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from workbench.accounts.spending import bought_within
from workbench.arrays import Index, Mask
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import interval_dots
from workbench.stats.disclosure import (
    Sums,
    Withheld,
    interval_sensitive,
    pool_groups,
    rule_of,
    sensitive,
    told_withheld,
    withhold_together,
)
from workbench.stats.intervals import ratio_interval
from workbench.stats.linked_tables import Grouping, withhold_linked
from workbench.stats.weights import effective_size
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Accounts that together hold this share of last year's sales are key accounts.
HALF = 0.5
KEY, OTHER = "Key accounts", "Other accounts"
#: Bounds of the classes of size by employees, and how they are called.
SIZES = (10, 50, 250, 1000)
SIZE_NAMES = (
    "1-9 employees", "10-49 employees", "50-249 employees", "250-999 employees",
    "1000 or more employees",
)  # fmt: skip

HOLD = "{n} of {all} accounts hold half of the sales of the last twelve months"
CHANGED = "{group}: sales changed by {change} in a year ({money})"
WALLET = "{group}: {share} of the potential is bought here, {open} elsewhere or not at all"
NOBODY = "Too few accounts hold half of the sales: key accounts are not shown by themselves"
STOPPED = (
    "{n} accounts that bought a year before have bought nothing in the last twelve months:"
    " {money} per year"
)
WIN = "Make a plan for {group} with most open potential, account by account, in the study's folder"
BACK = "Call the {n} accounts that have stopped buying; the list is in the study's folder"


@dataclass(frozen=True)
class KeyAccounts(Result):
    """Groups of accounts.

    Attributes
    ----------
    table : DataFrame
        One row a group: by (what it is a group of), group, n, sales (last twelve months), before
        (the twelve before), change (relative) with `_low` and `_high`, potential, wallet (share of
        the potential that is bought, of accounts whose potential is known) with `_low` and
        `_high`, up, same, down (shares of accounts that moved by more than a quarter).
    moves : DataFrame
        customer_id, sales, before, group of size: for the study's folder, never for a page.
    hidden : dict of str to Withheld
        By what groups are of.
    stopped : dict
        n, money.
    n, key : int
        Accounts; those of them that hold half of the sales.
    currency : str
    """

    table: pd.DataFrame
    moves: pd.DataFrame
    hidden: dict[str, Withheld]
    names: dict[str, tuple[str, ...]]
    stopped: dict[str, object]
    n: int
    key: int
    shown_key: bool
    currency: str

    def estimates(self) -> dict[str, Estimate]:
        """Share of wallet by group."""
        told = self.table[self.table["wallet"].notna()]
        return {
            "wallet" if row["by"] == "all" else f"{row['by']}: {row['group']}": Estimate.of_row(
                row, "wallet", kind="percent",
                label="Share of wallet" if row["by"] == "all" else str(row["group"]),
            )
            for _, row in told.iterrows()
        }  # fmt: skip

    def findings(self) -> list[Finding]:
        """Say how few hold half, what moved, and where most could still be bought."""
        said = []
        if self.shown_key:
            said.append(Finding("accounts.key", HOLD, {"n": self.key, "all": self.n}))
        else:
            said.append(Finding("accounts.key", NOBODY))
        t = self.table
        moved = t[(t["change_low"] > 0) | (t["change_high"] < 0)]
        for _, row in (
            moved.assign(by_=moved["sales"] - moved["before"]).nsmallest(2, "by_").iterrows()
        ):
            money = self._money(float(row["sales"] - row["before"]), signed=True)
            change = Estimate.of_row(row, "change", kind="percent", signed=True)
            worse = float(change.value) < 0
            said.append(
                Finding(
                    f"accounts.moved.{len(said)}", CHANGED,
                    {"group": str(row["group"]), "change": change, "money": money},
                    severity="warning" if worse and len(said) == 1 else "note",
                    estimates={"change": change},
                    money=money,
                )
            )  # fmt: skip
        if (room := t[(t["by"] != "all") & t["wallet"].notna()]).shape[0]:
            room = room.assign(open=room["potential"] * (1 - room["wallet"]))
            row = room.iloc[int(room["open"].to_numpy().argmax())]
            if row["open"] > 0:
                money = self._money(float(row["open"]))
                share = Estimate.of_row(row, "wallet", kind="percent")
                values = {"group": str(row["group"]), "share": share, "open": money}
                said.append(Finding("accounts.wallet", WALLET, values, money=money,
                                    estimates={"share": share}, advice=Advice(WIN, 5)))  # fmt: skip
        if self.stopped:
            gone = self.stopped["money"]
            said.append(
                Finding("accounts.stopped", STOPPED, self.stopped, severity="warning",
                        money=gone if isinstance(gone, Estimate) else None,
                        advice=Advice(BACK, 3))
            )  # fmt: skip
        for by, hidden in self.hidden.items():
            said += told_withheld(hidden, self.names[by], f"accounts.hidden.{by}")
        return said

    def _money(self, value: float, *, signed: bool = False) -> Estimate:
        return Estimate(value, n=float(self.n), kind="money", unit=self.currency, signed=signed)

    def picture(self) -> Picture | None:
        """Draw the change by group."""
        if self.table["change"].notna().sum() == 0:
            return None
        return Picture(
            self.plot, "Which accounts buy more, and which less",
            "Change of the sales of the last twelve months to the twelve before, by group; 95%"
            " confidence intervals",
            self.table,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one dot a group; a line at no change."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        # where no interval may be told, the change stands in the table alone
        drawn = self.table["change_low"].notna()
        drawn = drawn if drawn.any() else self.table["change"].notna()
        t = self.table[drawn].iloc[::-1].reset_index(drop=True)
        ends = (t["change_low"].fillna(t["change"]), t["change_high"].fillna(t["change"]))
        interval_dots(ax, [say.name(g) for g in t["group"]], t["change"], *ends, say("Change"))
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.axvline(0, color="0.4", linewidth=1, linestyle=":")
        return ax


def key_accounts(
    sales: pd.DataFrame,
    about: pd.DataFrame | None = None,
    *,
    as_of: dt.date,
    min_cell: CellRule | int = 5,
    currency: str = "",
) -> KeyAccounts:
    """Put accounts into groups and say what each group buys, could buy, and how that changed.

    Parameters
    ----------
    sales : DataFrame
        customer_id (of the account on top), date, amount.
    about : DataFrame, optional
        One row an account on top: customer_id, and as far as known industry, size (a class, or
        employees), region, potential (sales a year).
    as_of : date
    min_cell : CellRule or int
    currency : str

    Raises
    ------
    DataError
        The log is shorter than a year, or too few accounts bought in it.
    """
    require_columns(sales, ("customer_id", "date", "amount"), "the sales have")
    rule, today = rule_of(min_cell), pd.Timestamp(as_of)
    year = pd.Timedelta(days=365)
    known = sales["date"].min() <= today - 2 * year + pd.Timedelta(days=31)
    each = pd.DataFrame(
        {"sales": bought_within(sales, today - year, today),
         "before": bought_within(sales, today - 2 * year, today - year)}
    ).fillna(0.0)  # fmt: skip
    each = each[(each["sales"] != 0) | (each["before"] != 0)]
    if sensitive(each["sales"], rule):
        raise DataError("too few accounts bought last year, or one of them nearly all")
    if about is not None:
        facts = about.drop_duplicates("customer_id").set_index("customer_id")
        each = each.join(
            facts[[c for c in ("industry", "size", "region", "potential") if c in facts]]
        )
    each = each.sort_values("sales", ascending=False, kind="stable")
    share = each["sales"].clip(lower=0).cumsum() / each["sales"].clip(lower=0).sum()
    key = int((share < HALF).sum()) + 1
    each["class"] = np.where(np.arange(len(each)) < key, KEY, OTHER)
    if "size" in each:
        each["size"] = size_class(each["size"])
    groups: dict[str, pd.Series] = {
        "all": pd.Series("All accounts", each.index),
        "class": each["class"],
    }
    groups |= {c: each[c] for c in ("industry", "size", "region")
               if c in each and 1 < each[c].nunique() <= 40}  # fmt: skip
    rows: list[dict[str, object]] = []
    names: dict[str, tuple[str, ...]] = {}
    code: dict[str, Index] = {}
    for by, group in groups.items():
        order = group.dropna().astype(str).groupby(group.dropna().astype(str)).size()
        names[by] = tuple(sorted(order.index, key=lambda g: (-int(order[g]), g)))
        code[by] = pd.Index(names[by]).get_indexer(
            pd.Index(group.astype(str).where(group.notna(), "\0"))
        )
    gone = each[(each["sales"] <= 0) & (each["before"] > 0)]
    stopped: dict[str, object] = {}
    if known and not sensitive(gone["before"], rule) and len(gone):
        stopped = {
            "n": len(gone),
            "money": Estimate(float(gone["before"].sum()), n=float(len(gone)), kind="money",
                              unit=currency),
        }  # fmt: skip
    aside = [Grouping(np.where(each.index.isin(gone.index), 0, -1), np.zeros(1, dtype=bool))]
    columns = ["sales", "before"] if known else ["sales"]
    for by in code.keys() - {"all", "class"}:
        names[by], code[by] = pool_groups(names[by], code[by], [each[c] for c in columns], rule)
    hidden = _hidden(each, code, columns, rule, aside if stopped else [])
    told = np.array(each.get("potential", pd.Series(0.0, each.index)) > 0)
    theirs = {by: np.where(hidden[by].cells[own], -1, own)[told] for by, own in code.items()}
    measured = [c for c in ("potential", "sales") if c in each]
    wallets = _hidden(each[told], theirs, measured, rule,
                      sizes={by: len(own) for by, own in names.items()})  # fmt: skip
    for by, own in names.items():
        rows += _rows(by, own, code[by], each, hidden[by], told, wallets[by], rule, known=known)
    money = f"money:{currency}" if currency else "money"
    table = labelled(
        pd.DataFrame(rows), group="Group", n="Accounts", sales=("Sales, last 12 months", money),
        change=("Change in a year", "percent"), potential=("Potential per year", money),
        wallet=("Share of wallet", "percent"), up=("Buy more", "percent"),
        down=("Buy less", "percent"),
    )  # fmt: skip
    return KeyAccounts(
        table, each.reset_index(), {k: v for k, v in hidden.items() if k != "all"}, names, stopped,
        len(each), key, not hidden["class"].cells.any(), currency,
    )  # fmt: skip


def size_class(size: pd.Series) -> pd.Series:
    """Put numbers of employees into classes; what is a class already stays.

    Examples
    --------
    >>> import pandas as pd
    >>> size_class(pd.Series(["12", "3000", None])).tolist()
    ['10-49 employees', '1000 or more employees', None]
    """
    number = pd.to_numeric(size, errors="coerce")
    if size.notna().sum() == 0 or number.notna().sum() < 0.9 * size.notna().sum():
        return size
    named = np.array(SIZE_NAMES, dtype=object)[np.searchsorted(SIZES, number, side="right")]
    known = number.notna().to_numpy()
    return pd.Series([n if k else None for n, k in zip(named, known, strict=True)], size.index,
                     dtype="object")  # fmt: skip


def _hidden(
    each: pd.DataFrame,
    code: Mapping[str, Index],
    columns: Sequence[str],
    rule: CellRule,
    beside: Sequence[Grouping] = (),
    *,
    sizes: Mapping[str, int] | None = None,
) -> dict[str, Withheld]:
    """Tell which groups are not shown: for their own sake, their table's, and the other tables'."""
    found, tables = {}, []
    for by, own in code.items():
        k = int(own.max(initial=-1)) + 1 if sizes is None else sizes[by]
        found[by] = withhold_together([Sums.of(own, each[c], k) for c in columns], rule)
        tables.append(Grouping(own, found[by].cells))
    more = withhold_linked(tables, [each[c] for c in columns], rule, beside=beside)
    return {by: found[by].beyond(also) for by, also in zip(code, more, strict=True)}


def _rows(
    by: str,
    names: tuple[str, ...],
    code: Index,
    each: pd.DataFrame,
    hidden: Withheld,
    told: Mask,
    wallets: Withheld,
    rule: CellRule,
    *,
    known: bool,
) -> Iterator[dict[str, object]]:
    """Give the rows of the groups that may be shown."""
    columns = ["sales", "before"] if known else ["sales"]
    unsure = np.any([interval_sensitive(code, each[c], len(names), rule) for c in columns], axis=0)
    for j, name in enumerate(names):
        if hidden.cells[j]:
            continue
        own = each[code == j]
        row: dict[str, object] = {
            "by": by,
            "group": name,
            "n": len(own),
            "sales": own["sales"].sum(),
        }
        row |= dict.fromkeys(
            ("before", "change", "change_low", "change_high", "potential", "wallet", "wallet_low",
             "wallet_high", "up", "same", "down"), np.nan,
        )  # fmt: skip
        if known and own["before"].sum() > 0:
            change = _change(own, known=not unsure[j])
            row |= {"before": own["before"].sum(), "change": change.value,
                    "change_low": change.low, "change_high": change.high}  # fmt: skip
            moved = np.where(
                own["before"] > 0, own["sales"] / own["before"].where(own["before"] > 0), np.inf
            )
            up, down = (float(np.mean(what)) for what in (moved > 1.25, moved < 0.75))
            row |= {"up": up, "same": 1 - up - down, "down": down}
        if not wallets.cells[j] and told[code == j].any():
            row |= _wallet(own[told[code == j]], rule)
        yield row


def _change(own: pd.DataFrame, *, known: bool) -> Estimate:
    """Relative change of a sum over the same accounts, its interval on the log scale."""
    now, before = own["sales"].to_numpy(dtype=float), own["before"].to_numpy(dtype=float)
    ratio, n = now.sum() / before.sum(), now.size
    if not known or n < 2 or ratio <= 0:
        return Estimate(ratio - 1, n=float(n), kind="percent", signed=True)
    off = now - ratio * before
    # as many accounts as the sum of the year before is worth: a few large ones hold most of it
    worth = effective_size(np.clip(before, 0, None))
    se = np.sqrt(np.square(off).sum() * worth / max(worth - 1, 1e-9)) / before.sum() / ratio
    half = float(stdtrit(max(worth - 1, 1e-9), 0.975)) * se
    return Estimate(
        ratio - 1, ratio * np.exp(-half) - 1, ratio * np.exp(half) - 1, float(n), kind="percent",
        signed=True,
    )  # fmt: skip


def _wallet(told: pd.DataFrame, rule: CellRule) -> dict[str, object]:
    """Share of the potential that is bought, of those whose potential is known."""
    share = ratio_interval(told["sales"], told["potential"])
    code = np.zeros(len(told), dtype=np.intp)
    unsure = any(interval_sensitive(code, told[c], 1, rule)[0] for c in ("sales", "potential"))
    ends = (np.nan, np.nan) if unsure else (max(share.low, 0.0), share.high)
    return {
        "potential": told["potential"].sum(), "wallet": share.value, "wallet_low": ends[0],
        "wallet_high": ends[1],
    }  # fmt: skip
