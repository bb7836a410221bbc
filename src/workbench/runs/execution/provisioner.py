"""Kernels for who manages them: forked ones, and plain ones where nothing can be forked."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

#: Seconds that a forked kernel is waited for until a plain one takes its place.
_PATIENCE = 120.0


class WarmProvisioner(LocalProvisioner):
    """Launches kernels by `workbench.runs.warm` where `address` tells of one that serves.

    Attributes
    ----------
    address : str or None
        Name of its socket.
    lost : bool
        Whether the kernel went because the process went that it was forked from.
    """

    address: str | None = None
    lost: bool = False

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Launch a kernel with this command, or one forked that is as if it had been."""
        forked = self.address and _fork(
            self.address, cmd, kwargs.get("env", {}), str(kwargs.get("cwd") or Path.cwd())
        )
        if not forked:
            return await super().launch_kernel(cmd, **kwargs)
        self.process = forked  # type: ignore[assignment]
        self.pid = self.pgid = forked.pid
        self.cwd = kwargs.get("cwd")
        return self.connection_info

    async def poll(self) -> int | None:
        """Tell how the kernel ended, if it has."""
        ended = await super().poll()
        self.lost = self.lost or getattr(self.process, "lost", False)
        return ended


class _Forked:
    """A kernel that another process is the parent of; as far as needed, what Popen is."""

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self.connection = connection
        self.pid = pid
        self.returncode: int | None = None
        self.lost = False

    def poll(self) -> int | None:
        if self.returncode is None:
            self._hear(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        while self.returncode is None:
            self._hear(timeout)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def _hear(self, patience: float | None) -> None:
        """Hear how it ended; where nobody is left to tell, it is ended here."""
        self.connection.settimeout(patience)
        try:
            told = self.connection.recv(4096)
        except (BlockingIOError, TimeoutError):
            return
        except OSError:
            told = b""
        self.connection.close()
        if told:
            self.returncode = json.loads(told)["status"]
            return
        self.lost, self.returncode = True, -int(signal.SIGKILL)
        with suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)


def _fork(
    address: str, command: Sequence[str], environment: Mapping[str, str], folder: str
) -> _Forked | None:
    request = {
        "arguments": command[command.index("-f") :],
        "environment": dict(environment),
        "folder": folder,
    }
    text = json.dumps(request).encode() + b"\n"
    asking = socket.socket(socket.AF_UNIX)
    asking.settimeout(_PATIENCE)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        asking.connect(address)
        sent = socket.send_fds(asking, [text], [1, 2])
        asking.sendall(text[sent:])
        told = json.loads(asking.makefile("rb", buffering=0).readline() or b"{}")
    except (OSError, ValueError):
        told = {}
    if "pid" not in told:
        asking.close()
        return None
    return _Forked(asking, told["pid"])
