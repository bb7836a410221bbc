"""A bundle is verified elsewhere; whatever of it is altered is named with its place."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest

from tests.bundle.conftest import Shop
from workbench.bundle.crate import crate_of
from workbench.bundle.pack import Packed
from workbench.bundle.parts import CRATE, FACTS, BundleError, read_bundle
from workbench.bundle.seal import MANIFEST, manifest_of, sealed
from workbench.bundle.verify import verify

PAGE = "site/studies/shop/spend.html"
NOTEBOOK = "run/notebooks/spend.ipynb"
TABLE = "run/results/spend/by_month.parquet"
NUMBERS = "run/results/spend/estimates.json"

Files = Mapping[str, bytes]


def swapped(content: bytes, old: str, new: str) -> bytes:
    assert old.encode() in content, f"{old!r} is not there to be altered"
    return content.replace(old.encode(), new.encode(), 1)


def altered_table(content: bytes) -> bytes:
    frame = pd.read_parquet(io.BytesIO(content))
    frame.loc[4, "count"] += 1
    return frame.to_parquet(index=False)


def altered_csv(content: bytes) -> bytes:
    lines = content.decode().split("\n")
    lines[17] = lines[17].replace("K", "J")
    return "\n".join(lines).encode()


def altered_output(content: bytes) -> bytes:
    book = json.loads(content)
    out = book["cells"][-1]["outputs"][0]["data"]
    kind = "text/markdown"
    out[kind] = "".join(out[kind]).replace("240", "241")
    return (json.dumps(book, ensure_ascii=False, indent=1) + "\n").encode()


#: What is altered -> (file, how, what the report must name).
TAMPERED: dict[str, tuple[str, Callable[[bytes], bytes | None], str]] = {
    "a digit on a page": (PAGE, lambda c: swapped(c, "240 purchases", "241 purchases"), "line"),
    "a digit that a page carries": (PAGE, lambda c: swapped(c, 'data-number="', 'data-number="1'),
                                    "line"),
    "a verdict on a page": (PAGE, lambda c: swapped(c, 'data-verdict="shown"',
                                                    'data-verdict="none"'), "line"),
    "a row of the data": ("study/transactions.csv", altered_csv, "line 18"),
    "a cell of a result": (TABLE, altered_table, "row 5, column count"),
    "a stored number": (NUMBERS, lambda c: swapped(c, '"low": 3.0', '"low": 4.0'), "line"),
    "an output of a notebook": (NOTEBOOK, altered_output, "cell 8 (c3)"),
    "a version in the lock": ("project/requirements.lock", lambda c: swapped(c, "numpy==2",
                                                                             "numpy==3"), "line"),
    "the card": ("study/study.yml", lambda c: swapped(c, "EUR", "USD"), "line 2"),
    "the description": (CRATE, lambda c: swapped(c, "MIT", "GPL"), "line"),
    "the record of the run": ("run/run.json", lambda c: swapped(c, '"seed": 7', '"seed": 8'),
                              "line"),
    "the code that ran": ("project/notebooks/spend.ipynb",
                          lambda c: swapped(c, "mean()", "median()"), "cell 5 (c1)"),
    "a figure or style": ("site/theme/page.css", lambda c: c + b"\n/* */", "line"),
    "a file taken away": (NUMBERS, lambda c: None, ""),
}  # fmt: skip


@pytest.mark.long
def test_a_bundle_is_verified_and_runs_again_to_the_same_digits(packed: Packed) -> None:
    found = verify(packed.path, seal=packed.seal[:16])
    assert found.ok, str(found)
    outcomes = {check.name: check.outcome for check in found.checks}
    assert set(outcomes.values()) == {"agrees"}
    said = {check.name: check.said for check in found.checks}
    assert "1 notebooks" in said["run again"] and "printed texts equal" in said["run again"]
    assert "state 1 facts" in said["numbers"]


@pytest.mark.parametrize("kind", TAMPERED)
def test_what_is_altered_is_named_with_its_place(
    kind: str, files: Files, tampered: Callable[..., Path]
) -> None:
    name, change, place = TAMPERED[kind]
    found = verify(tampered({name: change(files[name])}), pages=False, rerun=False)
    hashes = next(check for check in found.checks if check.name == "hashes")
    (fault,) = hashes.faults
    assert fault.where.startswith(name)
    assert place in fault.where


def test_an_added_file_and_one_put_twice_are_named(
    files: Files, tampered: Callable[..., Path], tmp_path: Path
) -> None:
    extra = {"run/results/spend/extra.json": b"{}"}
    found = verify(tampered(extra), pages=False, rerun=False)
    assert [f.where for f in found.faults if f.kind == "hash"] == ["run/results/spend/extra.json"]
    import zipfile

    path = tmp_path / "twice.zip"
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        for name, content in (*files.items(), (FACTS, files[FACTS])):
            archive.writestr(name, content)
    with pytest.raises(BundleError, match=f"holds {FACTS} twice"):
        verify(path)


def resealed(shop: Shop, changed: Mapping[str, bytes | None]) -> dict[str, bytes]:
    """Seal a changed bundle anew, description and all, as a clever forger would."""
    files = {n: d for n, d in changed.items() if d is not None and n not in (CRATE, MANIFEST)}
    files[CRATE] = crate_of(shop.study, shop.run, json.loads(files[FACTS]), files)
    return files | {MANIFEST: sealed(manifest_of(files))}


FORGED = {
    "a digit on a page": ("pages", f"{PAGE}, head"),
    "a digit that a page carries": ("numbers", PAGE),
    "a verdict on a page": ("verdicts", "finding verdict of spend"),
    "a row of the data": ("inputs", "study/transactions.csv"),
    "a cell of a result": ("record", "run/results/spend"),
    "a stored number": ("record", "run/results/spend"),
    "an output of a notebook": ("record", NOTEBOOK),
    "a version in the lock": ("lock file", "numpy"),
    "the card": ("inputs", "study/study.yml"),
    "the record of the run": ("record", "seeds, spend"),
    "the code that ran": ("record", "project/notebooks/spend.ipynb"),
    "a figure or style": ("pages", "site/theme/page.css"),
    "a file taken away": ("record", "run/results/spend"),
}


@pytest.mark.parametrize("kind", FORGED)
def test_what_was_altered_and_sealed_anew_does_not_fit_together(
    kind: str, shop: Shop, packed: Packed, files: Files, tampered: Callable[..., Path]
) -> None:
    name, change, _ = TAMPERED[kind]
    check, place = FORGED[kind]
    path = tampered(resealed(shop, {**files, name: change(files[name])}) | (
        {name: None} if change(files[name]) is None else {}))  # fmt: skip
    found = verify(path, seal=packed.seal, pages=check == "pages", rerun=False)
    by_name = {each.name: each for each in found.checks}
    assert by_name["hashes"].outcome == "agrees"
    assert by_name["seal"].outcome == "differs"
    assert any(place in fault.where for fault in by_name[check].faults), str(found)


@pytest.mark.long
def test_a_forger_who_changes_the_record_too_is_caught_by_the_new_run(
    shop: Shop, files: Files, tampered: Callable[..., Path]
) -> None:
    import hashlib

    numbers = swapped(files[NUMBERS], '"low": 3.0', '"low": 4.0')
    record = json.loads(files["run/run.json"])
    changed = {**files, NUMBERS: numbers}
    digest = hashlib.sha256()
    start = "run/results/spend/"
    for name in sorted(n for n in changed if n.startswith(start)):
        digest.update(name.removeprefix(start).encode() + b"\0")
        digest.update(hashlib.sha256(changed[name]).digest())
    record["notebooks"]["spend"]["results"] = digest.hexdigest()
    changed["run/run.json"] = json.dumps(record).encode()
    found = verify(tampered(resealed(shop, changed)), pages=False)
    faults = next(check for check in found.checks if check.name == "run again").faults
    assert [fault.where for fault in faults] == [f"{NUMBERS}, spend.mean.low"]
    assert "4.0" in faults[0].what and "3.0" in faults[0].what


def test_pages_of_another_version_are_held_to_their_numbers(
    files: Files, tampered: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import workbench.bundle.verify as room

    monkeypatch.setattr(room, "code_digest", lambda: "another")
    laid_out_otherwise = swapped(files[PAGE], "<main", '<p class="new">Contents</p><main')
    found = verify(tampered({PAGE: laid_out_otherwise}), rerun=False)
    pages = next(check for check in found.checks if check.name == "pages")
    assert pages.outcome == "not checked" and "another version" in pages.said
    altered = swapped(files[PAGE], "240 purchases", "241 purchases")
    found = verify(tampered({PAGE: altered}), rerun=False)
    pages = next(check for check in found.checks if check.name == "pages")
    assert any("241 stands in no executed notebook" in f.what for f in pages.faults)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"no archive at all"])
def test_what_is_no_bundle_is_said_to_be_none(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"no bundle|cut off"):
        verify(path)


def test_a_name_that_leads_out_is_refused(tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../outside.txt", "x")
    with pytest.raises(BundleError, match="leads out of it"):
        read_bundle(path)


@pytest.mark.parametrize("seal", ["", "nonsense!", "1234"])
def test_a_seal_that_is_none_is_refused_or_said_to_be_missing(packed: Packed, seal: str) -> None:
    if seal:
        with pytest.raises(BundleError, match="is no seal"):
            verify(packed.path, seal=seal)
    else:
        found = verify(packed.path, pages=False, rerun=False)
        checks = {check.name: check for check in found.checks}
        assert checks["seal"].outcome == "not checked"
