"""Differences in differences, and what they share."""
