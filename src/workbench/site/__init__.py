"""The published site: stage what the last good runs left, render, finish, check, swap in.

`publish` is all that a scheduler needs; `preview` serves what was published. The steps are
`staging` (executed notebooks to pages, one edition a language), `render` (Quarto, or the embedded
renderer), `finishing` (one shell, offline, accessible) and `checking`; `editions` holds what was
published before.
"""

from __future__ import annotations

from workbench.errors import SiteError
from workbench.site.preview import preview
from workbench.site.publish import PublishedSite, publish, with_published

__all__ = ["PublishedSite", "SiteError", "preview", "publish", "with_published"]
