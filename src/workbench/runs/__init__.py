"""Runs: notebooks executed for a study, each run recorded in a folder of its own."""
