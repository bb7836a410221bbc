"""The starting of a study: a card that is guessed from a table."""
