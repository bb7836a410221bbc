"""At which level a measure was assigned: what shares a value of something above is one unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.impact.cards import case_of
from workbench.impact import CaseReport, Evaluation, evaluate
from workbench.impact import judge as judged
from workbench.impact.inputs.level import higher_columns
from workbench.reporting.display import reader
from workbench.reporting.sentences import phrase

MONTHS = pd.date_range("2024-01-01", periods=16, freq="MS")
START = MONTHS[8]
CITIES = [f"c{i:02d}" for i in range(24)]


def records(seed: int = 1, *, regions: int = 4, shocks: float = 0.3, **more: Any) -> pd.DataFrame:
    """Twenty-four cities whose regions go their own ways; no measure has any effect."""
    rng = np.random.default_rng(seed)
    region = np.arange(24) * regions // 24
    course = shocks * rng.normal(size=(regions, 16)).cumsum(axis=1)
    y = 10 + rng.normal(size=(24, 1)) + 0.5 * rng.normal(size=(24, 16)) + course[region]
    columns = {"region": [f"r{r:02d}" for r in region], **more}
    return pd.DataFrame(
        {
            "city": np.repeat(CITIES, 16),
            "period": np.tile(MONTHS, 24),
            "n": 30,
            "estimate": y.ravel(),
            **{name: np.repeat(values, 16) for name, values in columns.items()},
        }
    )


def judge(frame: pd.DataFrame, treated: list[str], chosen: str = "rule", **card: Any) -> Evaluation:
    case = case_of("m", START, chosen, unit="region", treated={"city": treated}, **card)
    return judged(frame, case, outcome="sales")


def test_all_of_one_region_cannot_be_told_and_stand_as_a_description() -> None:
    found = judge(records(), CITIES[:6])
    refusal, tells = found.checks[:2]
    assert found.refused and found.strength == "none" and found.foresight is None
    assert refusal.key == "assignment" and refusal.severity == "refusal"
    assert "region" in refusal.text and "(r00)" in refusal.text and "more values" in tells.text
    assert found.described is not None and found.described.n_units == 24
    case = case_of("m", START, "rule", unit="region", treated={"city": CITIES[:6]})
    report = CaseReport.of(case, [found])
    assert report.verdict.verdict == "cannot be told" and len(report.described) == 1
    assert not report.estimates()
    chinese = [phrase(check, reader("zh"), {}) for check in found.checks[:2]]
    assert all("“地区”" in text for text in chinese), chinese


def test_region_shocks_are_taken_for_an_effect_by_units_and_never_by_regions() -> None:
    alarms = []
    for seed in range(12):
        frame = records(seed)
        by_unit = judge(frame.drop(columns="region"), CITIES[:6]).effect
        assert by_unit is not None and judge(frame, CITIES[:6]).refused
        alarms.append(by_unit.clear)
    assert np.mean(alarms) > 0.3  # what is guarded against is there


def test_enough_regions_are_the_units_of_the_comparison() -> None:
    found = judge(records(regions=12), CITIES[:6])
    assert found.effect is not None and (found.effect.n_units, found.effect.n_treated) == (12, 3)
    assert "12 values 3 got it" in found.checks[0].text and found.checks[0].severity == "note"


@pytest.mark.parametrize(("regions", "treated", "refused"), [(6, 12, False), (5, 10, True)])
def test_fewer_than_twenty_ways_to_choose_regions_tell_nothing(regions, treated, refused) -> None:
    frame = records(regions=regions)
    of = frame.drop_duplicates("city")["region"]
    half = [c for c, r in zip(CITIES, of, strict=True) if r < f"r{3 if regions == 6 else 2:02d}"]
    found = judge(frame, half)
    assert found.refused is refused
    if refused:
        assert found.checks[0].values["ways"] == 10


def test_a_part_of_one_region_is_compared_with_the_rest_of_it() -> None:
    found = judge(records(regions=2), CITIES[:6])
    assert found.effect is not None and (found.effect.n_units, found.effect.n_treated) == (12, 6)
    assert "compared with the others of that value" in found.checks[0].text


def test_neighbours_by_chance_are_compared_with_everybody() -> None:
    found = judge(records(), CITIES[:2])  # of 24 two are of one region in 22 % of lots
    assert found.effect is not None and found.effect.n_units == 24
    one_each = judge(records(), [CITIES[k] for k in (0, 6, 12, 18)])
    assert one_each.effect is not None and one_each.effect.n_units == 24


def test_a_lot_stays_with_its_lot_but_one_that_drew_whole_regions_is_asked_about() -> None:
    found = judge(records(), CITIES[:6], "random")
    assert found.effect is not None and found.effect.n_units == 24
    assert found.checks[0].severity == "warning" and "assigned_by" in found.checks[0].text
    spread = judge(records(), CITIES[::4], "random")
    assert not [c for c in spread.checks if c.key.startswith("assignment")]
    told = judge(records(), CITIES[:6], "random", assigned_by="region")
    assert told.refused


def test_the_card_may_name_a_lower_level_only_with_a_reason() -> None:
    bare = judge(records(), CITIES[:6], assigned_by="city")
    assert bare.refused and "reason" in bare.checks[0].text
    reason = {"en": "Each mayor decided alone.", "zh": "由各市自行决定。"}
    found = judge(records(), CITIES[:6], assigned_by={"unit": "city", "reason": reason})
    assert found.effect is not None and found.effect.n_units == 24
    assert found.checks[0].severity == "warning" and reason["en"] in found.checks[0].text


def test_a_level_that_is_none_is_refused_in_words() -> None:
    unknown = judge(records(), CITIES[:6], assigned_by="regoin")
    assert unknown.refused and "perhaps 'region'" in unknown.checks[0].text
    mixed = judge(records(), CITIES[:9:2], assigned_by="region")
    assert mixed.refused and "some not" in mixed.checks[0].text


def test_two_of_five_regions_named_as_units_themselves_tell_nothing_either() -> None:
    frame = records(regions=5)
    frame = frame.groupby(["region", "period"], as_index=False).agg(
        n=("n", "sum"), estimate=("estimate", "mean")
    )
    case = case_of("m", START, "rule", unit="region", treated={"region": ["r00", "r01"]})
    found = evaluate(frame, case, outcome="sales")
    assert found.refused and found.checks[0].values["ways"] == 10
    assert found.described is not None


def test_customers_of_two_regions_are_two_units_whatever_their_number() -> None:
    rng = np.random.default_rng(2)
    region = np.array(["East", "North", "South", "West", "Central"])[rng.integers(0, 5, 300)]
    frame = pd.DataFrame(
        {
            "customer_id": np.repeat(np.arange(300), 16),
            "period": np.tile(MONTHS, 300),
            "estimate": rng.normal(20, 3, 300 * 16),
        }
    )
    people = pd.DataFrame({"customer_id": np.arange(300), "region": region})
    got = people.loc[people["region"].isin(["East", "South"]), "customer_id"]
    starts = pd.DataFrame({"case": "m", "customer_id": got, "start": START})
    case = case_of("m", START, "rule", selected_on="sales")
    found = evaluate(frame, case, starts, outcome="sales", selection=frame, units=people)
    assert found.refused and found.checks[0].values["total"] == 5
    assert "just missed it" in found.checks[1].text
    told = evaluate(frame, case, starts, outcome="sales", selection=frame)
    assert told.effect is not None  # nobody said where they live


def test_marks_and_names_and_numbers_hold_no_units() -> None:
    mark = ["yes"] * 6 + ["no"] * 18
    frame = records(pilot=mark, size=[100.0] * 6 + [5.0] * 18, mayor=[f"m{i}" for i in range(24)])
    columns = higher_columns(frame, None, "city", pd.Index(CITIES))
    assert list(columns) == ["region"]
    codes = records(area_id=[1] * 12 + [2] * 12)
    assert "area_id" in higher_columns(codes, None, "city", pd.Index(CITIES))
    split = records()
    split.loc[::2, "region"] = "r99"  # a city that is of two regions is of none
    assert "region" not in higher_columns(split, None, "city", pd.Index(CITIES))
