"""One small result of each class of the room, for the contract that all results keep."""

from __future__ import annotations

from workbench import goals as room

TREE = {"service": ["speed", "quality"], "business": ["churn", "sales"]}

EXAMPLES = {
    "CountChart": lambda: room.u_chart([4, 6, 5, 3, 7, 30], [10] * 6, base=5),
    "IndicatorTree": lambda: room.indicator_tree(TREE, comparisons={"service / business": 3}),
    "Weights": lambda: room.ahp({"speed / quality": 2, "speed / churn": 4, "quality / churn": 2}),
    "XmR": lambda: room.xmr([10, 12, 11, 13, 9, 12, 19], base=6),
}
