"""A measure that reached everybody, judged on its own series."""
