"""Trials drawn by lot among customers: several arms, segments, and whom a measure helps."""
