"""A published study as a file to pass on: Word, PowerPoint, Excel, PDF, one HTML page.

What leaves is what was published: pages are read from the site, where they were checked. Figures
are pictures where Chromium is on PATH, which draws them, and the tables of their data elsewhere.
"""

from __future__ import annotations

from workbench.export.files import FORMATS, Exported, export_study

__all__ = ["FORMATS", "Exported", "export_study"]
