"""Make the study "Harbour Mobile": a company whose customers, and whose truth, are known."""

from tools.simulate.truth import measure_truth
from tools.simulate.world import Company, World, found
from tools.simulate.write import SEED, make_tables, write_study

__all__ = ["SEED", "Company", "World", "found", "make_tables", "measure_truth", "write_study"]
