"""One small result of each class of the room, for the contract that all results keep."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from tests.data.conftest import written
from workbench import data as room
from workbench.study import Contract

# The same row twice, a refund, a month without a row, values that are missing.
TRANSACTIONS = (
    "customer_id,date,amount,channel\nA,2025-01-05,1,web\nA,2025-01-06,1,\nA,2025-01-06,1,\n"
    "B,2025-03-02,1,\nB,2025-03-03,-1,\n"
)
FOLDER = tempfile.TemporaryDirectory()  # the tables are read when they are asked for
SURVEY = (
    "respondent_id,wave,answered_on,exp_01,per_01,comment\n"
    "R1,2025-H1,2025-02-01,5,4,\nR2,2025-H1,2025-02-01,,4,good\n"
)


@cache
def tables() -> room.Tables:
    card = {"as_of": "2025-03-31"}
    study = written(Path(FOLDER.name), card, transactions=TRANSACTIONS, survey=SURVEY)
    return room.open_tables(study, cache=False)


def contracts() -> room.ContractCheck:
    return room.check_contracts(
        tables(),
        {
            "transactions": Contract.model_validate(
                {"columns": "source", "values": {"channel": "app"}}
            )
        },
    )


EXAMPLES = {
    "CleaningReport": lambda: tables().report,
    "ContractCheck": contracts,
    "Coverage": lambda: room.coverage(tables()),
    "MissingValues": lambda: room.missing(tables()),
}
