"""Recommendation, its course, and what customers do afterwards."""
