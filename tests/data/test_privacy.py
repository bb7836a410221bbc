"""Nothing that says who somebody is leaves the tables."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from workbench.data import Tables, open_tables, suppress
from workbench.data import expressions as ibis
from workbench.data.people.masking import NameBook, mask, mask_value
from workbench.data.people.pseudonyms import (
    personal_columns,
    pseudonym,
    study_key,
    without_names,
)
from workbench.errors import DataError
from workbench.study import Study, StudyError

MakeStudy = Callable[..., Study]
OpenStudy = Callable[..., Tables]

SECRETS = [
    "CUST-0001", "CUST-0002", "cust-0001", "RESP-77", "CONTRACT-5", "ORDER-9", "王小明", "小明",
    "Elizabeth Okafor", "Okafor", "13800138000", "138 0013 8000", "wang@example.com",
    "lizzy@example.org", "人民路 8 号", "8 High Street", "1990-04-01",
]  # fmt: skip
CUSTOMERS = (
    "customer_id,name,phone,email,address,birthday,region\n"
    "CUST-0001,王小明,13800138000,wang@example.com,人民路 8 号,1990-04-01,North\n"
    "CUST-0002,Elizabeth Okafor,+44 20 7946 0018,lizzy@example.org,8 High Street,1990-04-01,South\n"
)
SURVEY = (
    "respondent_id,wave,customer_id,csat5,comment\n"
    "RESP-77,2025-H1,CUST-0001,4,我叫王小明，请打 138 0013 8000 给小明\n"
    "RESP-78,2025-H1,CUST-0002,5,Call Mrs Okafor or write to lizzy@example.org\n"
    "RESP-79,2025-H1,,5,Elizabeth Okafor told me of you on 2025-03-01\n"
    "RESP-80,2025-H1,CUST-0001,9,王小明\n"
)
CONTRACTS = (
    "customer_id,contract_id,start,notes\nCUST-0001,CONTRACT-5,2025-01-01,ring 13800138000\n"
)
TRANSACTIONS = "customer_id,date,amount,order_id\ncust-0001,2025-01-01,5,ORDER-9\nCUST-0002,,5,O\n"


def test_no_id_name_phone_or_address_leaves_any_table(open_study: OpenStudy) -> None:
    tables = open_study(
        customers=CUSTOMERS, survey=SURVEY, contracts=CONTRACTS, transactions=TRANSACTIONS
    )
    everything = " ".join(
        frame.to_csv()
        for name in tables.names
        for frame in (tables.frame(name), tables.set_aside(name))
    )
    everything += tables.report.table.to_csv() + tables.report.reasons.to_csv()
    assert [secret for secret in SECRETS if secret in everything] == []
    assert "2025-03-01" in everything, "a date in a comment is no phone number"
    # an answer off its scale empties its cell, so that its row's comment is masked, too
    assert tables.report["survey"].masked == 4
    assert set(tables.report["customers"].hidden) == {
        "name", "phone", "email", "address", "birthday",
    }  # fmt: skip


def test_one_person_has_one_pseudonym_in_all_tables(open_study: OpenStudy) -> None:
    tables = open_study(customers=CUSTOMERS, contracts=CONTRACTS, transactions=TRANSACTIONS)
    first = tables.pseudonym("CUST-0001")
    assert tables.frame("customers")["customer_id"].iloc[0] == first
    assert tables.frame("contracts")["customer_id"].tolist() == [first]
    assert tables.frame("transactions")["customer_id"].tolist() == [first]
    assert len(first) == 16 and int(first, 16) >= 0


def test_the_engine_computes_the_same_hmac_as_python(
    make_study: MakeStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("k" * 16, "long" * 40):
        monkeypatch.setenv("WORKBENCH_KEY", key)
        tables = open_tables(
            make_study(transactions="customer_id,date,amount\n客户Ä1,2025-01-01,5\n")
        )
        expected = pseudonym("客户Ä1", key.encode())
        assert tables.frame("transactions")["customer_id"].tolist() == [expected]


def test_a_customer_and_a_contract_of_one_number_are_not_the_same(open_study: OpenStudy) -> None:
    frame = open_study(contracts="customer_id,contract_id,start\n7,7,2025-01-01\n").frame(
        "contracts"
    )
    assert frame["customer_id"].iloc[0] != frame["contract_id"].iloc[0]


def test_the_key_of_a_simulated_or_public_study_is_the_same_everywhere(
    make_study: MakeStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORKBENCH_KEY", raising=False)
    simulated = study_key(make_study(transactions=TRANSACTIONS))
    public = {"simulated": False, "privacy": {"public": True}}
    assert study_key(make_study(public, transactions=TRANSACTIONS)) == simulated


def test_a_real_study_gets_a_key_of_this_checkout(
    make_study: MakeStudy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("WORKBENCH_KEY", raising=False)
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    study = make_study({"simulated": False}, transactions=TRANSACTIONS)
    key = study_key(study)
    path = tmp_path / ".cache" / "pseudonym.key"
    assert key == path.read_bytes() and len(key) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert study_key(study) == key
    assert list(path.parent.iterdir()) == [path]


def test_the_environments_key_wins_and_must_be_long(
    make_study: MakeStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study({"privacy": {"key_env": "SHOP_KEY"}}, transactions=TRANSACTIONS)
    monkeypatch.setenv("SHOP_KEY", "0123456789abcdef")
    assert study_key(study) == b"0123456789abcdef"
    monkeypatch.setenv("SHOP_KEY", "short")
    with pytest.raises(StudyError, match="SHOP_KEY is too short"):
        study_key(study)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("请回电13800138000。", "请回电[phone]。"),
        ("请回电138 0013 8000。", "请回电[phone]。"),
        ("Call +44 20 7946 0018 today", "Call [phone] today"),
        ("Write to Wei.Wang+x@mail.example.com.", "Write to [e-mail]."),
        ("王经理很耐心", "[name]经理很耐心"),
        ("欧阳女士帮了忙", "[name]女士帮了忙"),
        ("客户经理很耐心，上门师傅也好", "客户经理很耐心，上门师傅也好"),
        ("Thanks to Mr. Smith at the desk", "Thanks to Mr [name] at the desk"),
        ("my name is Anna Lee and", "my name is [name] and"),
        ("2025-01-05 等了 20 分钟，花了 1299 元", "2025-01-05 等了 20 分钟，花了 1299 元"),
        ("20250105 bought 100% cotton", "20250105 bought 100% cotton"),
        ("我住在合肥市六盘水路39号201室，没信号", "我住在[address]，没信号"),
        ("寄到广东省深圳市南山区科技园路5号3栋1202室", "寄到[address]"),
        ("小区3栋2单元501室没信号", "小区[address]没信号"),
        ("地铁3号线没网，每月5号扣费，1号窗口排队", "地铁3号线没网，每月5号扣费，1号窗口排队"),
        ("I live at 12 High Street and wait", "I live at [address] and wait"),
        ("Flat 5, 221B Baker Street, London", "[address], London"),
        ("We waited 2 hours in Main Street", "We waited 2 hours in Main Street"),
    ],
)
def test_a_text_keeps_its_words_and_loses_its_people(text: str, expected: str) -> None:
    assert mask(text) == expected


def test_a_short_chinese_name_is_masked_only_where_its_bearer_writes() -> None:
    book = NameBook({"C1": "高峰", "C2": "王小明", "C3": "Grace Hopper"})
    assert mask("晚高峰很慢", book.in_text("晚高峰很慢", "C2")) == "晚高峰很慢"
    assert mask("我是高峰", book.in_text("我是高峰", "C1")) == "我是[name]"
    assert mask("王小明说好", book.in_text("王小明说好", None)) == "[name]说好"
    assert mask("so said grace hopper", book.in_text("so said grace hopper", None)) == (
        "so said [name]"
    )
    assert mask("with grace", book.in_text("with grace", "C1")) == "with grace"


def test_columns_about_persons_are_known_by_their_names() -> None:
    columns = [
        "name", "First Name", "mobile_2", "E-mail", "home_address", "客户姓名", "手机号", "id_card",
        "date_of_birth", "plan_name", "product_name", "region", "amount", "tenure", "商品名称",
    ]  # fmt: skip
    assert personal_columns(columns) == columns[:9]


def test_small_groups_keep_their_count_and_lose_their_values() -> None:
    frame = pd.DataFrame(
        {"city": ["A", "B"], "n": [4, 5], "estimate": [0.5, 0.6], "low": [0.1, 0.2]}
    )
    shown = suppress(frame)
    assert shown["n"].tolist() == [4, 5]
    assert shown["estimate"].isna().tolist() == [True, False]
    assert shown["low"].isna().tolist() == [True, False]
    assert shown["withheld"].tolist() == ["fewer than 5", ""]
    assert frame["estimate"].tolist() == [0.5, 0.6], "the frame that was given stays as it was"


def test_whole_numbers_are_withheld_when_they_are_named() -> None:
    frame = pd.DataFrame({"answers": [2, 9], "promoters": [1, 5]})
    shown = suppress(frame, n="answers", min_cell=3, columns=["promoters"])
    assert shown["promoters"].isna().tolist() == [True, False]
    with pytest.raises(DataError, match="there is no column 'n'"):
        suppress(frame)


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        ("amount: n/a", "amount: n/a"),
        ("date: 31 Feb 2025", "date: 31 Feb 2025"),
        ("date: 2025年2月30日 下午", "date: 2025年2月30日 下午"),
        ("date: Zhang Wei", "date: [text]"),
        ("date: 王小红", "date: [text]"),
        ("amount: zhang@example.cn 13800138000", "amount: [e-mail] 99999999999"),
        ("date: 2024-03-02 10:00 -0500", "date: 9999-99-99 99:99 -9999"),
        ("row 414", "row 414"),
    ],
)
def test_a_name_where_a_date_should_be_is_masked(found: str, shown: str) -> None:
    assert mask_value(found) == shown


PERSONS = (
    "FullName", "MobilePhone", "证件号", "联系人", "客户经理", "昵称", "imei", "GPS", "IMEINumber",
    "LAST_NAME", "user-name", "Telefon-Nr.", "手机号码", "联系方式", "deviceId", "contactPerson",
    "SalesRep", "ＰＨＯＮＥ", "Vorname", "Geburtsdatum", "Correo", "电话(手机)", "车牌号",
    "Deal owner",
    "BillingStreet", "birthDate", "用户名", "Фамилия", "이름", "Handled_By", "assigned_to",
    "Telefonnummer", "wxOpenid", "收件人", "操作员", "codice_fiscale", "お名前", "avatarUrl", "MAC",
    "nom_de_famille", "受理人", "支付宝账号", "clientIP", "Geburtstag", "휴대폰",
    "relationship_manager",
)  # fmt: skip
NOBODY = (
    "productName", "商品名称", "campaign_name", "rate", "platform", "latency", "salon", "shipment",
    "channel_name", "Artikel", "country_name", "zipped", "会员等级", "city", "last_login",
    "quantity_owned", "nomination", "phone_model", "手机型号", "address_type", "mail_opened",
    "page_name", "owner_type", "assigned_budget", "signature_date", "Time to first agent reply",
    "owner count",
)  # fmt: skip


@pytest.mark.parametrize("column", PERSONS)
def test_a_column_of_persons_is_told_in_any_case_style_and_language(column: str) -> None:
    assert personal_columns([column]) == [column]


@pytest.mark.parametrize("column", NOBODY)
def test_a_column_of_things_is_none_of_persons(column: str) -> None:
    assert not personal_columns([column])


def test_raters_are_roles_or_codes() -> None:
    who = ["E1", "Head of sales", "Anna Lee", "销售主管", "李铁柱", "Anna Lee", None]
    shown = without_names(ibis.memtable(pd.DataFrame({"rater": who})), "rater").to_pandas()["rater"]
    assert sorted(shown.dropna()) == ["E1", "Head of sales", "R1", "R1", "R2", "销售主管"]
