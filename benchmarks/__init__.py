"""Side-by-side measurements against other packages, each in an environment of its own."""
