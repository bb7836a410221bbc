"""The twin of a study in a bundle: its tables, its card, and what comes of it when it is run."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from workbench.bundle.pages import laid_out
from workbench.bundle.parts import STUDY, TWIN, TWIN_RUN, Bundle
from workbench.bundle.rerun import run_again
from workbench.data.clean.erasures import PLACE
from workbench.data.privacy.twin import twin_tables
from workbench.study import Study
from workbench.study.fields import LANGUAGES

_SAID = {
    "en": "These data are a synthetic twin: drawn column by column from rounded margins. They hold"
    " nobody, and their numbers mean nothing; they serve to run the study.",
    "zh": "这些数据是合成替身：按取整后的边际分布逐列抽取，不含任何真实客户，数字没有意义，"
    "仅供重新运行本研究。",
}
#: What the card says of how a file is laid out, which the twin's are not.
_OF_THE_FILE = ("header", "footer", "sheet", "encoding", "delimiter", "thousands")


def add_twin(bundle: Bundle, study: Study, watch: Callable[[str], None]) -> dict[str, bytes]:
    """Draw the twin of a study, run it as the study was run, and give all of it as files.

    Parameters
    ----------
    bundle : Bundle
        What is bundled so far.
    study : Study
        The study's card.
    watch : callable
        Is told what is being done.
    """
    watch("drawing the twin")
    tables = twin_tables(study, seed=int(bundle.facts["run"][-6:], 16))
    files = {f"{TWIN}/study.yml": _card(bundle.below(STUDY)["study.yml"], tables)}
    for name, frame in tables.items():
        text = io.StringIO()
        frame.to_csv(text, index=False)
        files[f"{TWIN}/{name}.csv"] = text.getvalue().encode()
    files |= {  # codebooks and the like
        f"{TWIN}/{name}": content
        for name, content in bundle.below(STUDY).items()
        if name.endswith((".yml", ".yaml")) and name not in ("study.yml", PLACE)
    }
    with laid_out(Bundle({**bundle.files, **files}, bundle.path), TWIN, run="") as root:
        record = run_again(root, study.name, bundle.record(), watch)
        for path in sorted(record.folder.rglob("*")):
            inside = path.relative_to(record.folder)
            kept = inside.parts[0] in ("notebooks", "results") or inside.name == "run.json"
            if path.is_file() and kept:
                files[f"{TWIN_RUN}/{inside.as_posix()}"] = path.read_bytes()
    return files


def _card(written: bytes, tables: Mapping[str, Any]) -> bytes:
    card = yaml.safe_load(written)
    languages = card.get("languages") or ["en"]
    card["simulated"] = True
    said = {x: _SAID[x] for x in LANGUAGES if x in languages} or {"en": _SAID["en"]}
    card["simulated_how"] = said
    card.pop("published", None)  # a twin comes to no published number
    for name in tables:
        table = card["tables"][name]
        for key in _OF_THE_FILE:
            table.pop(key, None)
        table["path"] = f"{name}.csv"
    return yaml.safe_dump(card, allow_unicode=True, sort_keys=False).encode()
