"""Drivers by group where a group has answers enough; the sign of a driver."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.satisfaction import drivers_by, read_answers, service_drivers
from workbench.satisfaction.questionnaire.answers import Answers
from workbench.study.survey import Survey

CARD = Survey(dimensions={"speed": ("01", "02", "03"), "care": ("04", "05", "06")})


def answers(seed: int, n: int = 600, *, differ: bool = False, sign: int = 1) -> Answers:
    rng = np.random.default_rng(seed)
    group = rng.integers(3, size=n)
    speed, care = rng.normal(size=(2, n))
    care = 0.4 * speed + 0.9 * care
    table: dict[str, object] = {
        "respondent_id": [f"r{i}" for i in range(n)], "region": [f"G{g}" for g in group],
    }  # fmt: skip
    for item in CARD.codes:
        felt = sign * speed if item in CARD.dimensions["speed"] else care
        table["per_" + item] = np.clip(np.round(4 + felt + 0.7 * rng.normal(size=n)), 1, 7)
    own = (group == 0) & differ
    feeling = np.where(own, 0.1, 0.8) * speed + np.where(own, 0.8, 0.3) * care
    table["csat5"] = np.clip(np.round(3 + 0.6 * feeling + 0.5 * rng.normal(size=n)), 1, 5)
    return read_answers(pd.DataFrame(table), CARD)


def test_groups_that_weigh_differently_are_told_and_others_hardly_ever() -> None:
    found = drivers_by(answers(1, differ=True), "region", rng=np.random.default_rng(1), draws=50)
    assert found.differ and found.drivers["G0"].top["driver"] == "care"
    assert found.drivers["G1"].top["driver"] == "speed"
    alike = [
        drivers_by(answers(50 + s), "region", rng=np.random.default_rng(s), draws=20).differ
        for s in range(12)
    ]
    assert sum(alike) <= 2  # 62 of 1,000 such surveys (bound 64)


def test_groups_with_too_few_answers_are_named() -> None:
    few = answers(1, n=290)
    found = drivers_by(few, "region", rng=np.random.default_rng(1), draws=20)
    sizes = few.background["region"].value_counts()
    assert set(found.drivers) == {g for g in sizes.index if sizes[g] >= 100} != set(sizes.index)
    left = found.table[found.table["reason"] != ""]
    assert set(left["group"]) == set(sizes.index) - set(found.drivers)
    assert any("fewer than 100" in each.text for each in found.findings())
    with pytest.raises(DataError, match="one group"):
        drivers_by(few.subset(few.background["region"] == "G0"), "region",
                   rng=np.random.default_rng(1))  # fmt: skip


def test_a_driver_that_goes_the_other_way_round_is_said_to() -> None:
    found = service_drivers(answers(2, sign=-1), rng=np.random.default_rng(1), draws=50)
    rows = found.table.set_index("driver")
    assert rows.loc["speed", "direction"] == "less satisfied" and found.against == ["speed"]
    assert rows.loc["speed", "estimate"] > 0 and rows.loc["care", "direction"] != "less satisfied"
    warning = found.findings()[-1]
    assert warning.severity == "warning" and "“speed”" in warning.text
    plain = service_drivers(answers(2), rng=np.random.default_rng(1), draws=50)
    assert not plain.against and len(plain.findings()) == 2
