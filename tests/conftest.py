"""What all tests share: the repository's root, and quiet places for runs."""

from __future__ import annotations

# Notebooks below tests/ are fixtures of failure modes, not notebooks to validate.
collect_ignore_glob = ["**/*.ipynb", "*.ipynb"]
