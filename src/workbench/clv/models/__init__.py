"""The models, each with its results."""
