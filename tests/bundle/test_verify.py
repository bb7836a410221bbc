"""A bundle is verified elsewhere; whatever of it is altered is named with its place."""

from __future__ import annotations

import base64
import fnmatch
import io
import json
import os
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import pandas as pd
import pytest

from tests.bundle.conftest import Shop
from workbench.bundle.crate import crate_of
from workbench.bundle.pack import Packed
from workbench.bundle.parts import CRATE, FACTS, BundleError, read_bundle, write_bundle
from workbench.bundle.seal import MANIFEST, broken_seals, manifest_of, sealed
from workbench.bundle.verify import Verification, verify

TABLE_OF_KINDS = Path(__file__).parents[2] / "benchmarks/tampering.md"
PAGE = "site/studies/shop/spend.html"
NOTEBOOK = "run/notebooks/spend.ipynb"
TABLE = "run/results/spend/by_month.parquet"
NUMBERS = "run/results/spend/estimates.json"
FINDINGS = "run/results/spend/findings.json"
PLAN = "study/plans/desk.jsonl"
EDITION = "site/archive/????????T??????Z-??????/studies/shop/spend.html"

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
    told = next(cell for cell in book["cells"] if cell["id"] == "c3")
    out = told["outputs"][0]["data"]
    kind = "text/markdown"
    out[kind] = "".join(out[kind]).replace("240", "241")
    return (json.dumps(book, ensure_ascii=False, indent=1) + "\n").encode()


def altered_download(content: bytes) -> bytes:
    """Change a digit in the table that a page offers as a file."""
    start, mark, rest = content.partition(b"data:text/csv;charset=utf-8;base64,")
    code, quote, end = rest.partition(b'"')
    table = swapped(base64.b64decode(code), "1,20,", "1,21,")
    return start + mark + base64.b64encode(table) + quote + end


def later_plan(content: bytes) -> bytes:
    return swapped(content, '"indicator": "sales"', '"indicator": "churn"')


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
    "the card": ("study/study.yml", lambda c: swapped(c, "EUR", "USD"), "line 8"),
    "the description": (CRATE, lambda c: swapped(c, "MIT", "GPL"), "line"),
    "the record of the run": ("run/run.json", lambda c: swapped(c, '"seed": 7', '"seed": 8'),
                              "line"),
    "the code that ran": ("project/notebooks/spend.ipynb",
                          lambda c: swapped(c, "mean()", "median()"), "cell 5 (c1)"),
    "a style": ("site/theme/page.css", lambda c: c + b"\n/* */", "line"),
    "a file taken away": (NUMBERS, lambda c: None, ""),
    "a figure": (PAGE, lambda c: swapped(c, '<path d="M 22.92', '<path d="M 22.93'), "line"),
    "a sentence of a finding": (FINDINGS, lambda c: swapped(c, "Spending rose", "Spending fell"),
                                "line 4"),
    "a download": (PAGE, altered_download, "line"),
    "an archived edition": (EDITION, lambda c: swapped(c, "240 purchases", "241 purchases"),
                            "line"),
    "the register of plans": (PLAN, later_plan, "line 1"),
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


def altered(files: Files, kind: str) -> dict[str, bytes | None]:
    """Give the files that one kind of tampering changes."""
    pattern, change, _ = TAMPERED[kind]
    (name,) = fnmatch.filter(files, pattern)
    return {name: change(files[name])}


@pytest.mark.parametrize("kind", TAMPERED)
def test_what_is_altered_is_named_with_its_place(
    kind: str, files: Files, tampered: Callable[..., Path]
) -> None:
    changed = altered(files, kind)
    found = verify(tampered(changed), pages=False, rerun=False)
    hashes = next(check for check in found.checks if check.name == "hashes")
    (fault,) = hashes.faults
    assert fault.where.startswith(next(iter(changed)))
    assert TAMPERED[kind][2] in fault.where


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
    "a style": ("pages", "site/theme/page.css"),
    "a figure": ("pages", f"{PAGE}, figure 1 (One bar a month."),
    "a download": ("pages", f"{PAGE}, under 'Spending rose to €11 (€3 to €9)', the file"),
    "an archived edition": ("pages", "site/archive/"),
    "a sentence of a finding": ("record", "run/results/spend"),
    "the register of plans": ("plans", f"{PLAN}, line 1"),
    "the description": ("description", CRATE),
    "a file taken away": ("record", "run/results/spend"),
}


