"""Write the tables and the truth of Harbour Mobile: the same bytes for the same seed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pandas as pd

from tools.simulate import export, faults
from tools.simulate.business import business
from tools.simulate.calls import calls, steps
from tools.simulate.goods import goods
from tools.simulate.identity import make_identities
from tools.simulate.ratings import ratings
from tools.simulate.survey_extras import extend
from tools.simulate.truth import measure_truth
from tools.simulate.voices import follow_ups, voices
from tools.simulate.world import found

SEED: Final = 20251231
# What the source systems call the columns; the study card maps them onto the standard names.
CUSTOMER_COLUMNS: Final = {
    "customer_id": "客户编号",
    "name": "姓名",
    "phone": "手机号",
    "email": "电子邮箱",
    "address": "通讯地址",
    "birth_year": "出生年份",
    "gender": "性别",
    "region": "大区",
    "city": "城市",
    "income_band": "月收入档",
    "occupation": "职业",
    "joined_on": "入网日期",
    "lifestyle_online": "生活_网购",
    "lifestyle_price": "生活_比价",
    "lifestyle_brand": "生活_品牌",
    "lifestyle_family": "生活_家庭",
    "lifestyle_travel": "生活_出行",
}
TRANSACTION_COLUMNS: Final = {
    "customer_id": "cust_no",
    "date": "sold_on",
    "amount": "net",
    "channel": "shop_channel",
    "quantity": "qty",
}
CONTRACT_COLUMNS: Final = {
    "contract_id": "ContractNo",
    "customer_id": "CustomerNo",
    "start": "Begin",
    "end": "End",
    "plan": "Tariff",
    "monthly_fee": "FeePerMonth",
}


def make_tables(seed: int = SEED) -> tuple[dict[str, pd.DataFrame], dict[str, object]]:
    """Make all tables as the source systems export them, and the truth behind them.

    Returns
    -------
    tables : dict of DataFrame
        customers, transactions, contracts, interactions, survey, treatments, ratings, calls,
        steps, those of the business customers, voices, follow_ups, those of the counters; all
        cells text.
    truth : dict
        See `tools.simulate.truth.measure_truth`.
    """
    company = found(seed)
    world = company.world()
    who = make_identities(seed, company.population)
    customers, second = faults.spoil_customers(seed, export.customers(company, who), who)
    answers, said = export.survey(company, world, who)
    tables = {
        "customers": customers.rename(columns=CUSTOMER_COLUMNS),
        "transactions": faults.spoil_transactions(
            seed, export.transactions(company, world, who), second
        ).rename(columns=TRANSACTION_COLUMNS),
        "contracts": faults.spoil_contracts(seed, export.contracts(company, world, who)).rename(
            columns=CONTRACT_COLUMNS
        ),
        "interactions": faults.spoil_interactions(
            seed, export.interactions(company, world, who), second
        ),
        "survey": extend(company, world, faults.spoil_survey(seed, answers, who), said),
        "treatments": export.treatments(company, who),
        "ratings": ratings(seed),
        "calls": calls(seed, who),
        "steps": steps(seed),
    }
    firms, of_firms = business(seed)
    said_too, of_voices = voices(seed, who)
    again, of_follow_ups = follow_ups(seed, tables["survey"])
    counters, of_counters = goods(seed, who)
    tables |= firms | {"voices": said_too, "follow_ups": again} | counters
    truth = measure_truth(company, world)
    own = {"business": of_firms, "voices": of_voices, "follow_ups": of_follow_ups,
           "counters": of_counters}  # fmt: skip
    return tables, {**truth, **own}


def write_study(out: Path, seed: int = SEED) -> list[Path]:
    """Write the tables and truth.json into a folder; the study card is not touched.

    Parameters
    ----------
    out : Path
        Folder of the study; made when it is missing.
    seed : int

    Returns
    -------
    list of Path
        The files written.
    """
    out.mkdir(parents=True, exist_ok=True)
    tables, truth = make_tables(seed)
    written = []
    for name, frame in tables.items():
        tab = name == "contracts"
        path = out / f"{name}.{'tsv' if tab else 'csv'}"
        # The customer system runs on Windows in China: GB18030 and its line ends.
        old = name == "customers"
        text = frame.to_csv(
            index=False, sep="\t" if tab else ",", lineterminator="\r\n" if old else "\n"
        )
        path.write_bytes(text.encode("gb18030" if old else "utf-8"))
        written.append(path)
    path = out / "truth.json"
    path.write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return [*written, path]
