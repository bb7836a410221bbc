"""Notebooks under nbval: their kernels are forked where a process can be, as those of a run are."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Have nbval's kernels made by `forked_kernels`."""
    if not (config.getoption("nbval", False) or config.getoption("nbval_lax", False)):
        return
    from jupyter_client.provisioning.factory import KernelProvisionerFactory as Factory

    made = EntryPoint("forked", f"{__name__}:forked_kernels", Factory.GROUP_NAME)
    factory = Factory.instance()
    factory.provisioners[made.name] = made
    factory.default_provisioner_name = made.name


def forked_kernels(**options: Any) -> Any:
    """Make a provisioner whose kernels are forked from one process for all notebooks."""
    import os

    from workbench.runs.execution.provisioner import WarmProvisioner
    from workbench.runs.execution.task import short_folder
    from workbench.runs.reuse.used import UNSET
    from workbench.runs.warm import kernels_for

    for name in UNSET:
        os.environ.pop(name, None)
    provisioner = WarmProvisioner(**options)
    kernels = kernels_for(os.environ, short_folder())
    if kernels is not None:
        kernels.load()
        provisioner.address = kernels.address
    return provisioner
