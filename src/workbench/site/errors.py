"""The errors of the site: what could not be staged, rendered, or published."""

from __future__ import annotations

from workbench.errors import WorkbenchError


class SiteError(WorkbenchError):
    """A site that cannot be published; what stood in its place still stands."""
