"""Groups found in the data, and whether there are any."""
