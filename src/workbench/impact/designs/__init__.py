"""The designs by which a measure can be judged, a folder a family."""
