"""A Postgres server and a Spark server for tests, on this machine alone."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_USER = "workbench"


def free_port() -> int:
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        port: int = asking.getsockname()[1]
        return port


def _program(name: str) -> str | None:
    """Find a program of Postgres' server, which Debian keeps off the PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return shutil.which(name, path=os.pathsep.join([os.environ["PATH"], *map(str, versions)]))


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start a server with a folder of its own; give the address of its database."""
    make, serve = _program("initdb"), _program("postgres")
    if make is None or serve is None:
        pytest.skip("no Postgres server is installed")
    owner: dict[str, Any] = {}
    if os.getuid() == 0:  # it refuses to run as root
        import pwd

        try:
            entry = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("no Postgres server is installed")
        owner = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    folder = Path(tempfile.mkdtemp(prefix="workbench-pg-"))
    if owner:
        os.chown(folder, owner["user"], owner["group"])
    data, port = folder / "data", free_port()
    try:
        subprocess.run(
            [make, "-D", data, "-U", _USER, "--auth=trust", "--no-sync", "-E", "UTF8",
             "--locale=C.UTF-8"],
            check=True, capture_output=True, cwd=folder, **owner,
        )  # fmt: skip
        server = subprocess.Popen(
            [serve, "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-F"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **owner,
        )  # fmt: skip
        try:
            _wait_for(port, server)
            yield f"postgres://127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)  # it would wait for open connections otherwise
            server.wait(60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def spark_server(folder: Path) -> Iterator[str]:
    """Start a Spark Connect server with two threads; give its address."""
    home = Path(pytest.importorskip("pyspark", reason="Spark is not installed").__file__).parent
    pytest.importorskip("grpc", reason="Spark is not installed")
    if shutil.which("java") is None:
        pytest.skip("Java is not installed")
    port = free_port()
    settings = {
        "spark.connect.grpc.binding.port": port, "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": 2,
        "spark.sql.warehouse.dir": folder / "warehouse",
    }  # fmt: skip
    server = subprocess.Popen(
        [home / "bin/spark-submit", "--class",
         "org.apache.spark.sql.connect.service.SparkConnectServer", "--master", "local[2]",
         "--driver-memory", "3g",
         *(part for name, value in settings.items() for part in ("--conf", f"{name}={value}")),
         "spark-internal"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, start_new_session=True,
        env={**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1",
             "PYSPARK_PYTHON": sys.executable},
    )  # fmt: skip
    try:
        _wait_for(port, server)
        yield f"sc://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(60)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 240
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert server.poll() is None, "the server ended"
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.2)
