"""Several tables are resolved together: by the ids they share, and each gets a name."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from tests.new.layouts import CASES
from workbench.new.columns.proposal import Proposal, StarterError
from workbench.new.presets import load_presets
from workbench.new.study import start_study, understood

DRAW = random.Random(5)


def write(folder: Path, name: str, head: str, rows: list[list[object]]) -> Path:
    lines = [head, *(",".join("" if v is None else str(v) for v in row) for row in rows)]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / name


def crm(folder: Path) -> list[Path]:
    """Deals of accounts, the accounts, and two contacts of each."""
    deals = write(
        folder,
        "deals.csv",
        "Record Id,Deal Name,Account Name.id,Contact Name.id,Stage,Amount,Closing Date,Deal Owner",
        [
            [
                f"D{i}",
                f"Deal {i}",
                f"A{i % 30}",
                f"C{(i % 30) * 2}",
                "Closed Won" if i % 3 else "Closed Lost",
                f"{100 + i}.50",
                f"2025-{1 + i % 12:02d}-{1 + i % 28:02d}",
                "Rep",
            ]
            for i in range(90)
        ],
    )
    accounts = write(
        folder,
        "accounts.csv",
        "Record Id,Account Name,Industry,Billing City,Phone",
        [[f"A{k}", f"Firm {k}", "Retail", f"Town {k}", f"01{k:06d}"] for k in range(34)],
    )
    contacts = write(
        folder,
        "contacts.csv",
        "Record Id,Account Name.id,First Name,Last Name,Email,Contact Owner",
        [[f"C{k}", f"A{k // 2}", f"Kim{k}", "Berg", f"kim{k}@x.com", "Rep"] for k in range(68)],
    )
    return [deals, accounts, contacts]


def by_table(found: list[Proposal]) -> dict[str, Proposal]:
    return {proposal.table: proposal for proposal in found}


def test_deals_contacts_and_accounts_meet_in_the_account(tmp_path: Path) -> None:
    for files in (crm(tmp_path), crm(tmp_path)[::-1]):
        found = by_table(understood(files))
        assert set(found) == {"transactions", "customers", "contacts"}
        assert found["transactions"].columns["customer_id"] == "Account Name.id"
        assert found["customers"].upload.path.name == "accounts.csv"
        assert found["customers"].columns["customer_id"] == "Record Id"
        assert found["contacts"].columns["customer_id"] == "Account Name.id"


def test_contacts_alone_are_keyed_by_their_account_and_that_is_said(tmp_path: Path) -> None:
    deals, _, contacts = crm(tmp_path)
    (tmp_path / "data").mkdir()
    started = start_study(tmp_path, "acme", [deals, contacts], today=date(2026, 1, 1))
    found = by_table(started.proposals)
    assert found["customers"].columns["customer_id"] == "Account Name.id"
    assert any("further records" in note for note in found["customers"].notes)
    assert {shown.name: shown.customers for shown in started.previews} == {
        "transactions": 20,  # of these every third deal was lost
        "customers": 34,
    }


def test_ids_are_linked_by_their_values_whatever_they_are_called(tmp_path: Path) -> None:
    visits = write(
        tmp_path,
        "a.csv",
        "when,kd,ref,total",
        [[f"2025-03-{1 + i % 28:02d}", f"X{i % 20}", i, f"{i}.25"] for i in range(80)],
    )
    people = write(
        tmp_path,
        "b.csv",
        "code,name,email,legacy",
        [[i, f"Kim {i}", f"kim{i}@x.com", f"X{i}"] for i in range(25)],
    )
    found = by_table(understood([visits, people]))
    assert found["transactions"].columns["customer_id"] == "kd"
    assert found["customers"].columns["customer_id"] == "legacy"


def test_lines_without_a_customer_belong_to_their_orders(tmp_path: Path) -> None:
    orders = write(
        tmp_path,
        "orders.csv",
        "order_id,customer_id,order_date,total",
        [[f"O{i}", f"K{i % 9}", f"2025-03-{1 + i % 28:02d}", f"{i}.25"] for i in range(60)],
    )
    lines = write(
        tmp_path,
        "order_items.csv",
        "order_id,sku,quantity,unit_price",
        [[f"O{i // 2}", f"S{i % 4}", 1 + i % 3, "3.20"] for i in range(120)],
    )
    found = by_table(understood([lines, orders]))
    assert set(found) == {"transactions", "order_items"}
    assert found["order_items"].columns == {"order_id": "order_id"}


def test_orders_and_payments_do_not_become_one_table(tmp_path: Path) -> None:
    paths = []
    for name in ("fxiaoke_orders", "fxiaoke_payments"):
        for file, content in CASES[name]().files.items():
            (tmp_path / file).write_bytes(content)
            paths.append(tmp_path / file)
    found = understood(paths)
    assert sorted(p.standard for p in found) == ["transactions", "transactions"]
    second = next(p for p in found if p.table != "transactions")
    assert second.table.startswith("transactions_")
    assert any("the same money may stand in both" in note for note in second.notes)


def test_sheets_of_a_workbook_are_tables(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    cover = book.active
    assert cover is not None
    cover.title = "Cover"
    cover.append(["Made for the board"])
    sheet = book.create_sheet("Orders")
    sheet.append(["Order No", "Client", "Order Date", "Total"])
    for i in range(40):
        sheet.append([f"O{i}", f"K{i % 8}", f"2025-03-{1 + i % 28:02d}", 2.5 + i])
    people = book.create_sheet("Clients")
    people.append(["Client", "Name", "City", "E-mail"])
    for i in range(9):
        people.append([f"K{i}", f"Kim {i}", "Ulm", f"kim{i}@x.com"])
    book.save(tmp_path / "book.xlsx")
    (tmp_path / "data").mkdir()
    started = start_study(tmp_path, "acme", [tmp_path / "book.xlsx"], today=date(2026, 1, 1))
    shown = {preview.name: preview for preview in started.previews}
    assert set(shown) == {"transactions", "customers"}
    assert (shown["transactions"].kept, shown["transactions"].total) == (40, 40 * 2.5 + 780)
    assert started.study.tables["customers"].sheet == "Clients"


def test_parts_of_one_table_and_files_of_one_name_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    first, second = crm(tmp_path)[0], crm(other)[0]
    with pytest.raises(StarterError, match=r"two files are called 'deals.csv'"):
        understood([first, second])
    with pytest.raises(StarterError, match="have the same columns"):
        understood([first, second.rename(other / "deals_2.csv")])


# --- presets ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["hubspot_deals", "woocommerce_export", "magento_grid", "fxiaoke_deals"]
)
def test_presets_bear_columns_in_another_order_added_and_taken_away(
    name: str, tmp_path: Path
) -> None:
    import csv
    import io

    case = CASES[name]()
    ((file, content),) = case.files.items()
    encoding = "gb18030" if name.startswith("fx") else "utf-8"
    table = list(csv.reader(io.StringIO(content.decode(encoding))))
    places = list(range(len(table[0])))
    DRAW.shuffle(places)
    used = {table[0].index(own) for own in case.columns.values()}
    optional = [i for i in places if i not in used][:1]
    places = [i for i in places if i not in optional]
    out = io.StringIO()
    for k, row in enumerate(table):
        extra = ["Our own column" if k == 0 else "x"]
        csv.writer(out).writerow([row[i] for i in places] + extra)
    (tmp_path / file).write_bytes(out.getvalue().encode(encoding))
    (found,) = understood([tmp_path / file])
    assert found.system
    assert {k: found.columns.get(k) for k in case.columns} == case.columns


def test_a_user_can_add_a_system_of_her_own(tmp_path: Path) -> None:
    presets = tmp_path / "presets"
    presets.mkdir()
    (presets / "till.yml").write_text(
        "system: Our till\n"
        "tables:\n"
        "  - {name: slips, table: transactions, fingerprint: [zz1, zz2, zz3, zz4],\n"
        "     columns: {customer_id: zz4, date: zz1, amount: zz2}}\n"
    )
    slips = write(
        tmp_path,
        "s.csv",
        "zz1,zz2,zz3,zz4",
        [[f"2025-03-{1 + i % 28:02d}", f"{i}.5", i % 3, i % 7] for i in range(40)],
    )
    (found,) = understood([slips], presets)
    assert found.system == "Our till, slips"
    assert found.columns == {"customer_id": "zz4", "date": "zz1", "amount": "zz2"}
    (presets / "till.yml").write_text("system: Our till\ntables: [{name: x, table: orders}]\n")
    with pytest.raises(StarterError, match=r"till\.yml: the preset cannot be read: tables\.0"):
        load_presets(presets)
