"""A notebook executed: kernels, cells, processes, and workers elsewhere."""
