"""What code says: the same code whatever its comments, and reads that nobody can see."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

#: Marks a notebook that may show its own docstrings or source: every word of its code counts.
EVERY_WORD = "every word"
#: Modules that open files, databases or connections in compiled code or another process, where
#: no hook of Python's hears it.
_READERS = frozenset((
    # engines and databases
    "duckdb", "ibis", "polars", "pyspark", "datafusion", "chdb", "sqlite3", "sqlalchemy", "sqlglot",
    "psycopg", "psycopg2", "asyncpg", "pymysql", "MySQLdb", "pyodbc", "oracledb", "cx_Oracle",
    "pymongo", "redis", "connectorx", "turbodbc", "snowflake", "clickhouse_connect", "dask",
    "modin", "vaex", "cudf", "databricks", "trino", "prestodb", "pyhive", "kuzu", "lancedb",
    # formats read by compiled code
    "pyarrow", "fastparquet", "h5py", "tables", "netCDF4", "xarray", "zarr", "pyreadstat",
    "pyreadr", "python_calamine", "fastexcel", "lxml", "cv2", "fiona", "pyogrio", "geopandas",
    "rasterio", "osgeo", "datasets", "deltalake", "pyiceberg", "avro", "fastavro", "pyorc",
    # other machines
    "socket", "ssl", "urllib", "http", "ftplib", "smtplib", "imaplib", "poplib", "telnetlib",
    "xmlrpc", "requests", "httpx", "aiohttp", "urllib3", "websockets", "grpc", "boto3", "botocore",
    "fsspec", "s3fs", "gcsfs", "adlfs", "paramiko", "pandas_datareader", "yfinance", "kaggle",
    "huggingface_hub", "gspread", "google", "azure",
    # other processes and other languages
    "subprocess", "multiprocessing", "concurrent", "joblib", "loky", "ctypes", "cffi", "rpy2",
    "julia", "juliacall", "matlab", "sh", "pexpect", "_winapi", "_posixsubprocess",
))  # fmt: skip
_BLAMELESS = frozenset(("urllib.parse", "urllib.error", "google.protobuf"))
#: Ways to such a reader that no import tells of.
_WAYS = frozenset((
    "raw_sql", "get_backend", "read_hdf", "read_spss", "read_gbq", "read_sql", "read_sql_query",
    "read_sql_table", "read_clipboard",
))  # fmt: skip
_SPAWNS = frozenset(("system", "popen", "fork", "forkpty", "posix_spawn", "startfile"))
_HARMLESS_MAGICS = frozenset(("matplotlib", "config", "time", "timeit", "capture", "precision"))
_INSPECTS = frozenset((
    "__doc__", "getdoc", "getsource", "getsourcelines", "getcomments", "help", "pinfo", "pinfo2",
    "psource", "pdoc", "doctest",
))  # fmt: skip


def code_digest(path: Path) -> str:
    """Hash a module twice: as it is written, and without comments and docstrings."""
    written = path.read_bytes()
    whole = hashlib.sha256(written).hexdigest()
    if path.suffix != ".py":
        return f"{whole}:{whole}"
    try:
        tree = ast.parse(written)
    except (SyntaxError, ValueError):
        return f"{whole}:{whole}"
    if not speaks_of_itself(tree):
        _drop_docstrings(tree)
    return f"{whole}:{hashlib.sha256(ast.dump(tree).encode()).hexdigest()}"


def speaks_of_itself(code: str | ast.AST) -> bool:
    """Whether code asks for docstrings or source, which then are data as others are."""
    tree = code if isinstance(code, ast.AST) else _parsed(code)[0]
    for node in ast.walk(tree):
        named = getattr(node, "attr", None) or getattr(node, "id", None)
        if named in _INSPECTS:
            return True
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None), *(each.name for each in node.names)]
            if {"inspect", "doctest", "pydoc", *_INSPECTS} & {n for n in names if n}:
                return True
    return False


def beyond_in(code: str) -> Iterator[str]:
    """Say of each way in which code reads what cannot be seen that it does.

    Parameters
    ----------
    code : str
        Of a cell or a module.
    """
    tree, magics = _parsed(code)
    for magic in magics:
        if magic == "!":
            yield "it runs a command of the shell"
        elif magic == "?":
            yield "a cell could not be read as Python"
        elif magic not in _HARMLESS_MAGICS:
            yield f"it uses the magic %{magic}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from _imported(each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from _imported([node.module])
            if node.module == "os":
                yield from (f"it calls os.{a.name}" for a in node.names if a.name in _SPAWNS)
        elif isinstance(node, ast.Attribute):
            yield from _reached(node)
        elif isinstance(node, ast.Call):
            yield from _called(node)


def _imported(names: Iterator[str] | list[str]) -> Iterator[str]:
    for name in names:
        if name.partition(".")[0] in _READERS and name not in _BLAMELESS:
            yield f"it imports {name}"


def _reached(node: ast.Attribute) -> Iterator[str]:
    of = node.value.id if isinstance(node.value, ast.Name) else ""
    if node.attr in _WAYS or node.attr in ("duckdb", "ibis", "polars", "sqlite3", "subprocess"):
        yield f"it uses {node.attr}"
    elif of == "os" and (node.attr in _SPAWNS or node.attr.startswith(("exec", "spawn"))):
        yield f"it calls os.{node.attr}"
    elif node.attr == "connection" and isinstance(node.value, ast.Attribute):
        yield "it uses the engine's own connection"


def _called(node: ast.Call) -> Iterator[str]:
    function = node.func
    name = getattr(function, "id", None) or getattr(function, "attr", "")
    if name not in ("import_module", "__import__"):
        return
    first = node.args[0] if node.args else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        yield from _imported([first.value])
    else:
        yield "it imports a module whose name only it knows"


def _parsed(code: str) -> tuple[ast.AST, list[str]]:
    """Parse a cell; lines that are no Python are told by their magic: `!`, or `?` for the rest."""
    try:
        return ast.parse(code), []
    except (SyntaxError, ValueError):
        pass
    magics, kept = [], []
    for line in code.splitlines():
        bare = line.strip()
        if bare.startswith("%%"):
            magics.append(bare[2:].split(" ")[0])
        elif bare.startswith("%"):
            magics.append(bare[1:].split(" ")[0])
        elif bare.startswith("!"):
            magics.append("!")
        elif bare.endswith("?") or bare.startswith("?"):
            kept.append("help()")
        else:
            kept.append(line)
    try:
        return ast.parse("\n".join(kept)), magics
    except (SyntaxError, ValueError):
        return ast.Module([], []), [*magics, "?"]


def _drop_docstrings(tree: ast.AST) -> None:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        first = node.body[0] if node.body else None
        if (
            isinstance(first, ast.Expr)
            and isinstance(first.value, ast.Constant)
            and isinstance(first.value.value, str)
        ):
            node.body = node.body[1:]
