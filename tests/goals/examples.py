"""One small result of each class of the room, for the contract that all results keep."""

from __future__ import annotations

import datetime as dt
from functools import cache

import numpy as np
import pandas as pd

from workbench import goals as room
from workbench.study import Action, Alerts

TREE = {"service": ["speed", "quality"], "business": ["churn", "sales"]}


@cache
def report() -> room.GoalReport:
    """Two goals on one indicator: one is met, the other far off."""
    row = {
        "title": {"en": "Recommendation", "zh": "推荐意愿"}, "indicator": "nps", "baseline": 10.0,
        "baseline_date": "2024-12-31", "deadline": "2025-12-31", "warn_below": 12.0,
    }  # fmt: skip
    goals = room.read_goals(
        [{**row, "name": "near", "target": 20.0}, {**row, "name": "far", "target": 60.0}]
    )
    values = [10.0, 10.4, 9.7] * 4 + list(np.linspace(11, 22, 12))
    periods = pd.date_range("2024-01-01", periods=24, freq="MS")
    path = pd.DataFrame({"period": periods, "estimate": values, "se": 0.5})
    return room.judge(goals, {"near": path, "far": path}, as_of=dt.date(2025, 12, 31))


def register() -> room.ActionRegister:
    actions = [
        {"name": "late", "start": "2025-01-01", "due": "2025-10-31", "goal": "near"},
        {"name": "soon", "start": "2026-02-01", "due": "2026-06-30", "goal": "far"},
    ]
    titled = [Action.model_validate({"title": {"en": "Desk", "zh": "服务台"}} | a) for a in actions]
    return room.action_register(titled, report())


def experts() -> room.ExpertAgreement:
    rng = np.random.default_rng(6)
    quality = rng.normal(5, 1, 30)
    rows = [
        {"date": pd.Timestamp("2024-01-31"), "item": f"i{u}", "rater": f"R{r}",
         "score": quality[u] + rng.normal(0, 0.5)}
        for u in range(30)
        for r in range(3)
    ]  # fmt: skip
    return room.expert_agreement(pd.DataFrame(rows), rng=rng)


def ranking() -> room.Ranking:
    matrix = pd.DataFrame(
        {"nps": [10.0, 30.0, 20.0], "churn": [0.05, 0.02, 0.03]}, index=["North", "South", "West"]
    )
    return room.rank_units(matrix, room.equal(["nps", "churn"]), directions={"churn": "down"})


def alerting() -> room.Alerting:
    """Three regions, of which one has fallen."""
    rng = np.random.default_rng(7)
    values = rng.normal(50, 2, (3, 36))
    values[1, -3:] -= 15
    periods = pd.date_range("2023-01-01", periods=36, freq="MS")
    frame = pd.DataFrame(
        {"period": np.tile(periods, 3), "region": np.repeat(["North", "South", "West"], 36),
         "estimate": values.ravel(), "n": 200, "complete": True}
    )  # fmt: skip
    frame.attrs["indicator"] = {"title": "Sales", "kind": "money", "better": "up", "unit": ""}
    card = Alerts.model_validate({"watch": [{"indicator": "sales", "by": "region"}]})
    return room.alerts(card, [frame], as_of=dt.date(2025, 12, 31))


EXAMPLES = {
    "ActionRegister": register,
    "Alerting": alerting,
    "Changes": lambda: room.changes(report()),
    "CountChart": lambda: room.u_chart([4, 6, 5, 3, 7, 30], [10] * 6, base=5),
    "ExpertAgreement": experts,
    "GoalReport": report,
    "IndicatorTree": lambda: room.indicator_tree(TREE, comparisons={"service / business": 3}),
    "Proposals": lambda: room.propose(report(), room.changes(report())),
    "RankSensitivity": lambda: ranking().sensitivity(rng=np.random.default_rng(1), draws=50),
    "Ranking": ranking,
    "SmartCheck": lambda: room.check_smart(report()),
    "Weights": lambda: room.ahp({"speed / quality": 2, "speed / churn": 4, "quality / churn": 2}),
    "XmR": lambda: room.xmr([10, 12, 11, 13, 9, 12, 19], base=6),
}
