"""Trials drawn by lot among customers: several arms, segments, and looks while they run."""
