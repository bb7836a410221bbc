"""What the lines of a shop are of is known by headings in several languages, and by the values."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.data import line_items, open_tables
from workbench.new.study import Started, start_study
from workbench.study import load_study

KINDS = ("Tea", "Cups", "Pots", "Trays")
#: Headings of who, day, order, kind, goods, their number, pieces, price, amount, as tills have
#: them; the form of the day, and the decimal mark.
TILLS = {
    "a department store": (
        "Loyalty Card No,Trans Date,Trans No,Department,Item Description,SKU,Qty,Unit Price,"
        "Ext Price", "%m/%d/%Y", "."),
    "a German wholesaler": (
        "Kundennr.,Belegdatum,Belegnr.,Warengruppe,Artikelbezeichnung,Artikelnr.,Menge,"
        "Einzelpreis,Gesamtpreis", "%d.%m.%Y", ","),
    "a supermarket in China": (
        "会员号,销售日期,小票号,大类,品名,条码,数量,单价,金额", "%Y/%m/%d", "."),
    "a French bookshop": (
        "N° client,Date vente,N° ticket,Rayon,Désignation,Réf.,Qté,PU TTC,Montant TTC",
        "%d/%m/%Y", ","),
    "a system of a manufacturer": (
        "Sold-to party,Billing Date,Sales Document,Product Line,Material Description,Material,"
        "Billed Quantity,Net Price,Net Value", "%Y-%m-%d", "."),
    "a hotel's till": (
        "Guest ID,Posting Date,Check No,Item Type,Menu Item,Item No,Quantity,Price,Line Total",
        "%Y-%m-%d", "."),
}  # fmt: skip


def sold(orders: int = 240, people: int = 60) -> pd.DataFrame:
    """Lines of orders: no line of an order is of the same goods as another one."""
    rng = np.random.default_rng(5)
    rows = []
    for i in range(orders):
        who, day = rng.integers(people), pd.Timestamp("2024-01-03") + pd.Timedelta(days=2 * i)
        for item in rng.choice(24, 1 + rng.poisson(1.2), replace=False):
            kind, q = KINDS[item % 4], 1 + rng.poisson(1)
            price = 3 + 4 * (item % 4) + 0.75 * (item // 4)
            rows.append((f"C{who:04d}", day, 10_000 + i, kind, f"{kind} {item // 4}",
                         f"{item % 4}{item // 4:03d}", q, price, round(q * price, 2)))  # fmt: skip
    names = ["who", "day", "order", "kind", "goods", "code", "q", "price", "amount"]
    return pd.DataFrame(rows, columns=names)


def begun(folder: Path, frame: pd.DataFrame, **options: str) -> Started:
    (folder / "data").mkdir()
    frame.to_csv(folder / "lines.csv", index=False, **options)  # type: ignore[call-overload]
    return start_study(folder, "shop", [folder / "lines.csv"], today=date(2026, 1, 1))


def taken(folder: Path, frame: pd.DataFrame) -> dict[str, str]:
    """Give which column was taken for what; the card leaves out those of the same name."""
    (proposal,) = begun(folder, frame).proposals
    return proposal.columns


@pytest.mark.parametrize("till", TILLS)
def test_tills_say_what_was_bought_of_which_kind_and_at_which_price(
    tmp_path: Path, till: str
) -> None:
    heads, form, mark = TILLS[till]
    right, names = sold(), heads.split(",")
    file = right.assign(day=right["day"].dt.strftime(form))
    for money in ("price", "amount"):
        file[money] = [f"{x:.2f}".replace(".", mark) for x in right[money]]
    file.columns = pd.Index(names)
    started = begun(tmp_path, file, sep=";" if mark == "," else ",")
    columns = started.study.tables["transactions"].columns
    assert columns == dict(
        zip(("customer_id", "date", "order_id", "category", "product", "quantity", "price",
             "amount"), [*names[:5], *names[6:]], strict=True)
    )  # fmt: skip
    lines = line_items(open_tables(load_study(started.folder), cache=False))
    assert (lines.lines, lines.baskets) == (len(right), right["order"].nunique())
    found = lines.items.set_index("item")["spend"].to_dict()
    assert found == pytest.approx(right.groupby("kind")["amount"].sum().to_dict())


def test_a_name_that_one_order_has_several_of_is_no_customer(tmp_path: Path) -> None:
    """A pizza shop's log knows no customers: its pizzas were taken for them."""
    right = sold()
    file = right[["order", "day", "goods", "kind", "amount"]]
    file.columns = pd.Index(["id", "date", "name", "type", "price"])
    started = begun(tmp_path, file)
    (proposal,) = started.proposals
    card = proposal.columns
    assert card["customer_id"] == "id" and card["product"] == "name" and card["category"] == "type"
    asked = [q.key for q in proposal.questions]
    assert "columns.customer_id" in asked and "where" not in asked


def test_a_name_that_orders_have_one_of_is_the_customer(tmp_path: Path) -> None:
    right = sold()
    file = right[["order", "day", "who", "goods", "amount"]]
    file.columns = pd.Index(["id", "date", "name", "product", "price"])
    card = taken(tmp_path, file)
    assert card["customer_id"] == "name" and card["product"] == "product"


def test_a_department_of_the_firm_is_no_kind_of_goods(tmp_path: Path) -> None:
    right = sold()
    where = np.random.default_rng(1).choice(["North", "South"], len(right))
    file = right[["who", "day", "order", "goods", "q", "amount"]].assign(department=where)
    file.columns = pd.Index(
        ["customer id", "date", "order no", "product", "quantity", "amount", "department"]
    )
    assert "category" not in taken(tmp_path, file)


def test_a_grocer_has_more_kinds_than_states_have_words(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    n = 1500
    kind = rng.integers(0, 150, n)
    file = pd.DataFrame(
        {
            "customer id": [f"K{i}" for i in rng.integers(0, 200, n)],
            "date": (pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 500, n), "D")),
            "order no": np.arange(n) // 3, "category": [f"kind {i}" for i in kind],
            "product": [f"article {i}-{j}" for i, j in zip(kind, kind % 9, strict=True)],
            "amount": rng.gamma(2, 5, n).round(2),
        }
    )  # fmt: skip
    assert taken(tmp_path, file)["category"] == "category"
