"""The bundle described as a Research Object Crate, so that others' tools can read what it holds.

Each execution of a notebook is a ``CreateAction``, as the Process Run Crate profile has it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workbench.bundle.parts import CRATE, FACTS, PROJECT, RUN, SITE, STUDY
from workbench.bundle.seal import sha256
from workbench.runs.records.record import RunRecord
from workbench.study import Study
from workbench.study.fields import english

if TYPE_CHECKING:
    from rocrate.model import Entity

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_VERSION = "1.1"
_TOOL = "#workbench"
_NO_LICENCE = "not stated"
_FORMATS = {
    ".ipynb": "application/x-ipynb+json", ".json": "application/json", ".html": "text/html",
    ".csv": "text/csv", ".tsv": "text/tab-separated-values", ".yml": "application/yaml",
    ".parquet": "application/vnd.apache.parquet", ".svg": "image/svg+xml", ".css": "text/css",
    ".png": "image/png", ".js": "text/javascript", ".md": "text/markdown", ".qmd": "text/markdown",
    ".woff2": "font/woff2",
}  # fmt: skip


def crate_of(
    study: Study, run: RunRecord, facts: Mapping[str, Any], files: Mapping[str, bytes]
) -> bytes:
    """Describe the files of a bundle.

    Parameters
    ----------
    study : Study
        The study's card.
    run : RunRecord
        The run.
    facts : mapping
        What the bundle says of itself.
    files : mapping of str to bytes
        What it holds, but for this description and the manifest.
    """
    from rocrate.model import ContextEntity
    from rocrate.rocrate import ROCrate

    crate = ROCrate(gen_preview=False, version=_VERSION)
    crate.name = f"{english(study.title)}, run {run.run}"
    about = english(study.description) or english(study.title)
    crate.description = f"{about} Executed notebooks, results, pages and what they were made from."
    crate.datePublished = facts["made"]
    crate.license = study.licence or _NO_LICENCE
    crate.root_dataset["identifier"] = run.run
    profile = crate.add(
        ContextEntity(
            crate, PROFILE, properties={"@type": "CreativeWork", "name": "Process Run Crate"}
        )
    )
    crate.root_dataset["conformsTo"] = profile
    parts = {name: _file(crate, name, content) for name, content in sorted(files.items())}
    for name, what in (*facts["inputs"].items(), *facts["left_out"].items()):
        if what.get("why"):  # described, and not there
            about_it = {
                "@type": "CreativeWork",
                "name": name,
                "sha256": what["sha256"],
                "description": f"Not in the crate: {what['why']}.",
            }
            parts[f"{STUDY}/{name}"] = crate.add(
                ContextEntity(crate, f"#left-out/{name}", properties=about_it)
            )
    tool = crate.add(ContextEntity(crate, _TOOL, properties=_of_the_tool(facts)))
    read = [parts[f"{STUDY}/{name}"] for name in facts["inputs"] if f"{STUDY}/{name}" in parts]
    for key, step in run.notebooks.items():
        page = f"{RUN}/notebooks/{key}.ipynb"
        if page not in parts:
            continue
        source = f"{PROJECT}/notebooks/{step.notebook}.ipynb"
        given = [
            crate.add(
                ContextEntity(
                    crate,
                    f"#{key}/{name}",
                    properties={"@type": "PropertyValue", "name": name, "value": str(value)},
                )
            )
            for name, value in step.parameters.items()
        ]
        made = [
            parts[page],
            *(p for n, p in parts.items() if n.startswith(f"{RUN}/results/{key}/")),
        ]
        crate.add_action(
            tool,
            identifier=f"#run/{key}",
            object=[*([parts[source]] if source in parts else []), *read, *given],
            result=made,
            properties={
                "name": f"Execution of the notebook {key}",
                "endTime": step.executed,
                "actionStatus": "http://schema.org/CompletedActionStatus",
            },
        )
    for name in (f"{SITE}/index.html", FACTS):
        if name in parts:
            crate.root_dataset.append_to("mentions", parts[name])
    content = crate.metadata.generate()
    content["@graph"].sort(key=lambda each: (each["@id"] not in (CRATE, "./"), each["@id"]))
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _of_the_tool(facts: Mapping[str, Any]) -> dict[str, str]:
    code = facts["code"]
    return {
        "@type": "SoftwareApplication",
        "name": "customer-workbench",
        "softwareVersion": code["version"] or "not installed",
        "identifier": code["commit"] or code["sha256"],
        "softwareRequirements": f"Python {facts['environment']['python']}",
    }


def crate_contradicts(
    content: bytes, facts: Mapping[str, Any], card: Mapping[str, Any]
) -> list[str]:
    """Hold what a description says of the whole against what the bundle and its card say."""
    known = {each.get("@id"): each for each in json.loads(content)["@graph"]}
    root, tool = known.get("./", {}), known.get(_TOOL, {})
    meant = {
        "identifier": facts["run"],
        "datePublished": facts["made"],
        "license": str(card.get("licence") or _NO_LICENCE),
    }
    pairs = [(root, meant), (tool, _of_the_tool(facts))]
    return [
        f"its {key} is {_text(entity.get(key))!r}, and the bundle's is {value!r}"
        for entity, wanted in pairs
        for key, value in wanted.items()
        if _text(entity.get(key)) != value
    ]


def _text(value: Any) -> str:
    return str(value.get("@id")) if isinstance(value, Mapping) else str(value)


def _file(crate: Any, name: str, content: bytes) -> Entity:
    ending = f".{name.rpartition('.')[2]}"
    about = {
        "name": name,
        "contentSize": str(len(content)),
        "sha256": sha256(content),
        "encodingFormat": _FORMATS.get(ending, "text/plain"),
    }
    return crate.add_file(dest_path=name, properties=about)


def crate_faults(content: bytes, files: Mapping[str, bytes]) -> list[str]:
    """Hold a description against the RO-Crate specification and against what is there.

    Returns
    -------
    list of str
        What is wrong, a sentence each.
    """
    try:
        graph = json.loads(content)["@graph"]
        known = {each["@id"]: each for each in graph}
        root = known[known[CRATE]["about"]["@id"]]
    except (ValueError, KeyError, TypeError) as error:
        return [f"it is no RO-Crate: {type(error).__name__} {error}"]
    wrong = []
    if not str(known[CRATE].get("conformsTo", {}).get("@id", "")).startswith(
        "https://w3id.org/ro/crate/"
    ):
        wrong.append("it does not say which specification it follows")
    wrong += [
        f"the root has no {key}"
        for key in ("name", "description", "datePublished", "license")
        if not root.get(key)
    ]
    parts = {each["@id"] for each in root.get("hasPart", ())}
    for name in sorted(parts | set(files)):
        about = known.get(name)
        if name not in files:
            wrong.append(f"{name} is described, and not there")
        elif about is None or name not in parts:
            wrong.append(f"{name} is there, and not described")
        elif about.get("sha256") != sha256(files[name]):
            wrong.append(f"{name} has another sha256")
        elif about.get("contentSize") != str(len(files[name])):
            wrong.append(f"{name} has another size")
    mentioned = {ref for each in graph for ref in _references(each)}
    wrong += [f"{ref} is referred to, and not described" for ref in sorted(mentioned - set(known))
              if ref.startswith("#")]  # fmt: skip
    return wrong


def _references(entity: Mapping[str, Any]) -> set[str]:
    found = set()
    for value in entity.values():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Mapping) and set(one) == {"@id"}:
                found.add(str(one["@id"]))
    return found
