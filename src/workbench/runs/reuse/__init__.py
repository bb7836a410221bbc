"""Whether a notebook need not run again: what it used, and what its code says."""
