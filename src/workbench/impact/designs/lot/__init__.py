"""Customers drawn by lot, of whom nothing was seen before."""
