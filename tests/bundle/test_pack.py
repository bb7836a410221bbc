"""What goes into a bundle and what does not; the twin; the reviewer's report."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from rocrate.rocrate import ROCrate

from tests.bundle.conftest import Shop
from workbench.bundle.crate import crate_faults
from workbench.bundle.pack import Packed, choose_run
from workbench.bundle.parts import CRATE, FACTS, BundleError, read_bundle, write_bundle
from workbench.bundle.people import people_in
from workbench.bundle.review import checklist, write_report
from workbench.bundle.verify import verify


@pytest.fixture(scope="module")
def bare(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Packed:
    """The bundle without data."""
    return shop.pack(tmp_path_factory.mktemp("bare") / "bare.zip")


def test_without_data_no_row_of_a_person_is_in_it_and_all_is_still_accounted_for(
    shop: Shop, bare: Packed
) -> None:
    bundle = read_bundle(bare.path)
    names = set(bundle.files)
    assert not any(name.endswith("transactions.csv") for name in names)
    assert "run/results/spend/buyers.parquet" not in names
    assert "run/results/spend/by_month.parquet" in names
    left = bundle.facts["left_out"]["run/results/spend/buyers.parquet"]
    assert left["rows"] == 40 and left["columns"] == ["customer_id", "amount"]
    assert (
        bundle.facts["inputs"]["transactions.csv"]["sha256"] == shop.run.inputs["transactions.csv"]
    )
    # as words: letters that happen to stand so within a font or a digest are nobody
    someone = re.compile(rb"(?<![0-9A-Za-z+/=])K0[0-3][0-9](?![0-9A-Za-z+/=])")
    assert [name for name, content in bundle.files.items() if someone.search(content)] == []
    found = verify(bare.path, seal=bare.seal, pages=False)
    assert found.ok, str(found)
    (rerun,) = [check for check in found.checks if check.name == "run again"]
    assert rerun.outcome == "not checked"


def test_it_says_what_it_is_of(bare: Packed, shop: Shop) -> None:
    facts = read_bundle(bare.path).facts
    assert facts["seeds"] == {"spend": 7}
    assert facts["environment"]["python"] and facts["environment"]["packages"]["pandas"]
    assert facts["code"]["sha256"] and facts["run"] == shop.run.run


def test_its_description_is_a_crate_that_the_reference_library_reads(
    bare: Packed, tmp_path: Path
) -> None:
    with zipfile.ZipFile(bare.path) as archive:
        archive.extractall(tmp_path)
    crate = ROCrate(tmp_path)
    assert crate.root_dataset["license"] == "MIT"
    actions = [each for each in crate.contextual_entities if each.type == "CreateAction"]
    assert [each["name"] for each in actions] == ["Execution of the notebook spend"]
    page = crate.dereference("run/notebooks/spend.ipynb")
    assert page in actions[0]["result"]
    bundle = read_bundle(bare.path)
    files = {n: d for n, d in bundle.files.items() if n not in (CRATE, "manifest.json")}
    assert crate_faults(bundle.files[CRATE], files) == []
    assert crate_faults(b'{"@graph": []}', files)


@pytest.mark.long
def test_a_twin_is_run_in_the_place_of_the_study(shop: Shop, tmp_path: Path) -> None:
    packed = shop.pack(tmp_path / "twin.zip", data="twin")
    bundle = read_bundle(packed.path)
    twin = pd.read_csv(io.BytesIO(bundle.files["twin/transactions.csv"]))
    assert list(twin.columns) == ["customer_id", "date", "amount"]
    assert not twin["customer_id"].isin([f"K{i:03d}" for i in range(40)]).any()
    assert b"simulated: true" in bundle.files["twin/study.yml"]
    found = verify(packed.path, seal=packed.seal, pages=False)
    assert found.ok, str(found)
    (rerun,) = [check for check in found.checks if check.name == "run again"]
    assert rerun.outcome == "agrees" and rerun.said.startswith("the twin of the study")


def test_data_of_persons_do_not_go_along(shop: Shop, tmp_path: Path) -> None:
    real = replace(shop, study=shop.study.model_copy(update={"simulated": False}))
    with pytest.raises(BundleError, match="of persons") as told:
        real.pack(tmp_path / "x.zip", data="include")
    assert "--data twin" in str(told.value)
    assert not (tmp_path / "x.zip").exists()


def test_data_that_changed_since_the_run_do_not_go_along(shop: Shop, tmp_path: Path) -> None:
    inputs = {**shop.run.inputs, "transactions.csv": "0" * 64}
    with pytest.raises(BundleError, match="not what it was when the study ran"):
        replace(shop, run=replace(shop.run, inputs=inputs)).pack(tmp_path / "x.zip", data="include")
    card = {**shop.run.inputs, "study.yml": "0" * 64}
    with pytest.raises(BundleError, match=r"study\.yml is not what it was"):
        replace(shop, run=replace(shop.run, inputs=card)).pack(tmp_path / "x.zip")


def test_a_notebook_that_was_edited_since_is_refused(shop: Shop, tmp_path: Path) -> None:
    step = replace(shop.run.notebooks["spend"], text="0" * 64)
    run = replace(shop.run, notebooks={"spend": step})
    with pytest.raises(BundleError, match="edited after this run"):
        replace(shop, run=run).pack(tmp_path / "x.zip")


def test_a_run_is_chosen_or_named(shop: Shop) -> None:
    assert choose_run(shop.root, "shop").run == shop.run.run
    assert choose_run(shop.root, "shop", shop.run.run[:8]).run == shop.run.run
    with pytest.raises(BundleError, match="of 0 runs of nobody"):
        choose_run(shop.root, "nobody")


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("run/notebooks/a.ipynb", "Called Ms Lee-Whitby twice", "cell 1"),
        ("run/results/a/findings.json", '[{"text": "Ms Lee-Whitby called"}]', ""),
        ("site/a.html", "<p>Ms Lee-Whitby</p>", ""),
    ],
)
def test_customers_are_found_in_what_would_go_along(name: str, content: str, place: str) -> None:
    data = content.encode()
    if name.endswith(".ipynb"):
        cell = nbformat.v4.new_code_cell(
            "x", outputs=[nbformat.v4.new_output("stream", text=content)]
        )
        data = json.dumps(nbformat.v4.new_notebook(cells=[cell])).encode()
    names = {"Lee-Whitby", "Ann Nobody"}
    assert list(people_in(name, data, names)) == [(place, "Lee-Whitby")]
    assert not list(people_in(name, b"{}" if name.endswith("b") else b"", names))


def test_customers_in_a_stored_table_are_found() -> None:
    frame = pd.DataFrame({"n": [1, 2], "owner": ["Zhang Sanfeng", "x"]})
    found = list(people_in("run/results/a/b.parquet", frame.to_parquet(), {"Zhang Sanfeng"}))
    assert found == [("column owner", "Zhang Sanfeng")]


def test_the_reviewers_report_says_what_was_checked_and_what_was_not(
    bare: Packed, tmp_path: Path
) -> None:
    import docx

    found = verify(bare.path, pages=False)
    items = {each.question: each for each in checklist(found)}
    again = next(each for q, each in items.items() if "run again" in q)
    assert again.answer == "cannot be told"
    assert items["Are rows of persons left out?"].answer == "yes"
    assert items["Does the card say what the data are and where they are from?"].fact == (
        "there: title, licence; missing: description, origin"
    )
    for ending in (".html", ".docx"):
        write_report(found, tmp_path / f"report{ending}")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert found.seal in page and "transactions.csv" in page and "<script" not in page
    document = docx.Document(str(tmp_path / "report.docx"))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    assert {each.fact for each in items.values()} <= set(cells)
    assert found.facts["run"] in document.paragraphs[1].text
    with pytest.raises(BundleError, match=r"\.html or \.docx"):
        write_report(found, tmp_path / "report.pdf")


def test_a_report_names_what_differs(bare: Packed, tmp_path: Path) -> None:
    bundle = read_bundle(bare.path)
    write_bundle({**bundle.files, "run/extra.json": b"{}"}, tmp_path / "changed.zip")
    found = verify(tmp_path / "changed.zip", pages=False)
    write_report(found, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "run/extra.json" in page and "places differ" in page


def test_a_bundle_that_does_not_say_what_it_is_of_is_named_with_the_place(
    bare: Packed, tmp_path: Path
) -> None:
    bundle = read_bundle(bare.path)
    facts = bundle.files[FACTS].replace(b'"seeds"', b'"sowed"')
    write_bundle({**bundle.files, FACTS: facts}, tmp_path / "changed.zip")
    found = verify(tmp_path / "changed.zip")
    assert any(fault.where.startswith(f"{FACTS}, line") for fault in found.faults)
    assert "does not say its seeds" in str(found)
    write_report(found, tmp_path / "report.html")
    assert "cannot be read" in (tmp_path / "report.html").read_text(encoding="utf-8")