def forged(kinds: Collection[str], shop: Shop, files: Files, tampered: Callable[..., Path]) -> Path:
    """Alter a bundle in some ways, and seal it anew."""
    changed: dict[str, bytes | None] = dict(files)
    for kind in kinds:
        changed |= altered({n: d for n, d in changed.items() if d is not None}, kind)
    gone = {name: None for name, data in changed.items() if data is None}
    return tampered(resealed(shop, changed) | gone)


@pytest.fixture(scope="module")
def forged_pages(shop: Shop, packed: Packed, files: Files, tmp_path_factory) -> Verification:
    """What comes of all that pages are forged in, at once: they are made anew once."""

    def write(changes: Mapping[str, bytes | None]) -> Path:
        path = tmp_path_factory.mktemp("forged") / "forged.zip"
        write_bundle({n: d for n, d in {**files, **changes}.items() if d is not None}, path)
        return path

    kinds = [kind for kind, (check, _) in FORGED.items() if check == "pages"]
    return verify(forged(kinds, shop, files, write), seal=packed.seal, rerun=False)


def place_of(where: str) -> str:
    """Write a place as it is every time: runs have names of their own, pages grow."""
    where = re.sub(r"\d{8}T\d{6}Z-[0-9a-f]{6}", "RUN", where)
    if where.startswith("study/"):
        return where
    return re.sub(r"lines? \d+( to \d+)?", "line N", where)


def test_the_table_of_tampering_says_what_is_named(packed: Packed, files: Files) -> None:
    lines = [
        "# What is altered in a bundle, and what names it",
        "",
        f"{len(TAMPERED)} kinds, tried by `tests/bundle/test_verify.py` on a small study: the"
        " file altered alone, and altered by somebody who writes the description and all hashes"
        " anew. Then the seal, told by another way, differs, too.",
        "",
        "| altered | the hashes name | sealed anew, it is named by |",
        "|---|---|---|",
    ]
    manifest = read_bundle(packed.path).manifest
    for kind in TAMPERED:
        changed = altered(files, kind)
        whole = {n: d for n, d in {**files, **changed}.items() if d is not None}
        (fault,) = broken_seals(manifest, whole)
        check, place = FORGED[kind]
        lines.append(f"| {kind} | {place_of(fault.where)} | {check}: {place_of(place)} |")
    made = "\n".join(lines) + "\n"
    if os.environ.get("WRITE_TABLES"):
        TABLE_OF_KINDS.write_text(made, encoding="utf-8")
    assert TABLE_OF_KINDS.read_text(encoding="utf-8") == made


@pytest.mark.parametrize("kind", FORGED)
def test_what_was_altered_and_sealed_anew_does_not_fit_together(
    kind: str,
    shop: Shop,
    packed: Packed,
    files: Files,
    tampered: Callable[..., Path],
    forged_pages: Verification,
) -> None:
    check, place = FORGED[kind]
    found = forged_pages
    if kind == "the description":  # and nothing else: the manifest alone is written anew
        changed = altered(files, kind)
        manifest = {MANIFEST: sealed(manifest_of({**files, **changed}))}
        found = verify(tampered(changed | manifest), seal=packed.seal, pages=False, rerun=False)
    elif check != "pages":
        path = forged([kind], shop, files, tampered)
        found = verify(path, seal=packed.seal, pages=False, rerun=False)
    by_name = {each.name: each for each in found.checks}
    assert by_name["hashes"].outcome == "agrees"
    assert by_name["seal"].outcome == "differs"
    assert any(place in fault.where for fault in by_name[check].faults), str(found)


def test_a_number_from_nowhere_is_said(
    shop: Shop, files: Files, tampered: Callable[..., Path]
) -> None:
    page = files[PAGE].replace(b"240 purchases", b"987,654 purchases")
    found = verify(tampered(resealed(shop, {**files, PAGE: page})), pages=False, rerun=False)
    traced = next(check for check in found.checks if check.name == "all numbers")
    assert traced.outcome == "not checked" and "found nowhere: 987,654 in" in traced.said


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
