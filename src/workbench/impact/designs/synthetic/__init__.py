"""One or few treated units, against a mixture of the others."""
