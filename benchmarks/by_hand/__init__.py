"""Customers of a log by DuckDB queries written by hand, to hold the workbench's cost against."""
