"""What the pages of one study tell, read together: nobody is found, from whatever page it comes."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import IPython.display
import matplotlib

matplotlib.use("agg")

import numpy as np
import pandas as pd
import pytest
import yaml

from tests import attackers, published
from tests.notebooks.test_matrix import ROOT, execute
from workbench.reporting.figures import figure
from workbench.stats.disclosure import rule_of, sensitive

pytestmark = pytest.mark.slow  # five pages on a study: 25 s of CPU each
SEEDS = (3, 4, 5)
PAGES = ("segmentation", "clv", "lifecycle_churn", "products", "accounts")


def firm(n: int = 64, seed: int = 3) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Three months of sales to accounts, a few of which hold most, in small groups."""
    rng = np.random.default_rng(seed)
    ids = [f"A{i:03d}" for i in range(n)]
    industry = rng.choice(["Steel", "Paper", "Trade", "Glass"], n, p=[0.12, 0.15, 0.45, 0.28])
    town = {"Steel": "North", "Paper": "East", "Trade": "South", "Glass": "West"}
    region = np.array([town[one] for one in industry], dtype=object)
    region[rng.random(n) < 0.06] = "South"
    region[rng.random(n) < 0.05] = ""
    accounts = pd.DataFrame({"customer_id": ids, "industry": industry, "region": region})
    rows = []
    for i, who in enumerate(ids):
        level = 400.0 * (120 if i < 3 else 30 if i < 6 else 1) * float(rng.lognormal(0, 0.5))
        for _ in range(1 + int(rng.poisson(4))):
            day = pd.Timestamp("2025-10-01") + pd.Timedelta(days=int(rng.integers(0, 91)))
            kind = str(rng.choice(["pumps", "valves", "spares"], p=[0.1, 0.3, 0.6]))
            rows.append((who, day, round(level * float(rng.uniform(0.6, 1.4)), 2), kind))
    sold = pd.DataFrame(rows, columns=["customer_id", "date", "amount", "category"])
    card = {
        "title": {"en": "A firm", "zh": "一家企业"}, "simulated": True, "languages": ["en", "zh"],
        "as_of": pd.Timestamp("2025-12-31").date(), "currency": "EUR",
        "segments": {"tiers": [
            {"tier": {"en": "Top", "zh": "顶层"}, "to": 0.1, "cost": 10.0},
            {"tier": {"en": "Middle", "zh": "中层"}, "to": 0.4, "cost": 10.0},
            {"tier": {"en": "Broad", "zh": "基层"}, "to": 1.0, "cost": 10.0},
        ]},
    }  # fmt: skip
    return {"accounts": accounts, "transactions": sold}, card


@pytest.fixture(scope="module", params=SEEDS)
def pages(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """Run the pages in this process; give their tables, and what each customer is and has."""
    from workbench.runs import plan_study
    from workbench.study import load_study

    root = tmp_path_factory.mktemp("firm").resolve()
    folder = root / "data/firm"
    folder.mkdir(parents=True)
    (root / "notebooks").symlink_to(ROOT / "notebooks")
    tables, card = firm(seed=request.param)
    card["tables"] = {name: {"path": f"{name}.csv"} for name in tables}
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    (folder / "study.yml").write_text(yaml.safe_dump(card, allow_unicode=True, sort_keys=False))
    shown: dict[tuple[str, str], list[str]] = {}
    wrong, page = {}, ""

    def keep(data: dict[str, str], *_: Any, metadata: Any = None, **__: Any) -> None:
        about = (metadata or {}).get("workbench", {})
        if "text/html" in data:
            shown.setdefault((page, about.get("language", "")), []).append(data["text/html"])

    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "WORKBENCH_ROOT": root, "WORKBENCH_RUN": root / "run",
            "WORKBENCH_KEY": "0123456789abcdef", "WORKBENCH_LANGUAGES": "en,zh",
        }.items():  # fmt: skip
            patch.setenv(name, str(value))
        patch.delenv("WORKBENCH_WORDS", raising=False)
        patch.setattr(IPython.display, "display", keep)
        patch.setattr(figure, "drawing", lambda *_, **__: figure.Drawing("<svg/>"))
        for step in plan_study(load_study(folder), root).steps:
            if step.notebook not in PAGES:
                continue
            page = step.key
            patch.setenv("WORKBENCH_NOTEBOOK", step.key)
            patch.setenv("WORKBENCH_READS", json.dumps(list(step.reads)))
            with contextlib.suppress(KeyError):
                wrong[page], _ = execute(step.path, dict(step.parameters))
    return {
        "wrong": {k: v for k, v in wrong.items() if v},
        "shown": shown,
        "root": root,
        "tables": tables,
    }


def known(root: Path) -> tuple[dict[str, pd.Series], dict[str, pd.Series]]:
    """Tell of each customer the groups and the amounts, from what the notebooks keep."""
    results = root / "run/results"
    kept = pd.read_parquet(results / "segmentation/segments.parquet").set_index("customer_id")
    value = pd.read_parquet(results / "clv/customer_value.parquet").set_index("customer_id")
    stages = pd.read_parquet(results / "lifecycle_churn/stages.parquet").set_index("customer_id")
    moves = pd.read_parquet(results / "accounts/account_moves.parquet").set_index("customer_id")
    at = kept.index
    groups = {
        "segment": kept["segment"], "tier": kept["tier"],
        "clv tier": value["tier"].reindex(at).astype(str), "stage": stages["stage"].reindex(at),
        **{by: moves[by].reindex(at) for by in ("class", "industry", "region")},
        "all": pd.Series("All accounts", index=at),
    }  # fmt: skip
    groups = {name: group.astype(object).where(group.notna()) for name, group in groups.items()}
    return groups, {"spend": kept["spend"], "clv": value["clv"].reindex(at)}


def test_two_attackers_find_nobody_in_all_pages_together(pages: dict[str, Any]) -> None:
    assert pages["wrong"] == {}
    groups, measures = known(pages["root"])
    tables = [
        each
        for (page, language), texts in pages["shown"].items() if language == "en"
        for each in published.offered(page, texts)
    ]  # fmt: skip
    for path in (pages["root"] / "run/results").glob("*/*.parquet"):
        frame = pd.read_parquet(path)
        if "customer_id" not in frame:
            tables.append(published.Offered(f"stored {path.parent.name}", path.stem, frame))
    told = published.sums(tables, groups, measures)
    read = {one.where.partition(" (")[0].split(": ")[-1] for one in told}
    assert {"Share of spend by segment", "sales by industry"} <= read, read
    everybody = np.ones(len(groups["segment"]), dtype=bool)
    for name, values in measures.items():
        figures = [(one.members, one.total) for one in told if one.measure == name]
        whole = [] if sensitive(values, rule_of(5)) else [(everybody, values.sum())]
        assert attackers.found([*figures, *whole], values.to_numpy()) == [], name


def test_both_languages_tell_the_same_numbers(pages: dict[str, Any]) -> None:
    """So that nothing is found in the one that is not in the other."""
    for page in {page for page, _ in pages["shown"]}:
        english, chinese = (
            [each.table.select_dtypes("number").to_numpy()
             for each in published.offered(page, pages["shown"].get((page, language), []))]
            for language in ("en", "zh")
        )  # fmt: skip
        assert len(english) == len(chinese)
        for one, other in zip(english, chinese, strict=True):
            np.testing.assert_array_equal(one, other)
