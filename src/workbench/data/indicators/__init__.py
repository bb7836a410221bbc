"""The library of indicators, and how one is measured."""
