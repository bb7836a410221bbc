"""Opens JupyterLab on a project's notebooks, in one language."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import workbench
from workbench.new.columns.proposal import StarterError

#: Names the language of the prose cells that are shown.
LANGUAGE = "WORKBENCH_LANGUAGE"


def open_lab(root: Path, more: Sequence[str] = ()) -> int:
    """Open JupyterLab on the notebooks of a project; give its exit status.

    Parameters
    ----------
    root : Path
        The project's folder.
    more : sequence of str
        Options for JupyterLab.

    Raises
    ------
    StarterError
        If JupyterLab is not installed.
    """
    return subprocess.run(command(root, more), cwd=root, check=False).returncode


def command(root: Path, more: Sequence[str] = ()) -> list[str]:
    """Give the command line: this environment's JupyterLab, else the one on PATH."""
    if importlib.util.find_spec("jupyterlab") is not None:
        start = [sys.executable, "-m", "jupyterlab"]
    elif (found := shutil.which("jupyter-lab")) is not None:
        start = [found]
    else:
        raise StarterError(
            "JupyterLab is not installed",
            where=sys.prefix,
            remedy="pip install jupyterlab, then try again",
        )
    extensions = Path(workbench.__file__).parent / "languages" / "lab"
    settings = {"page_config_data": {"workbenchLanguage": os.environ.get(LANGUAGE, "")}}
    return [
        *start,
        f"--ServerApp.root_dir={root}",
        "--LabApp.default_url=/lab/tree/notebooks/overview.ipynb",
        f"--LabApp.extra_labextensions_path={extensions}",
        f"--ServerApp.tornado_settings={settings}",
        *more,
    ]
