"""What is watched and has moved is told, with its group and since when; noise is not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from workbench.goals import alerts
from workbench.goals.alerts import BETTER, MOVED, NOISE, SHORT, SILENT, SMALL, WORSE
from workbench.languages import speak
from workbench.results import columns_of
from workbench.study import Alerts

AS_OF = dt.date(2026, 6, 30)


def card(*watch: dict[str, Any], **more: Any) -> Alerts:
    return Alerts.model_validate({"watch": watch, **more})


def months(
    values: Any, *, kind: str = "mean", better: str = "down", n: float = 500.0, **groups: Any
) -> pd.DataFrame:
    """Write an indicator as the data room gives it, its last month that of the study's day."""
    values = np.asarray(values, dtype=float)
    periods = pd.date_range(end="2026-06-01", periods=values.size, freq="MS")
    frame = pd.DataFrame({"period": periods, "estimate": values, "n": n, "complete": True})
    frame = frame.assign(**groups)
    frame.attrs["indicator"] = {"title": "Waiting", "kind": kind, "better": better, "unit": "hours"}
    return frame


def noise(seed: int, n: int = 36, level: float = 50.0, sd: float = 2.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(level, sd, n)


def shifted(seed: int, by: float, last: int = 3) -> np.ndarray:
    values = noise(seed)
    values[-last:] += by
    return values


def test_a_shift_is_told_with_its_group_its_month_and_both_levels() -> None:
    regions = {name: noise(i) for i, name in enumerate(("East", "North", "South"))}
    regions["North"] = shifted(1, 12.0)
    frame = pd.concat([months(v, region=name) for name, v in regions.items()])
    frame.attrs = months([1.0]).attrs
    found = alerts(card({"indicator": "waiting", "by": "region"}), [frame], as_of=AS_OF)
    standing, told = found.findings()
    assert standing.text == "1 of 3 watched records have moved beyond random variation"
    assert told.key == "alerts.moved.waiting.month.region=North"
    assert (told.verdict, told.severity) == (WORSE, "warning")
    assert told.values["since"] == dt.date(2026, 4, 1)
    assert told.estimates["after"].value == pytest.approx(regions["North"][-3:].mean(), rel=0.01)
    (shown,) = found.written(moved=True).to_dict("records")
    assert (shown["usual"], shown["after"]) == (told.estimates["usual"], told.estimates["after"])
    assert len(found.written()) == 3 and columns_of(found.written())["usual"].format == ""
    usual = told.estimates["usual"]
    assert usual.low < usual.value < usual.high < told.estimates["after"].value
    assert told.advice is not None
    zh = speak("zh")
    said = zh(told.message, **told.values)
    assert said.startswith("Waiting（华北区）自2026年4月1日起升至")
    assert not [m for m in zh.missing if "{" in m]


def test_without_a_shift_nothing_is_told() -> None:
    frames = [months(noise(i)) for i in range(20)]
    watch = [{"indicator": f"series.s{i}"} for i in range(20)]
    found = alerts(card(*watch), frames, as_of=AS_OF)
    assert len(found.findings()) == 1
    assert set(found.table["verdict"]) == {NOISE}


@pytest.mark.parametrize(
    ("by", "better", "indicator", "verdict"),
    [(12, "up", "x", BETTER), (-12, "up", "x", WORSE), (12, "down", "x", WORSE),
     (12, "up", "rows.x", MOVED)],
)  # fmt: skip
def test_which_side_is_good(by: float, better: str, indicator: str, verdict: str) -> None:
    frame = months(shifted(3, by), better=better)
    found = alerts(card({"indicator": indicator}), [frame], as_of=AS_OF)
    assert list(found.table["verdict"]) == [verdict]


def test_a_record_that_ends_early_is_silent_and_comes_first() -> None:
    frame = months(noise(4))
    found = alerts(
        card({"indicator": "ended"}, {"indicator": "shifted"}),
        [frame.iloc[:-2], months(shifted(5, 12.0))],
        as_of=AS_OF,
    )
    assert list(found.table["verdict"]) == [SILENT, WORSE]
    assert found.findings()[1].text == "Waiting has had no value since 2026-05-01"
    picture = found.picture()
    assert picture is not None and picture.table is not None
    drawn = picture.plot(plt.figure().gca()).lines[0].get_ydata()
    assert list(drawn) == list(picture.table["value"]), "the record that the caption is about"
    plt.close()


def test_a_record_that_often_has_gaps_is_not_silent_for_one_more() -> None:
    frame = months(noise(4, 48))
    often = frame[np.arange(48) % 4 != 3]
    found = alerts(card({"indicator": "x"}), [often], as_of=AS_OF)
    assert list(found.table["verdict"]) == [NOISE]
    longer = alerts(card({"indicator": "x"}), [often.iloc[:-2]], as_of=AS_OF)
    assert list(longer.table["verdict"]) == [SILENT]


def test_what_cannot_be_judged_says_why() -> None:
    short, small = months(noise(6, 12)), months(noise(7), n=3.0, region="Isle")
    found = alerts(
        card({"indicator": "a"}, {"indicator": "b", "by": "region"}), [short, small], as_of=AS_OF
    )
    assert set(found.table["verdict"]) == {SHORT, SMALL}
    (only,) = found.findings()
    assert only.severity == "refusal"


def test_a_study_that_watches_more_rings_later() -> None:
    frame = months(shifted(8, 5.0, last=2))
    alone = alerts(card({"indicator": "x"}), [frame], as_of=AS_OF)
    many = [months(noise(100 + i)) for i in range(39)]
    watch = [{"indicator": f"y{i}"} for i in range(39)]
    crowd = alerts(card({"indicator": "x"}, *watch), [frame, *many], as_of=AS_OF)
    limits = [float(a.table.set_index("indicator").loc["x", "limit"]) for a in (alone, crowd)]
    assert limits[0] < limits[1]
    assert crowd.periods == 480
    rare = alerts(card({"indicator": "x"}, false_alarms=0.1), [frame], as_of=AS_OF)
    assert rare.table["limit"].iloc[0] > limits[0]


def test_earlier_periods_may_be_declared_no_measure() -> None:
    values = np.concatenate([noise(9, 20, level=20), noise(10, 36, level=50)])
    watch = {"indicator": "x", "since": "2023-07-01"}
    found = alerts(card(watch), [months(values)], as_of=AS_OF)
    assert list(found.table["periods"]) == [36]
    assert list(found.table["verdict"]) == [NOISE]


@pytest.mark.parametrize("kind", ["skewed", "rare share", "few", "sizes"])
def test_scatter_of_every_kind_rings_no_more_than_promised(kind: str) -> None:
    """20 quiet records at a time of money, of shares of few, of small counts, of growing bases."""
    rng = np.random.default_rng(11)
    frames = []
    for _ in range(20):
        n = np.full(36, 200.0)
        if kind == "skewed":
            frames.append(months(rng.lognormal(4, 0.6, 36), kind="money"))
            continue
        if kind == "few":
            frames.append(months(rng.poisson(3, 36), kind="count"))
            continue
        n = np.full(36, 60) if kind == "rare share" else np.linspace(30, 3000, 36).astype(int)
        share = rng.binomial(n.astype(int), 0.04) / n
        frames.append(months(share, kind="share").assign(n=n))
    watch = [{"indicator": f"x{i}"} for i in range(20)]
    found = alerts(card(*watch), frames, as_of=AS_OF)
    assert len(found.moved) <= 1


def test_a_share_that_doubles_is_told_in_percent() -> None:
    rng = np.random.default_rng(12)
    n = np.full(36, 800)
    p = np.where(np.arange(36) >= 33, 0.10, 0.05)
    frame = months(rng.binomial(n, p) / n, kind="share").assign(n=n)
    found = alerts(card({"indicator": "x"}), [frame], as_of=AS_OF)
    told = found.findings()[1]
    assert told.estimates["after"].kind == "percent"
    assert 0.08 < told.estimates["after"].value < 0.12
    assert 0.04 < told.estimates["usual"].value < 0.06
