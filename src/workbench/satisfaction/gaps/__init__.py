"""Gaps between expectation and perception, and what to mend first."""
