"""Cleaned tables on disk, and rows that count without a copy of the log."""
