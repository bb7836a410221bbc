"""Published weights, rankings and control charts, reproduced."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.goals import ahp, critic, p_chart, rank_units, stated, xmr

pytestmark = pytest.mark.reference


def test_saatys_drinks() -> None:
    """Saaty (2008), Decision making with the AHP, Int. J. Services Sciences 1(1), 83-98, Table 2.

    Consumption of drinks in the USA, from pairwise comparisons; the entry tea / wine is taken as
    the reciprocal of wine / tea.
    """
    names = ["coffee", "wine", "tea", "beer", "sodas", "milk", "water"]
    upper = [[1, 9, 5, 2, 1, 1, 1 / 2], [1, 1 / 3, 1 / 9, 1 / 9, 1 / 9, 1 / 9],
             [1, 1 / 3, 1 / 4, 1 / 3, 1 / 9], [1, 1 / 2, 1, 1 / 3], [1, 2, 1 / 2], [1, 1 / 3],
             [1]]  # fmt: skip
    a = np.eye(7)
    for i, row in enumerate(upper):
        a[i, i:] = row
        a[i:, i] = 1 / np.array(row)
    found = ahp(pd.DataFrame(a, index=names, columns=names))
    assert np.round(found.array, 3).tolist() == [0.177, 0.019, 0.042, 0.116, 0.190, 0.129, 0.327]
    assert round(found.consistency, 3) == 0.022


def test_hwang_and_yoons_fighter_aircraft() -> None:
    """Hwang and Yoon (1981), Multiple Attribute Decision Making, section 3.4.6."""
    matrix = pd.DataFrame(
        [[2.0, 1500, 20000, 5.5, 5, 9], [2.5, 2700, 18000, 6.5, 3, 5],
         [1.8, 2000, 21000, 4.5, 7, 7], [2.2, 1800, 20000, 5.0, 5, 5]],
        index=["A1", "A2", "A3", "A4"],
        columns=["speed", "range", "payload", "cost", "reliability", "manoeuvrability"],
    )  # fmt: skip
    weights = stated(dict(zip(matrix.columns, [0.2, 0.1, 0.1, 0.1, 0.2, 0.3], strict=True)))
    found = rank_units(matrix, weights, directions={"cost": "down"}).table.set_index("unit")
    assert found["score"].round(3).to_dict() == {"A1": 0.643, "A3": 0.614, "A4": 0.312, "A2": 0.268}


def test_diakoulaki_mavrotas_and_papayannakis_companies() -> None:
    """Diakoulaki et al. (1995), Computers & Operations Research 22(7), 763-770."""
    matrix = pd.DataFrame(
        [[61, 1.08, 4.33], [20.7, 0.26, 4.34], [16.3, 1.98, 2.53], [9, 3.29, 1.65],
         [5.4, 2.77, 2.33], [4, 4.12, 1.21], [-6.1, 3.52, 2.10], [-34.6, 3.31, 0.98]],
        columns=["profitability", "market_share", "productivity"],
    )  # fmt: skip
    assert critic(matrix).array == pytest.approx([0.20222554, 0.48090173, 0.31687273], abs=1e-7)


def test_individuals_chart_of_the_nist_handbook() -> None:
    """NIST/SEMATECH e-Handbook of Statistical Methods, section 6.3.2.2 (flow rate, ten batches)."""
    chart = xmr([49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1])
    assert chart.mean == pytest.approx(50.81)
    assert chart.range_mean == pytest.approx(1.8778, abs=5e-5)
    # The handbook divides by d2 = 1.128, Wheeler rounds 3 / d2 to 2.66.
    assert chart.high == pytest.approx(55.8041, abs=2e-3)
    assert chart.low == pytest.approx(45.8159, abs=2e-3)
    assert chart.signals.empty


def test_montgomerys_purchase_orders() -> None:
    """Montgomery (2013), Introduction to Statistical Quality Control, Table 7.4: sizes vary."""
    sizes = [100, 80, 80, 100, 110, 110, 100, 100, 90, 90, 110, 120, 120, 120, 110, 80, 80, 80, 90,
             100, 100, 100, 100, 90, 90]  # fmt: skip
    counts = [12, 8, 6, 9, 10, 12, 11, 16, 10, 6, 20, 15, 9, 8, 6, 8, 10, 7, 5, 8, 5, 8, 10, 6, 9]
    chart = p_chart(counts, sizes)
    assert (sum(counts), sum(sizes)) == (234, 2450)
    assert chart.mean == pytest.approx(0.0955, abs=5e-5)
    outside = chart.table[chart.table["signal"] == "outside the limits"]
    assert [i + 1 for i in outside["period"]] == [11]


def test_wheelers_in_process_inventory() -> None:
    """Wheeler, Understanding Variation (1993): inventory by month, hundreds of pounds.

    Data and computed limits as reprinted by Chin, How to Plot an XmR Chart (xmrit.com/articles).
    """
    inventory = [19, 27, 20, 16, 18, 25, 22, 24, 17, 25, 15, 17, 20, 22, 19, 16, 22, 19, 25, 22,
                 18, 20, 16, 17, 20, 15, 27, 25, 17, 19, 28]  # fmt: skip
    chart = xmr(inventory)
    assert (round(chart.mean, 2), round(chart.range_mean, 1)) == (20.39, 4.7)
    assert chart.table["range"].iloc[1:12].tolist() == [8, 7, 4, 2, 7, 3, 2, 7, 8, 10, 2]
    assert round(chart.high, 2) == 32.89
    assert chart.signals.empty, "all of it is routine"
