"""Tables of a study: read, cleaned, linked, pseudonymised and summarised, inside the engine."""

from __future__ import annotations

from workbench.data.privacy import suppress
from workbench.data.report import CleaningReport, TableReport
from workbench.data.tables import Tables, open_tables

__all__ = ["CleaningReport", "TableReport", "Tables", "open_tables", "suppress"]
