"""Volunteers compared with others alike: published numbers, a peer, and planted courses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.impact.cards import case_of
from workbench.impact import CaseError, difference_in_differences, evaluate
from workbench.impact.designs.differences.doubly_robust import doubly_robust_differences
from workbench.impact.experiment.adjusted import numbers_of
from workbench.impact.inputs.panel import Panel

KNOWN = ["age", "educ", "black", "marr", "nodegree", "hisp", "re74"]


def two_years(before, after, treated, traits) -> Panel:
    n = len(before)
    return Panel(
        outcome=np.column_stack([before, after]).astype(float),
        weight=np.ones((n, 2)),
        units=pd.RangeIndex(n),
        periods=pd.Index([1975, 1978]),
        treated=np.asarray(treated, dtype=bool),
        after=np.array([False, True]),
        eligible=np.ones(n, dtype=bool),
        start=pd.Timestamp("1978-01-01"),
        traits=None if traits is None else np.asarray(traits, dtype=float),
    )


def job_training() -> tuple[pd.DataFrame, np.ndarray]:
    """Those of the lot who got no training (Dehejia and Wahba), and the survey's households."""
    data = pytest.importorskip("causaldata")
    lot = data.nsw_mixtape.load_pandas().data
    people = pd.concat([lot[lot["treat"] == 0], data.cps_mixtape.load_pandas().data])
    return people, np.arange(len(people)) < (lot["treat"] == 0).sum()


def test_job_training_gives_the_published_bias_and_its_error() -> None:
    # Sant'Anna and Zhao (2020), evaluation bias with the DW sample and CPS: 253 (451)
    people, drawn = job_training()
    panel = two_years(people["re75"], people["re78"], drawn, people[KNOWN])
    effect = doubly_robust_differences(panel)
    assert effect.effect == pytest.approx(252.50, abs=0.01)
    t = effect.effect - effect.low
    # the published error has no correction for how few they are (260)
    assert t / 1.9694 == pytest.approx(450.81, rel=0.02)
    # plain changes are off by thousands
    assert difference_in_differences(panel).effect > 2000


def volunteers(rng, n=200, effect=0.0, line=True, chance=True):
    """Who comes forward, and how they change, both go by what is known; either may be curved."""
    x = rng.normal(size=(n, 2))
    seen = np.column_stack([x[:, 0], x[:, 1]])
    course = x[:, 0] if line else np.exp(x[:, 0] / 2)
    eager = x[:, 0] if chance else np.abs(x[:, 0]) - 0.8
    treated = rng.random(n) < 1 / (1 + np.exp(0.7 - 0.8 * eager))
    before = 10 + x[:, 1] + rng.normal(size=n)
    after = before + 0.8 * course + effect * treated + rng.normal(size=n)
    return two_years(before, after, treated, seen)


def test_another_implementation_gives_the_same() -> None:
    peer = pytest.importorskip("diff_diff")
    panel = volunteers(np.random.default_rng(1), 400, 0.5)
    known = pd.DataFrame(panel.traits, columns=["a", "b"]).assign(unit=range(400))
    years = [known.assign(time=2 + k, y=panel.outcome[:, k], g=3 * panel.treated) for k in (0, 1)]
    fitted = peer.CallawaySantAnna(estimation_method="dr").fit(
        pd.concat(years), outcome="y", unit="unit", time="time", first_treat="g",
        covariates=["a", "b"],
    )  # fmt: skip
    own = doubly_robust_differences(panel)
    # whose weights are not made to add up to one, as those of the paper are
    assert own.effect == pytest.approx(fitted.overall_att, rel=0.005)
    assert (own.high - own.effect) / 1.977 == pytest.approx(fitted.overall_se, rel=0.02)


@pytest.mark.parametrize("right", [{"line": False}, {"chance": False}])
def test_one_of_the_two_models_may_be_wrong(right) -> None:
    rng = np.random.default_rng(7)
    found = [doubly_robust_differences(volunteers(rng, 400, **right)) for _ in range(60)]
    error = np.array([f.effect for f in found])
    assert abs(error.mean()) < 3 * error.std() / np.sqrt(60) + 0.02
    assert np.mean([f.low <= 0 <= f.high for f in found]) > 0.86


def test_a_card_with_columns_shows_it_beside_the_two_bounds() -> None:
    rng = np.random.default_rng(3)
    panel = volunteers(rng, 300)
    months = pd.to_datetime(["2024-01-01", "2024-02-01"])
    ids = [f"c{i:03d}" for i in range(300)]
    records = pd.DataFrame({
        "customer_id": np.repeat(ids, 2), "period": np.tile(months, 300),
        "estimate": panel.outcome.ravel(),
    })  # fmt: skip
    treated = np.array(ids)[panel.treated]
    treatments = pd.DataFrame({"case": "club", "customer_id": treated, "start": months[1]})
    units = pd.DataFrame(
        {"customer_id": ids, "age": panel.traits[:, 0], "plan": panel.traits[:, 1]}
    )
    card = case_of("club", months[1], "volunteers", adjust=["age", "plan"])
    found = evaluate(records, card, treatments, outcome="sales", units=units)
    rows = found.answers.set_index("design")
    assert "doubly robust difference in differences" in rows.index
    # plain changes take the course of the eager for an effect; those alike do not
    plain = rows.loc["difference in differences", "estimate"]
    assert plain > 0.3 > abs(rows.loc["doubly robust difference in differences", "estimate"])
    asked = card.model_copy(update={"design": "doubly robust difference in differences"})
    own = evaluate(records, asked, treatments, outcome="sales", units=units)
    assert own.effect.design == "doubly robust difference in differences"
    assert own.effect.low < 0 < own.effect.high
    with pytest.raises(CaseError, match="no column 'plam'"):
        evaluate(
            records, card.model_copy(update={"adjust": ("plam",)}), treatments,
            outcome="sales", units=units,
        )  # fmt: skip


def test_what_it_cannot_compare_is_refused() -> None:
    rng = np.random.default_rng(4)
    panel = volunteers(rng, 60)
    with pytest.raises(CaseError, match="nothing is known"):
        doubly_robust_differences(two_years(*panel.outcome.T, panel.treated, None))
    apart = two_years(*panel.outcome.T, panel.treated, panel.treated[:, None] * 1.0)
    with pytest.raises(CaseError, match="nobody is left"):
        doubly_robust_differences(apart)
    few = two_years(*panel.outcome.T, np.arange(60) < 6, panel.traits)
    with pytest.raises(CaseError, match="6 units of a side"):
        doubly_robust_differences(few)
    assert numbers_of(pd.DataFrame({"a": ["x", "y", "x"]})).shape == (3, 1)
