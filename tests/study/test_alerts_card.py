"""The card's alerts: what is watched, what tables must keep to, and who is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from workbench.study import Addressee, StudyError, load_study
from workbench.study.alerts import TOPICS


def study_with(folder: Path, alerts: object) -> Path:
    (folder / "log.csv").write_text("customer_id,date\nA,2025-01-05\n", encoding="utf-8")
    card = {
        "title": "Shop", "as_of": "2025-06-30", "languages": ["en", "zh"],
        "tables": {"transactions": {"path": "log.csv"}}, "alerts": alerts,
    }  # fmt: skip
    path = folder / "study.yml"
    path.write_text(yaml.safe_dump(card, allow_unicode=True), encoding="utf-8")
    return path


def test_a_whole_section_is_read(tmp_path: Path) -> None:
    watch = [{"indicator": "sales", "by": "region"}, {"indicator": "sales", "every": "week"}]
    contract = {"days": 3, "values": {"channel": ["web", 1]}, "missing": {"amount": 0.02}}
    to = [{"name": "north", "address": "DIGEST_NORTH", "where": {"region": ["North", "East"]},
           "about": "moves", "language": "zh"}]  # fmt: skip
    section = {"watch": watch, "tables": {"transactions": contract}, "to": to,
               "site": "https://reports.example/shop"}  # fmt: skip
    alerts = load_study(study_with(tmp_path, section)).alerts
    assert alerts is not None
    assert [each.most for each in alerts.watch] == [24, 52]
    assert alerts.tables["transactions"].values == {"channel": ("web", "1")}
    (north,) = alerts.to
    assert north.about == ("moves",)
    assert [north.concerns("region", of) for of in ("North", "East", "West")] == [True, True, False]
    assert not north.concerns("channel", "North")
    assert not north.concerns("", "")
    everyone = Addressee(name="head", address="HEAD")
    assert (everyone.concerns("", ""), everyone.about) == (True, TOPICS)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"to": [{"name": "a", "address": "mailto://u:secret@host"}]}, "names an environment"),
        ({"to": [{"name": "a", "address": "A"}, {"name": "a", "address": "B"}]}, "'a' twice"),
        ({"to": [{"name": "a", "address": "A", "language": "fr"}]}, "'fr' is no language"),
        ({"to": [{"name": "a", "address": "A", "about": ["gossip"]}]}, "gossip"),
        ({"tables": {"transaction": {"days": 3}}}, "did you mean"),
        ({"watch": [{"indicator": "sales", "every": "day"}]}, "day"),
        ({"watch": [{"indicator": "sales", "baseline": 5}]}, "12"),
        ({"watch": [{"indicator": "sales"}, {"indicator": "sales"}]}, "'sales' twice"),
        ({"false_alarms": 0}, "false_alarms"),
        ({"site": "https://me:secret@reports.example"}, "without a password"),
        ({"site": "javascript:alert(1)"}, "the address of the published site"),
        ({"tables": {"transactions": {"missing": {"amount": 2}}}}, "missing"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, section: object, said: str) -> None:
    with pytest.raises(StudyError, match="alerts") as error:
        load_study(study_with(tmp_path, section))
    assert said in str(error.value)
    assert "secret" not in str(error.value).replace("which is a secret", "")
