"""Expert scores: agreement, who differs, and when a page must warn."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from workbench.goals import GoalError, expert_agreement
from workbench.goals.experts import stepped_up

mpl.use("agg")


def scores(noise: float, lenient: float = 0.0, units: int = 40, raters: int = 4) -> pd.DataFrame:
    """Items whose worth varies by 1, scored by raters who err by `noise`; the last is lenient."""
    rng = np.random.default_rng(6)
    worth = rng.normal(5, 1, units)
    return pd.DataFrame(
        [
            {"date": pd.Timestamp("2024-01-31"), "item": f"i{u}", "rater": f"R{r}",
             "score": worth[u] + rng.normal(0, noise) + lenient * (r == raters - 1)}
            for u in range(units)
            for r in range(raters)
        ]
    )  # fmt: skip


def measured(rows: pd.DataFrame):
    return expert_agreement(rows, rng=np.random.default_rng(1))


def test_agreement_is_the_share_of_what_raters_see_alike() -> None:
    found = measured(scores(0.75))  # 1 / (1 + .75^2) = .64, and .88 for the mean of four
    assert found.single.estimate == pytest.approx(0.64, abs=0.1)
    assert found.single.low < 0.64 < found.single.high
    assert found.mean.value == pytest.approx(stepped_up(found.single.estimate, 4))
    assert found.verdict == "reliable"
    heading, agreement = found.findings()
    assert heading.text == "The experts: the scores can be relied on"
    assert agreement.severity == "warning", "single scores are below .667, so the page says so"
    assert "never the score of one" in agreement.text
    single, mean = (agreement.values[name] for name in ("single", "mean"))
    assert (single.value, mean.value) == (found.single.estimate, found.mean.value)
    assert mean.low < mean.value < mean.high


def test_close_scores_need_no_warning_and_noise_does() -> None:
    assert measured(scores(0.2)).findings()[1].severity == "note"
    noise = measured(scores(3.0))
    assert noise.findings()[1].severity == "warning" and noise.verdict == "unreliable"
    assert "Do not judge the goal by these scores" in noise.findings()[1].text


def test_a_lenient_rater_is_named_and_agreement_is_better_without() -> None:
    found = measured(scores(0.3, lenient=2.0))
    row = found.table.set_index("rater").loc["R3"]
    assert row["low"] < 2 < row["high"] and row["low"] > 1.5
    assert row["without"] > found.single.estimate + 0.2
    assert found.plot(Figure().subplots()).get_yticklabels()[0].get_text() == "R3"


def test_spearman_and_brown() -> None:
    assert stepped_up(0.5, 2) == pytest.approx(2 / 3)
    assert stepped_up(0.25, 3) == pytest.approx(0.5) and stepped_up(0.25, 1) == 0.25
    assert stepped_up(-0.2, 5) == -0.2 and stepped_up(0.0, 5) == 0.0


def test_scores_that_cannot_be_compared_are_refused() -> None:
    rows = scores(0.3, units=3, raters=2)
    with pytest.raises(GoalError, match=r"expert scores: there is no column 'score'"):
        measured(rows.drop(columns="score"))
    with pytest.raises(GoalError, match=r"'R0' judged .* twice"):
        measured(pd.concat([rows, rows.head(1)], ignore_index=True))
    with pytest.raises(GoalError, match="judged by two raters"):
        measured(rows[rows["rater"] == "R0"].assign(rater=["R0", "R1", "R2"]))
    assert np.isnan(measured(rows).table["without"]).all(), "one rater alone cannot agree"
