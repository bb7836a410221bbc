"""Brings tables from a live source through dlt, as files that a study can start from.

dlt has sources for many systems that are kept up by others (Shopify, Stripe, HubSpot, Salesforce,
Zendesk and more; ``dlt init NAME duckdb`` puts one into the project's folder), and a general one
for REST interfaces, whose description may stand in a YAML file.
"""

from __future__ import annotations

import importlib
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from workbench.new.columns.proposal import StarterError

_OWN = "_dlt"
#: Systems with a source that dlt's people keep: its module and function, after `dlt init`.
KEPT = {
    "shopify": "shopify_dlt:shopify_source", "stripe": "stripe_analytics:stripe_source",
    "hubspot": "hubspot:hubspot", "salesforce": "salesforce:salesforce_source",
    "zendesk": "zendesk:zendesk_support", "pipedrive": "pipedrive:pipedrive_source",
    "freshdesk": "freshdesk:freshdesk_source",
}  # fmt: skip
#: Systems whose interface can be described in a YAML file, and those that have none for this.
_DESCRIBED = ("zoho", "zoho crm")
_FILES_ALONE = (
    "纷享销客", "fxiaoke", "有赞", "youzan", "淘宝", "taobao", "支付宝", "alipay", "微信支付",
    "wechat pay", "问卷星", "wenjuanxing",
)  # fmt: skip


def pull(named: str, folder: Path, *, root: Path | None = None) -> list[Path]:
    """Load a source and give one Parquet file a table.

    Parameters
    ----------
    named : str
        ``module:function`` of a dlt source, such as ``stripe_analytics:stripe_source``, or a YAML
        file with the ``client`` and ``resources`` of a REST interface.
    folder : Path
        Where the files go.
    root : Path, optional
        The project's folder: sources that ``dlt init`` put there are found, and its ``.dlt``
        with the secrets.

    Raises
    ------
    StarterError
        If dlt is not installed, or the source is not there or cannot be loaded.
    """
    described = named.endswith((".yml", ".yaml"))
    if not described and not re.fullmatch(r"[\w.]+:\w+", named):
        raise StarterError(
            f"{named!r} names no source", where="--live", remedy=_what_there_is(named)
        )
    dlt = _dlt()
    source = _of_yaml(Path(named)) if described else _of_code(named, root)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="workbench-") as scratch:
        pipeline = dlt.pipeline(
            "workbench",
            pipelines_dir=scratch,
            destination=dlt.destinations.duckdb(str(Path(scratch) / "brought.duckdb")),
            dataset_name="tables",
        )
        try:
            pipeline.run(source)
            found = pipeline.dataset()
            names = [name for name in found.tables if not name.startswith(_OWN)]
            return [_written(name, found[name].arrow(), folder) for name in sorted(names)]
        except Exception as error:  # whatever a source raises
            raise StarterError(
                f"the source could not be loaded: {str(error).strip().splitlines()[-1]}",
                where=named,
                remedy="look at its address and secrets (.dlt/secrets.toml)",
            ) from error


def _written(name: str, table: Any, folder: Path) -> Path:
    table = table if isinstance(table, pa.Table) else table.read_all()
    kept = [c for c in table.column_names if not c.startswith(_OWN)]
    path = folder / f"{name}.parquet"
    pq.write_table(table.select(kept), path)
    return path


def _dlt() -> Any:
    try:
        return importlib.import_module("dlt")
    except ImportError:
        raise StarterError(
            "dlt is not installed",
            where="--live",
            remedy='pip install "customer-workbench[live]"',
        ) from None


def _of_yaml(path: Path) -> Any:
    if not path.is_file():
        raise StarterError(
            "there is no such description of a source",
            where=str(path),
            remedy="write one with `client: {base_url: ...}` and `resources: [...]`",
        )
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(config, dict) or not {"client", "resources"} <= set(config):
        raise StarterError(
            "the description lacks `client` or `resources`",
            where=str(path),
            remedy="see dlt's documentation of its REST source; its keys are those of the file",
        )
    rest = importlib.import_module("dlt.sources.rest_api")
    return rest.rest_api_source(config)


def _what_there_is(system: str) -> str:
    """Say how the tables of a system can be had, or that files must do."""
    plain = re.sub(r"[\W_]+", " ", system).strip().casefold()
    if source := KEPT.get(plain):
        module = source.partition(":")[0]
        return f"run `dlt init {module} duckdb` in the project's folder, then: --live {source}"
    if plain in _DESCRIBED:
        return (
            "no source for it is kept up; describe its REST interface in a YAML file (client,"
            " resources), or export files and use --from"
        )
    if plain in _FILES_ALONE:
        return "no live source is known for it: export files and use --from"
    return (
        "write module:function, or a YAML file with client and resources; sources are kept up for"
        f" {', '.join(KEPT)}"
    )


def _of_code(named: str, root: Path | None) -> Any:
    module, function = named.split(":")
    if root is not None and str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        return getattr(importlib.import_module(module), function)()
    except (ImportError, AttributeError) as error:
        raise StarterError(
            f"the source cannot be found: {error}",
            where=named,
            remedy=f"put it into the project's folder, such as with: dlt init {module} duckdb",
        ) from None
