"""Two editions that differ by few customers: the earlier one does not stay beside the newer."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from workbench.site.editions import archive as kept_editions
from workbench.site.editions.archive import ARCHIVE, archive
from workbench.site.editions.near import rows_of_customers, too_near
from workbench.study import CellRule


def values(n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "customer_id": [f"{i:016x}" for i in range(n)],
            "plan": rng.choice(["Basic", "Plus"], n),
            "worth": rng.gamma(2.0, 100.0, n).round(2),
            "score": rng.integers(1, 6, n),
        }
    )


def run(history: Path, name: str, frame: pd.DataFrame) -> Path:
    folder = history / name / "results/clv"
    folder.mkdir(parents=True)
    frame.to_parquet(folder / "contract_value.parquet", index=False)
    frame.groupby("plan", as_index=False)["worth"].mean().to_parquet(folder / "by_plan.parquet")
    return history / name


def near(old: Path, new: Path) -> str:
    return too_near(rows_of_customers(old), rows_of_customers(new), CellRule())


def joined(frame: pd.DataFrame, n: int, plan: str = "Plus") -> pd.DataFrame:
    more = values(n).assign(customer_id=[f"{900 + i:016x}" for i in range(n)], plan=plan)
    return pd.concat([frame, more.assign(worth=54_321.0 + np.arange(n))], ignore_index=True)


def moved(frame: pd.DataFrame) -> pd.DataFrame:
    """One goes from one plan to the other, and all stay."""
    return frame.assign(plan=frame["plan"].where(frame.index != 3, "Gone"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f, ""),
        (lambda f: joined(f, 1), "worth of all: 1 customers apart"),
        (lambda f: joined(f, 4), "worth of all: 4 customers apart"),
        (lambda f: joined(f, 5), ""),
        (lambda f: f.iloc[1:], "1 customers apart"),
        # one joins and one leaves: as many as before
        (lambda f: joined(f.iloc[1:], 1), "2 customers apart"),
        (moved, "1 customers apart"),
        # everybody's value is a little another, and one who came has nearly all of the difference
        (
            lambda f: joined(f, 1).assign(worth=lambda g: g["worth"] * (1 + 1e-7)),
            "nearly one customer's",
        ),
        # everybody's value is another, and much so: a difference is nobody's
        (lambda f: joined(f, 1).assign(worth=lambda g: g["worth"].clip(upper=300) * 2), ""),
        (lambda f: f.assign(score=f["score"].where(f.index != 3, 9)), ""),
    ],
)
def test_a_few_who_joined_left_or_changed_are_found(tmp_path: Path, change, says: str) -> None:
    old = run(tmp_path, "old", values())
    new = run(tmp_path, "new", change(values()))
    found = near(old, new)
    assert found.endswith(f"{says}") if says else found == ""


def test_one_in_a_group_that_the_whole_would_hide(tmp_path: Path) -> None:
    first = values()
    more = joined(first, 8)
    more.loc[more.index[-1], "plan"] = "Basic"
    old, new = run(tmp_path, "old", first), run(tmp_path, "new", more)
    assert "worth of plan Basic: 1 customers apart" in near(old, new)


def test_a_second_contract_of_one_customer_is_found(tmp_path: Path) -> None:
    second = values().iloc[:20].assign(plan="Plus", worth=10.0)
    first = pd.concat([values(), second], ignore_index=True)
    third = values().iloc[[30]].assign(plan="Gold", worth=999.0)
    old = run(tmp_path, "old", first)
    new = run(tmp_path, "new", pd.concat([first, third], ignore_index=True))
    assert near(old, old) == ""
    assert "1 customers apart" in near(old, new)


def test_the_archive_keeps_what_tells_of_nobody_and_says_what_it_drops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history, old_site, new_site = (tmp_path / x for x in ("runs/shop", "old", "new"))
    far = values().assign(worth=lambda f: f["worth"] * 2)
    one_more = joined(values(), 1).assign(worth=lambda f: f["worth"].clip(upper=999))
    for name, frame in {"r1": far, "r2": values(), "r3": one_more}.items():
        run(history, name, frame)
    for name in ("r1", "r2", "other"):
        (old_site / ARCHIVE / name).mkdir(parents=True)
        (old_site / ARCHIVE / name / "index.html").write_text(name)
    new_site.mkdir()
    record = SimpleNamespace(
        run=SimpleNamespace(run="r3", folder=history / "r3"),
        study=SimpleNamespace(name="shop", privacy=CellRule()),
    )
    read = []
    monkeypatch.setattr(
        kept_editions,
        "rows_of_customers",
        lambda folder: read.append(folder.name) or rows_of_customers(folder),
    )
    dropped = archive(new_site, old_site, [record])
    assert sorted(p.name for p in (new_site / ARCHIVE).iterdir()) == ["other", "r1"]
    assert len(dropped) == 1 and "shop: the edition of run r2" in dropped[0]
    assert read.count("r3") == 1, "the newest run is read once, not once an edition"
