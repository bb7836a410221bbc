"""The instrument of a study as files to hand out, written beside its card and never on the site."""

from __future__ import annotations

from workbench.instrument.writing import FOLDER, WrittenInstrument, write_instrument

__all__ = ["FOLDER", "WrittenInstrument", "write_instrument"]
