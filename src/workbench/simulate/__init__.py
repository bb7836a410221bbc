"""Make the study "Harbour Mobile": a company whose customers, and whose truth, are known."""

from workbench.simulate.truth import measure_truth
from workbench.simulate.world import Company, World, found
from workbench.simulate.write import SEED, make_tables, write_study

__all__ = ["SEED", "Company", "World", "found", "make_tables", "measure_truth", "write_study"]
