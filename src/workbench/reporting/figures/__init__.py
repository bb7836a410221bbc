"""How figures are drawn, lettered, finished and themed."""
