"""A line of a rule: those who just met it beside those who just missed it."""
