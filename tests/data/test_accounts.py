"""Accounts, contacts, opportunities and leads as systems export them."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from workbench.data import Tables, account_tree, leads, open_tables, pipeline
from workbench.data.people.parents import top_parents
from workbench.data.summaries.pipeline import ends_of
from workbench.errors import DataError, WorkbenchError

OpenStudy = Callable[..., Tables]

ACCOUNTS = """Id,Name,ParentId,Industry,NumberOfEmployees,AnnualRevenue
001AbC,Alpha Holding,,Pharma,5000,900000
001abC,Beta Ltd,001AbC,Pharma,40,120000
001X,Gamma SARL,001abC,Retail,12,-5
001Y,Delta,009gone,Retail,15,7
001Z,Epsilon,009gone,Retail,,
"""
MAPPED = {
    "customer_id": "Id", "name": "Name", "parent_id": "ParentId", "industry": "Industry",
    "size": "NumberOfEmployees", "potential": "AnnualRevenue",
}  # fmt: skip
DEALS = """Id,AccountId,StageName,Amount,CreatedDate,CloseDate
1,001abC,Closed Won,100,2025-01-02T10:00:00.000Z,2025-02-01
2,001AbC,Closed Lost,50,2025-01-03T10:00:00.000Z,2025-03-01
3,001X,Negotiation,70,2025-03-03T10:00:00.000Z,2026-05-01
4,001X,Closed Won,30,2025-12-03T10:00:00.000Z,2026-02-01
5,,Closed Won,5,2025-06-03T10:00:00.000Z,2025-06-01
"""
OF_DEALS = {
    "opportunity_id": "Id", "customer_id": "AccountId", "stage": "StageName", "amount": "Amount",
    "opened": "CreatedDate", "closed": "CloseDate",
}  # fmt: skip


def test_a_tree_is_rolled_up_to_its_top(open_study: OpenStudy) -> None:
    tables = open_study(accounts=({"columns": MAPPED, "publish": []}, ACCOUNTS))
    tree = account_tree(tables)
    alpha, beta, gamma, delta, epsilon = tree.accounts["customer_id"]
    assert tree.accounts["top"].tolist()[:3] == [alpha] * 3  # ids that differ in case are two
    assert tree.accounts["depth"].tolist() == [0, 1, 2, 1, 1]
    # one unknown parent holds its children together
    assert tree.unknown == 2 and tree.accounts["top"].iloc[3] == tree.accounts["top"].iloc[4]
    assert tree.roll_up(pd.Series([gamma, "nobody"])).tolist() == [alpha, "nobody"]
    assert "name" not in tree.accounts and beta != alpha
    # a potential below zero empties the cell, and the report says so
    assert tables.report_of("accounts").emptied == {"potential": 1}
    assert len({*tree.accounts["customer_id"], *tree.accounts["parent_id"].dropna()}) == 6
    assert delta != epsilon


@pytest.mark.parametrize(
    ("parents", "said"),
    [
        (["B", "C", "A", None], "A -> B -> C -> A"),
        ([None, "B", None, None], "B -> B"),
        ([None, "C", "B", "B"], "B -> C -> B"),
    ],
)
def test_circles_are_refused_by_name(
    open_study: OpenStudy, parents: list[str | None], said: str
) -> None:
    rows = "\n".join(f"{c},{p or ''}" for c, p in zip("ABCD", parents, strict=True))
    tables = open_study(accounts="customer_id,parent_id\n" + rows)
    with pytest.raises(DataError, match="their own parents") as caught:
        account_tree(tables)
    assert said in str(caught.value) and "accounts.csv" in caught.value.where


def test_long_chains_are_followed_once() -> None:
    ids = pd.Series([f"a{i}" for i in range(3000)])
    found = top_parents(ids, ids.shift(-1))
    assert found["top"].eq("a2999").all() and found["depth"].iloc[0] == 2999


def test_stages_tell_won_and_lost_and_a_later_closing_is_open(open_study: OpenStudy) -> None:
    tables = open_study(
        accounts=({"columns": MAPPED}, ACCOUNTS), opportunities=({"columns": OF_DEALS}, DEALS)
    )
    deals = pipeline(tables)
    assert deals.frame["outcome"].tolist() == ["won", "lost", "open", "open", "won"]
    assert (deals.won, deals.lost, deals.open) == (
        ("Closed Won",), ("Closed Lost",), ("Negotiation",)
    )  # fmt: skip
    assert deals.later == 1 and deals.undated == 1 and not deals.stated
    assert deals.frame["closed"].notna().tolist() == [True, True, False, False, False]
    tree = account_tree(tables)
    top = tree.roll_up(deals.frame["customer_id"].dropna())
    assert set(top) == {tree.accounts["top"].iloc[0]}  # all of Alpha's
    assert tables.report_of("opportunities").unknown_customers == 0


def test_the_card_says_which_stages_end(open_study: OpenStudy) -> None:
    text = DEALS.replace("Closed Won", "Stufe 7").replace("Closed Lost", "Stufe 8")
    card = {"columns": OF_DEALS}
    with pytest.raises(DataError, match="no stage") as caught:
        pipeline(open_study(opportunities=(card, text)))
    assert "Stufe 7" in str(caught.value) and "won: [...]" in caught.value.remedy
    said = card | {"won": ["stufe 7"], "lost": "Stufe 8", "amount_unit": "thousand"}
    deals = pipeline(open_study(opportunities=(said, text)))
    assert deals.stated and deals.frame["outcome"].value_counts()["won"] == 2
    assert deals.frame["amount"].sum() == 255_000


@pytest.mark.parametrize(
    ("stage", "end"),
    [
        ("Closed won", "won"), ("closedwon", "won"), ("closedlost", "lost"), ("赢单", "won"),
        ("输单", "lost"), ("未成交", "lost"), ("预计成交", ""), ("Gewonnen", "won"),
        ("Verloren", "lost"), ("Closed-Lost to Competition", "lost"), ("待签约", ""),
        ("Perdida", "lost"), ("Ganada", "won"), ("受注", "won"), ("失注", "lost"),
        ("Value Proposition", ""), ("Wonder", ""), ("Qualification", ""), ("Not won yet", ""),
        ("已签约", "won"), ("无效", "lost"), ("Angebot", ""), ("Invoice sent", ""),
    ],
)  # fmt: skip
def test_names_of_ends(stage: str, end: str) -> None:
    won, lost = ends_of([stage])
    assert (bool(won), bool(lost)) == (end == "won", end == "lost")


def test_leads_are_converted_by_flag_status_or_day(open_study: OpenStudy) -> None:
    text = "lead_id,created,source,{}\n1,2025-01-02,Web,{}\n2,2025-01-03,Fair,{}\n3,2025-01-04,,{}"
    for column, yes, no in (
        ("converted", "true", "false"), ("status", "Closed - Converted", "Open"),
        ("status", "已转换", "未转换"),
        ("status", "Converted", "Not Converted"), ("converted_on", "2025-06-01", ""),
    ):  # fmt: skip
        found = leads(open_study(leads=text.format(column, yes, no, no)))
        assert found["converted"].tolist() == [True, False, False], column
    later = leads(open_study(leads=text.format("converted_on", "2026-06-01", "", "")))
    assert not later["converted"].any()


def test_a_table_of_opportunities_alone_has_ends(make_study: Callable[..., object]) -> None:
    with pytest.raises(WorkbenchError, match="only a table of opportunities has ends"):
        make_study(accounts=({"won": ["x"]}, "customer_id\nA"))


def test_a_twin_shows_no_real_id_and_no_circle(open_study: OpenStudy) -> None:
    from workbench.data.privacy.twin import twin_tables

    log = "opportunity_id,stage,entered\n" + "\n".join(
        f"R{i:03d},{s},2025-0{1 + i % 8}-1{j}" for i in range(40) for j, s in enumerate("pq")
    )
    deals = "opportunity_id,customer_id,stage,opened\n" + "\n".join(
        f"R{i:03d},Q{i % 9:03d},Closed Won,2025-01-01" for i in range(40)
    )
    accounts = "customer_id,parent_id\n" + "\n".join(f"Q{i:03d},Q{max(i - 1, 0):03d}" if i else
                                                    "Q000," for i in range(9))  # fmt: skip
    tables = open_study(accounts=accounts, opportunities=deals, stages=log)
    twin = twin_tables(tables.study, 1)
    everything = "".join(frame.to_csv() for frame in twin.values())
    assert "R0" not in everything and "Q0" not in everything
    assert twin["accounts"]["parent_id"].isna().all()
    assert twin["accounts"]["customer_id"].is_unique


def test_as_of_is_the_last_day_known(open_study: OpenStudy) -> None:
    tables = open_study(opportunities=({"columns": OF_DEALS}, DEALS))
    assert tables.report_of("opportunities").last == dt.date(2025, 12, 3)


EXPORTS = Path(__file__).parents[1] / "data_files" / "exports"
SYSTEMS = {
    "salesforce": (
        ("salesforce_Account.csv", {k: MAPPED[k] for k in MAPPED}),
        None,
        ("salesforce_Opportunity.csv", OF_DEALS | {"source": "LeadSource"}),
    ),
    "zoho": (
        None,
        ("zoho_Contacts.csv", {"contact_id": "Record Id", "customer_id": "Account Name.id"}),
        (
            "zoho_Deals.csv",
            {
                "opportunity_id": "Record Id", "customer_id": "Account Name.id", "stage": "Stage",
                "amount": "Amount", "opened": "Created Time", "closed": "Closing Date",
                "source": "Lead Source",
            },
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("system", SYSTEMS)
def test_exports_become_accounts_contacts_and_a_pipeline(
    open_study: OpenStudy, tmp_path: Path, system: str
) -> None:
    given = {}
    for name, part in zip(("accounts", "contacts", "opportunities"), SYSTEMS[system], strict=True):
        if part is not None:
            path, columns = part
            shutil.copy(EXPORTS / path, tmp_path / path)
            given[name] = ({"path": path, "columns": columns, "publish": []}, None)
    tables = open_study({"as_of": "2025-12-31"}, **given)
    path, columns = SYSTEMS[system][2]
    raw = pd.read_csv(EXPORTS / path, encoding="utf-8-sig", dtype=str)
    deals = pipeline(tables)
    assert len(deals.frame) == len(raw)
    for outcome, stage in (("won", "Closed Won"), ("lost", "Closed Lost")):
        mine = deals.frame[deals.frame["outcome"] == outcome]
        theirs = raw[raw[columns["stage"]].str.startswith(stage)]
        assert mine["amount"].sum() == pytest.approx(theirs["Amount"].astype(float).sum())
        assert mine["customer_id"].nunique() == theirs[columns["customer_id"]].nunique()
    if "accounts" in given:
        tree = account_tree(tables)
        assert len(tree.accounts) == len(pd.read_csv(EXPORTS / "salesforce_Account.csv"))
        assert set(deals.frame["customer_id"]) <= set(tree.accounts["customer_id"])
    if "contacts" in given:
        people = tables.frame("contacts")
        file = pd.read_csv(EXPORTS / "zoho_Contacts.csv", dtype=str)
        assert people["customer_id"].nunique() == file["Account Name.id"].nunique()
        assert not {"First Name", "Email", "name"} & set(people)


@pytest.mark.parametrize(
    ("files", "tables"),
    [
        (("salesforce_Opportunity.csv", "salesforce_Account.csv"), {"opportunities", "accounts"}),
        (("zoho_Deals.csv", "zoho_Contacts.csv"), {"opportunities", "contacts"}),
    ],
    ids=["salesforce", "zoho"],
)
def test_new_brings_exports_as_purchases_and_as_a_pipeline(
    tmp_path: Path, files: tuple[str, ...], tables: set[str]
) -> None:
    from workbench.new.study import start_study

    (tmp_path / "data").mkdir()
    paths = [EXPORTS / name for name in files]
    started = start_study(tmp_path, "firm", paths, today=dt.date(2026, 1, 1))
    assert tables <= set(started.study.tables)
    read = open_tables(started.study, cache=False)
    deals = pipeline(read)
    raw = pd.read_csv(EXPORTS / files[0], encoding="utf-8-sig")
    stage = "StageName" if "StageName" in raw else "Stage"
    won = raw[raw[stage] == "Closed Won"]
    assert len(deals.frame) == len(raw)
    assert deals.sales()["amount"].sum() == pytest.approx(won["Amount"].sum())
    bought = read.frame("transactions")
    assert bought["amount"].sum() == pytest.approx(won["Amount"].sum())
    assert set(bought["customer_id"]) <= set(deals.frame["customer_id"])


def test_new_brings_what_fxiaoke_and_hubspot_call_deals(tmp_path: Path) -> None:
    from workbench.new.study import start_study

    stages = (("赢单", "输单", "谈判审核"), ("closedwon", "closedlost", "contractsent"))
    fxiaoke, hubspot = (
        "\n".join(row(i, f"2025-{1 + i % 9:02d}", names[i % 3]) for i in range(60))
        for names, row in zip(
            stages,
            (
                lambda i, m, s: (
                    f"商机{i},客户{i % 20}有限公司,{1000 + i},{m}-20,{s},张伟,{m}-03,价格"
                ),
                lambda i, m, s: (
                    f"{900 + i},D{i},{s},default,{m}-20,{m}-03,{1000 + i},Rep,{7}{i % 20}"
                ),
            ),
            strict=True,
        )
    )
    first = "商机名称,客户名称,商机金额,预计成交日期,销售阶段,负责人,创建时间,输单原因\n"
    second = "Record ID,Deal Name,Deal Stage,Pipeline,Close Date,Create Date,Amount,Deal owner,"
    files = {
        "商机.csv": first + fxiaoke,
        "deals.csv": second + "Associated Company IDs\n" + hubspot,
    }
    (tmp_path / "data").mkdir()
    for at, (name, text) in enumerate(files.items()):
        (tmp_path / name).write_text(text, encoding="utf-8")
        started = start_study(tmp_path, f"firm{at}", [tmp_path / name], today=dt.date(2026, 1, 1))
        deals = pipeline(open_tables(started.study, cache=False))
        assert deals.frame["outcome"].value_counts().to_dict() == {
            "won": 20,
            "lost": 20,
            "open": 20,
        }
        assert deals.sales()["amount"].sum() == sum(1000 + i for i in range(0, 60, 3))
